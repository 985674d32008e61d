//! Keeps every pool's sealed operator beside the queue, where the trader finds it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::inventory::Catalogue;
use crate::queue::{JobQueue, QueueError};

/// A queue may lose what it keeps.
const CHECK: Duration = Duration::from_secs(30);

/// Runs until the caller stops it.
pub(crate) async fn keep(queue: Arc<dyn JobQueue>, mut catalogue: watch::Receiver<Arc<Catalogue>>) {
    loop {
        let current = catalogue.borrow_and_update().clone();
        let wait = match put(&*queue, &current).await {
            Ok(()) => CHECK,
            Err(error) => {
                tracing::warn!(%error, "cannot keep the pools' operators beside the queue");
                Duration::from_secs(2)
            }
        };
        tokio::select! {
            changed = catalogue.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn put(queue: &dyn JobQueue, catalogue: &Catalogue) -> Result<(), QueueError> {
    for pool in catalogue.pools() {
        let sealed = &pool.operator.sealed;
        if queue.operator(pool.pid).await?.as_ref() != Some(sealed) {
            queue.put_operator(pool.pid, sealed.clone()).await?;
        }
    }
    Ok(())
}
