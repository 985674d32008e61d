//! A store with blobs of all sizes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_core::data_provider::{DataProvider, DataProviderConfig, StoreConfig, VerifyState};
use prb_devnet::network::{Network, NetworkConfig};

use super::kind;
use crate::heavy::{Heavy, Sizes};

const PATIENCE: Duration = Duration::from_mins(10);
/// What does not fill a chunk is not sealed, and who only reads does not see it.
const UNSEALED: u32 = 256;

/// Every unit holds one item, so that blobs have the sizes that are wanted.
pub(super) fn layout() -> StoreConfig {
    StoreConfig { headers_per_unit: 1, blocks_per_unit: 1, ..StoreConfig::default() }
}

pub(super) async fn fill(folder: &Path) -> Result<()> {
    let config = NetworkConfig {
        relay_block_time: Duration::from_secs(6),
        session_blocks: 600,
        history: 2 * (kind::BLOCKS + UNSEALED),
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build()?.start().await?;
    network.faults().pause_blocks();
    let para = network.heights().borrow().para_finalized;
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    config.verify_state = VerifyState::Off;
    config.store = layout();
    let chain = Heavy::new(&network.para_url(), Sizes::Halves(kind::changes));
    let provider = DataProvider::builder(config).para_chain(Arc::new(chain)).build()?;
    let provider = provider.start().await?;
    let mut status = provider.subscribe();
    let filled = status.wait_for(|status| {
        u32::try_from(status.info.para_committed_height).is_ok_and(|height| height >= para)
    });
    tokio::time::timeout(PATIENCE, filled).await.context("not filled in time")??;
    provider.shutdown().await?;
    network.shutdown().await?;
    Ok(())
}
