//! Building and starting a data provider.

use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::data_provider::Info;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::config::{ConfigError, DataProviderConfig};
use super::follow;
use super::handle::{DataProviderHandle, Inner};
use super::ingest::{self, Context};
use super::serve::Server;
use super::status::{Progress, height};
use super::stock;
use crate::chain::{ChainClient, ChainSource};
use crate::store::{Store, StoreError};

/// How often rates are reckoned.
const TICK: Duration = Duration::from_secs(1);

/// A data provider, not yet started.
///
/// ```no_run
/// use prb_core::data_provider::{DataProvider, DataProviderConfig};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config =
///     DataProviderConfig::new("/var/data", "ws://127.0.0.1:9945", "ws://127.0.0.1:9944");
/// let provider = DataProvider::builder(config).build()?.start().await?;
/// let mut status = provider.subscribe();
/// status.wait_for(|status| status.info.para_committed_height > 100).await?;
/// provider.shutdown().await?;
/// # Ok(())
/// # }
/// ```
pub struct DataProvider {
    config: DataProviderConfig,
    relay: Arc<dyn ChainSource>,
    para: Arc<dyn ChainSource>,
}

/// Builds a data provider; binds and opens nothing.
pub struct DataProviderBuilder {
    config: DataProviderConfig,
    relay: Option<Arc<dyn ChainSource>>,
    para: Option<Arc<dyn ChainSource>>,
}

impl DataProvider {
    /// Begins with these settings.
    pub fn builder(config: DataProviderConfig) -> DataProviderBuilder {
        DataProviderBuilder { config, relay: None, para: None }
    }

    /// Opens the store and begins to follow the chains. Nodes need not be there yet.
    pub async fn start(self) -> Result<DataProviderHandle, StoreError> {
        let Self { config, relay, para } = self;
        let store = Arc::new(Store::open(&config.data_dir, &config.store).await?);
        let [headers_per_chunk, blocks_per_chunk] = store.units();
        let info = Info {
            para_id: config.para_id.map_or(-1, height),
            parent_start_header: -1,
            para_start_header: -1,
            parent_target: -1,
            parent_fetched_height: -1,
            parent_processed_height: -1,
            parent_committed_height: -1,
            para_target: -1,
            para_fetched_height: -1,
            para_processed_height: -1,
            para_committed_height: -1,
            blob_server_port: u32::from(config.blob_server_port),
            headers_per_chunk,
            blocks_per_chunk,
            ..Info::default()
        };
        let progress = Arc::new(Progress::new(info, store.read_only()));
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (repairs, bad_blocks) = mpsc::channel(ingest::REPAIRS_WAITING);
        let server = Server::new(store.clone(), config.max_waiting, cancel.clone());
        let handle = DataProviderHandle {
            inner: Arc::new(Inner {
                store: store.clone(),
                server,
                progress: progress.clone(),
                repairs,
                cancel: cancel.clone(),
                tasks: tasks.clone(),
                stall_after: config.stall_after,
                shutdown_timeout: config.shutdown_timeout,
            }),
        };
        let context = Context {
            relay: relay.clone(),
            para: para.clone(),
            store: store.clone(),
            progress: progress.clone(),
            cancel: cancel.clone(),
            para_id: config.para_id,
            light: config.light,
            verify_state: config.verify_state,
            state_interval: config.state_interval,
            health_interval: config.health_interval,
            stall_after: config.stall_after,
        };
        let serving = handle.clone();
        let ready = move |para_id, relay| serving.inner.server.ready(para_id, relay);
        let ingesting = async move {
            if context.store.read_only() {
                Box::pin(follow::run(context, bad_blocks, ready)).await;
            } else {
                Box::pin(ingest::run(context, bad_blocks, ready)).await;
            }
        };
        tasks.spawn(ingesting.instrument(tracing::info_span!("data_provider")));
        for chain in [relay.clone(), para.clone()] {
            tasks.spawn(watch(chain, config.health_interval, cancel.clone()));
        }
        tasks.spawn(stock::count(
            store.clone(),
            config.data_dir.clone(),
            progress.clone(),
            cancel.clone(),
        ));
        let serving = handle.clone();
        tasks.spawn(async move {
            let mut heights = store.heights();
            loop {
                let stored = *heights.borrow_and_update();
                progress.asked(relay.health(), para.health());
                progress.stored(serving.inner.server.served(stored), Instant::now());
                tokio::select! {
                    () = tokio::time::sleep(TICK) => {}
                    () = cancel.cancelled() => return,
                }
            }
        });
        Ok(handle)
    }
}

/// Looks at a chain's nodes every so often, until cancelled.
async fn watch(chain: Arc<dyn ChainSource>, interval: Duration, cancel: CancellationToken) {
    let looking = async {
        loop {
            chain.look().await;
            tokio::time::sleep(interval).await;
        }
    };
    tokio::select! {
        () = looking => {}
        () = cancel.cancelled() => {}
    }
}

impl DataProviderBuilder {
    /// Reads the relay chain from this instead of from the configured nodes.
    #[must_use]
    pub fn relay_chain(mut self, chain: Arc<dyn ChainSource>) -> Self {
        self.relay = Some(chain);
        self
    }

    /// Reads the parachain from this instead of from the configured nodes.
    #[must_use]
    pub fn para_chain(mut self, chain: Arc<dyn ChainSource>) -> Self {
        self.para = Some(chain);
        self
    }

    /// Checks the settings.
    pub fn build(self) -> Result<DataProvider, ConfigError> {
        let Self { config, relay, para } = self;
        config.check()?;
        let relay = relay.unwrap_or_else(|| Arc::new(ChainClient::new(config.relay.clone())));
        let para = para.unwrap_or_else(|| Arc::new(ChainClient::new(config.para.clone())));
        Ok(DataProvider { config, relay, para })
    }
}
