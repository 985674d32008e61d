//! The three services in one process.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle};
use prb_core::lifecycle::{InventoryStore, Lifecycle, LifecycleConfig, LifecycleHandle};
use prb_core::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey, JobQueue};
use prb_core::trader::{Trader, TraderConfig, TraderHandle};
use prb_walkie::identity::{Identity, Name};

/// What a bridge is made from.
pub struct Settings {
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// Node of the relay chain.
    pub relay: String,
    /// Node of the parachain.
    pub para: String,
    /// The workers have no attestation. Only development chains accept them.
    pub skip_attestation: bool,
    /// Where the inventory is kept, if not in the folder.
    pub inventory: Option<Arc<dyn InventoryStore>>,
}

/// A running bridge.
pub struct Bridge {
    /// Its lifecycle manager.
    pub lifecycle: LifecycleHandle,
    trader: TraderHandle,
    provider: DataProviderHandle,
}

impl Bridge {
    /// Each service is built (nothing happens yet), then started into a handle.
    pub async fn start(settings: Settings) -> Result<Self> {
        let config =
            DataProviderConfig::new(settings.data.join("blocks"), &settings.relay, &settings.para);
        let provider = DataProvider::builder(config).build()?.start().await?;

        // Manager and trader share an identity: operators' secrets are sealed to it.
        let identity = Arc::new(Identity::load_or_create(&settings.data, Name::Lifecycle)?);
        let chain = ChainClient::new(ChainClientConfig::new([Endpoint::new(&settings.para)]));
        let key = JobKey::new(*identity.mac_key("job"));
        let jobs = EmbeddedQueueConfig::at(settings.data.join("queue"), key);
        let queue: Arc<dyn JobQueue> = Arc::new(EmbeddedQueue::open(jobs)?);
        let trader = Trader::builder(TraderConfig::default())
            .chain(chain.clone())
            .queue(queue.clone())
            .operator_opener(identity.clone())
            .build()?
            .start()
            .await?;

        let mut config = LifecycleConfig::new(&settings.data);
        config.skip_attestation = settings.skip_attestation;
        let mut lifecycle = Lifecycle::builder(config)
            .identity(identity)
            .chain(chain)
            .blobs(Arc::new(provider.clone()))
            .queue(queue);
        if let Some(store) = settings.inventory {
            lifecycle = lifecycle.inventory(store);
        }
        let lifecycle = lifecycle.build()?.start().await?;
        Ok(Self { lifecycle, trader, provider })
    }

    /// Those who ask stop before those who serve.
    pub async fn stop(self) -> Result<()> {
        self.lifecycle.shutdown().await?;
        self.trader.shutdown(Duration::from_secs(30)).await?;
        self.provider.shutdown().await?;
        Ok(())
    }
}
