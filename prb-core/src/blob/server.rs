//! Serves blobs over TCP.
//!
//! Memory is bounded whatever is asked: a connection gets no further answer while those it has not
//! taken yet are many, all answers together have a limit in bytes, and few are read from the store
//! at once. Who takes nothing, or asks what is no request, is cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use self::accept::Shared;
use super::BlobSource;
use crate::error::{Classify, ErrorClass};

mod accept;
mod answer;
mod connection;
mod figures;
mod inbox;
mod memory;
mod outbox;
mod pace;
mod status;
#[cfg(test)]
mod tests;

pub use status::BlobServerStatus;

/// Settings of a blob server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlobServerConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// Most connections; further ones are closed at once.
    pub connections: usize,
    /// Most requests of one connection that are not answered yet; more are not read.
    pub connection_requests: usize,
    /// Most bytes of answers that one connection has not taken yet, beside one answer. No
    /// connection gets more than an eighth of `total_bytes`.
    pub connection_bytes: usize,
    /// Most bytes of answers that all connections have not taken yet.
    pub total_bytes: usize,
    /// How many blobs are read from the source at once.
    pub lookups: usize,
    /// Longest time a get may wait for what does not exist yet.
    pub max_wait: Duration,
    /// A connection on which nothing is asked is closed after this time.
    pub idle: Duration,
    /// A connection that does not take its answers is cut after this time; after a tenth of it
    /// when others wait for the memory.
    pub patience: Duration,
    /// Longest orderly stop.
    pub shutdown_timeout: Duration,
}

impl BlobServerConfig {
    /// The defaults at an address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            connections: 512,
            connection_requests: 256,
            connection_bytes: 64 << 20,
            total_bytes: 32 << 20,
            lookups: 6,
            max_wait: Duration::from_mins(1),
            idle: Duration::from_mins(5),
            patience: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(2),
        }
    }
}

/// Why a blob server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobServerError {
    /// The address cannot be listened on.
    #[error("cannot serve blobs at {listen}: {error}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

impl Classify for BlobServerError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Operator
    }
}

/// A blob server, not yet started.
///
/// ```no_run
/// use std::sync::Arc;
/// use prb_core::blob::BlobSource;
/// use prb_core::blob::server::{BlobServer, BlobServerConfig};
///
/// # async fn example(source: Arc<dyn BlobSource>) -> Result<(), Box<dyn std::error::Error>> {
/// let config = BlobServerConfig::new(([0, 0, 0, 0], 8012).into());
/// let server = BlobServer::builder(config, source).build().start().await?;
/// println!("blobs at {}", server.address());
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct BlobServer {
    config: BlobServerConfig,
    source: Arc<dyn BlobSource>,
}

/// Builds a blob server; binds nothing.
pub struct BlobServerBuilder(BlobServer);

impl BlobServerBuilder {
    /// Takes the settings.
    pub fn build(self) -> BlobServer {
        self.0
    }
}

impl BlobServer {
    /// Begins with what is served and how.
    pub fn builder(config: BlobServerConfig, source: Arc<dyn BlobSource>) -> BlobServerBuilder {
        BlobServerBuilder(Self { config, source })
    }

    /// Listens and begins to answer.
    pub async fn start(self) -> Result<BlobServerHandle, BlobServerError> {
        let Self { config, source } = self;
        let failed = |error| BlobServerError::Listen { listen: config.listen, error };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shutdown_timeout = config.shutdown_timeout;
        let status = watch::Sender::new(BlobServerStatus::default());
        let subscription = status.subscribe();
        let shared = Shared::new(config, source, cancel.clone());
        let accepting = accept::run(listener, shared, tasks.clone(), status);
        tasks.spawn(accepting.instrument(tracing::info_span!("blob_server")));
        Ok(BlobServerHandle {
            inner: Arc::new(Inner {
                address,
                cancel,
                tasks,
                status: subscription,
                shutdown_timeout,
            }),
        })
    }
}

/// A running blob server; clones are the same one.
#[derive(Clone)]
pub struct BlobServerHandle {
    inner: Arc<Inner>,
}

struct Inner {
    address: SocketAddr,
    cancel: CancellationToken,
    tasks: TaskTracker,
    status: watch::Receiver<BlobServerStatus>,
    shutdown_timeout: Duration,
}

impl BlobServerHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// What it did so far, as of the last second.
    pub fn status(&self) -> BlobServerStatus {
        *self.inner.status.borrow()
    }

    /// Status, once a second if it changed.
    pub fn subscribe(&self) -> watch::Receiver<BlobServerStatus> {
        self.inner.status.clone()
    }

    /// Stops listening and closes all connections.
    pub async fn shutdown(&self) {
        self.inner.cancel.cancel();
        self.inner.tasks.close();
        let stopped = tokio::time::timeout(self.inner.shutdown_timeout, self.inner.tasks.wait());
        if stopped.await.is_err() {
            tracing::warn!(after = ?self.inner.shutdown_timeout, "did not stop in time");
        }
    }

    /// Returns when it has stopped.
    pub async fn wait(&self) {
        self.inner.cancel.cancelled().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl std::fmt::Debug for BlobServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (address, status) = (self.address(), self.status());
        f.debug_struct("BlobServerHandle")
            .field("address", &address)
            .field("status", &status)
            .finish()
    }
}
