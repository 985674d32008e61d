//! The queue and the trader.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use prb_core::chain::ChainClient;
use prb_core::queue::embedded::{EmbeddedQueue, EmbeddedQueueConfig};
use prb_core::queue::wire::JobKey;
use prb_core::queue::{JobQueue, RedisQueue, RedisQueueConfig};
use prb_core::trader::{Trader, TraderConfig, TraderHandle};
use prb_walkie::identity::Identity;

/// Opens the queue in `folder`; its jobs are signed with a key of `identity`.
pub(crate) fn queue(folder: &Path, identity: &Identity) -> Result<Arc<dyn JobQueue>> {
    let config = EmbeddedQueueConfig::at(folder.join("queue"), key(identity));
    let queue = EmbeddedQueue::open(config).context("the queue does not open")?;
    Ok(Arc::new(queue))
}

/// Opens the queue in the Redis at `url`, which all share who have the key of `identity`.
pub(crate) fn shared_queue(
    url: &str,
    identity: &Identity,
    accept_unsigned_jobs: bool,
) -> Result<Arc<RedisQueue>> {
    let config = RedisQueueConfig::new(url.to_owned(), key(identity));
    let queue = RedisQueue::open(RedisQueueConfig { accept_unsigned_jobs, ..config });
    Ok(Arc::new(queue.context("the queue does not open")?))
}

fn key(identity: &Identity) -> JobKey {
    JobKey::new(*identity.mac_key("job"))
}

/// Starts the trader of that queue.
pub(crate) async fn start(
    chain: ChainClient,
    queue: Arc<dyn JobQueue>,
    identity: Arc<Identity>,
    batch_age: Duration,
) -> Result<TraderHandle> {
    let config = TraderConfig {
        max_batch_age: batch_age,
        retry_after: batch_age,
        ..TraderConfig::default()
    };
    let trader =
        Trader::builder(config).chain(chain).queue(queue).operator_opener(identity).build()?;
    trader.start().await.context("the trader does not start")
}

/// Resolves when a trader has ended that nobody stopped.
pub(super) async fn ended(trader: &TraderHandle) -> Error {
    match trader.wait().await {
        Ok(()) => anyhow!("the trader has ended"),
        Err(error) => Error::new(error),
    }
}
