//! How much is stored, looked at now and then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::status::{Disk, Progress};
use crate::store::Store;

/// How often the chunks are listed.
const INTERVAL: Duration = Duration::from_mins(1);

/// Counts what is stored, until cancelled.
pub(super) async fn count(
    store: Arc<Store>,
    folder: PathBuf,
    progress: Arc<Progress>,
    cancel: CancellationToken,
) {
    let counting = async {
        loop {
            match store.stats().await {
                Ok(stats) => progress.counted(stats, disk(&folder)),
                // What keeps the store from its work is said where it matters.
                Err(error) => tracing::debug!(%error, "cannot count what is stored"),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = counting => {}
        () = cancel.cancelled() => {}
    }
}

/// `None` where the system does not tell.
fn disk(folder: &Path) -> Option<Disk> {
    let system = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
    Some(Disk { free: bytes(system.f_bavail), size: bytes(system.f_blocks) })
}
