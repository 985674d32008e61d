//! Gets blobs from several data providers over TCP.
//!
//! The healthiest provider is asked first. A get is moved to another one when its connection ends
//! or stands still, when the provider fails, or when it has not what another has; one that takes
//! long is asked for twice. Who serves damaged data is not asked again for a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_walkie::proto::data_provider::Info;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use self::get::Getter;
use self::roster::Roster;
use super::{BlobError, BlobKey, BlobSource, Candidate, Candidates};

mod announced;
mod answers;
mod attempt;
mod choice;
mod connection;
mod failure;
mod get;
mod lane;
mod provider;
mod roster;
mod served;
mod standing;
#[cfg(test)]
mod tests;
mod tries;

pub use standing::ProviderHealth;

/// A data provider that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEndpoint {
    /// What it is called in status and logs; no two have the same.
    pub name: String,
    /// Where its blob server may be; the first that can be connected to is taken.
    pub addresses: Vec<SocketAddr>,
}

/// Settings of a blob client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlobClientConfig {
    /// Longest time for one get, beside the time it waits on purpose.
    pub request_timeout: Duration,
    /// A get fails that had nobody to ask for so long, all in all.
    pub nobody_timeout: Duration,
    /// Longest time to connect, and to answer a heartbeat.
    pub connect_timeout: Duration,
    /// A connection that owes answers and gives nothing for so long is given up.
    pub stall_timeout: Duration,
    /// A get that takes longer is asked of a second provider too.
    pub hedge_after: Duration,
    /// How many gets may be asked twice at once.
    pub hedges: usize,
    /// How often a provider is asked how far it is.
    pub heartbeat: Duration,
    /// Connections to each provider, beside the one for what must not wait behind large blobs.
    pub connections: usize,
    /// Gets in flight on one connection.
    pub pipelined: usize,
    /// Largest answer taken, in bytes.
    pub max_answer: usize,
    /// Longest orderly stop.
    pub shutdown_timeout: Duration,
}

impl Default for BlobClientConfig {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(150),
            nobody_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            stall_timeout: Duration::from_millis(1500),
            hedge_after: Duration::from_secs(2),
            hedges: 8,
            heartbeat: Duration::from_secs(1),
            connections: 1,
            pipelined: 100,
            max_answer: 128 << 20,
            shutdown_timeout: Duration::from_secs(2),
        }
    }
}

/// Builds a blob client; connects nothing.
pub struct BlobClientBuilder {
    config: BlobClientConfig,
    candidates: watch::Receiver<Vec<BlobEndpoint>>,
    announced: Option<Announced>,
    fallback: Option<Arc<dyn BlobSource>>,
}

struct Announced {
    candidates: watch::Receiver<Arc<[Candidate]>>,
    endpoints: watch::Sender<Vec<BlobEndpoint>>,
}

/// A running blob client; clones are the same one.
///
/// ```no_run
/// use prb_core::blob::client::{BlobClient, BlobClientConfig, BlobEndpoint};
/// use tokio::sync::watch;
///
/// # async fn example() {
/// let provider = BlobEndpoint {
///     name: "provider-1".to_owned(),
///     addresses: vec![([192, 0, 2, 7], 8012).into()],
/// };
/// // Whoever finds providers sends the new list whenever it changes.
/// let (found, candidates) = watch::channel(vec![provider]);
/// let client = BlobClient::builder(BlobClientConfig::default(), candidates).start();
/// for provider in client.status() {
///     println!("{}: {}", provider.name, provider.problem.as_deref().unwrap_or("ready"));
/// }
/// client.shutdown().await;
/// # drop(found);
/// # }
/// ```
#[derive(Clone)]
pub struct BlobClient {
    inner: Arc<Inner>,
}

struct Inner {
    getter: Getter,
    roster: Arc<Roster>,
    cancel: CancellationToken,
    tasks: TaskTracker,
    shutdown_timeout: Duration,
}

impl BlobClient {
    /// Begins with these settings, and with providers that may come and go.
    pub fn builder(
        config: BlobClientConfig,
        candidates: watch::Receiver<Vec<BlobEndpoint>>,
    ) -> BlobClientBuilder {
        BlobClientBuilder { config, candidates, announced: None, fallback: None }
    }

    /// Begins with these settings, and with whoever of `candidates` announces a blob server.
    pub fn among(config: BlobClientConfig, candidates: &dyn Candidates) -> BlobClientBuilder {
        let (endpoints, receiver) = watch::channel(Vec::new());
        let announced = Some(Announced { candidates: candidates.subscribe(), endpoints });
        BlobClientBuilder { config, candidates: receiver, announced, fallback: None }
    }

    /// Every provider, in the order in which they were named.
    pub fn status(&self) -> Vec<ProviderHealth> {
        self.inner.roster.health()
    }

    /// Status, every so often.
    pub fn subscribe(&self) -> watch::Receiver<Vec<ProviderHealth>> {
        self.inner.roster.subscribe()
    }

    /// Closes all connections; gets under way fail.
    pub async fn shutdown(&self) {
        self.inner.cancel.cancel();
        self.inner.tasks.close();
        let stopped = tokio::time::timeout(self.inner.shutdown_timeout, self.inner.tasks.wait());
        if stopped.await.is_err() {
            tracing::warn!(after = ?self.inner.shutdown_timeout, "did not stop in time");
        }
    }
}

impl BlobClientBuilder {
    /// Asked when nobody else can be asked, and told of bad blocks.
    #[must_use]
    pub fn fallback(mut self, fallback: Arc<dyn BlobSource>) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Begins to connect. Must be called within a Tokio runtime.
    pub fn start(self) -> BlobClient {
        let Self { config, candidates, announced, fallback } = self;
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shutdown_timeout = config.shutdown_timeout;
        let config = Arc::new(config);
        let roster = Roster::new(config.clone(), cancel.clone(), tasks.clone());
        if let Some(Announced { candidates, endpoints }) = announced {
            let cancel = cancel.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = announced::follow(candidates, endpoints) => {}
                }
            });
        }
        let following = roster::follow(roster.clone(), candidates);
        tasks.spawn(following.instrument(tracing::info_span!("blob_client")));
        let getter = Getter::new(config, roster.clone(), fallback, cancel.clone());
        BlobClient { inner: Arc::new(Inner { getter, roster, cancel, tasks, shutdown_timeout }) }
    }
}

impl BlobSource for BlobClient {
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        self.inner.getter.get(key, wait).boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        self.inner.getter.info().boxed()
    }

    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        self.inner.getter.report_bad_block(number).boxed()
    }

    fn distrust(&self, key: BlobKey, reason: &str) {
        self.inner.getter.distrust(key, reason);
    }
}

impl std::fmt::Debug for BlobClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobClient").field("providers", &self.status()).finish()
    }
}
