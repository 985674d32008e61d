//! What version 2 left, taken in when a manager starts for the first time.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use prb_core::lifecycle::OfflineInventory;
use prb_walkie::identity::Identity;

use crate::Failure;
use crate::import;
use crate::manager::Manager;

/// How files of SQLite begin.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Takes in the pools and workers of `file`, if that is version 2's inventory and ours, in the
/// folder of the service, is empty. That happens once, also if ours is emptied later; what was
/// interrupted is carried on.
pub(super) async fn take_in(
    file: &Path,
    service: &Path,
    identity: &Arc<Identity>,
) -> Result<(), Failure> {
    let (begun, done) = (service.join("local.db.importing"), service.join("local.db.imported"));
    if done.exists() || !is_sqlite(file) {
        return Ok(());
    }
    let folder = super::folder(service);
    let inventory = OfflineInventory::open(&folder, identity.clone()).await;
    let manager = Manager::Folder(inventory.context("the inventory does not open")?, folder);
    let is_empty = manager.list_pools().await?.pools.is_empty()
        && manager.list_workers().await?.workers.is_empty();
    if !is_empty && !begun.exists() {
        return Ok(());
    }
    let (pools, workers) = {
        let (file, identity) = (PathBuf::from(file), identity.clone());
        let read = move || import::inventory_of_version_2(&file, &identity);
        tokio::task::spawn_blocking(read).await??
    };
    fs::write(&begun, "").with_context(|| format!("cannot write {}", begun.display()))?;
    import::pools(&manager, &pools, false).await?;
    import::workers(&manager, &workers, false).await?;
    fs::rename(&begun, &done).with_context(|| format!("cannot write {}", done.display()))?;
    tracing::info!(
        file = %file.display(),
        pools = pools.len(),
        workers = workers.len(),
        "took in version 2's inventory, which stays as it is and is not looked at again"
    );
    Ok(())
}

fn is_sqlite(file: &Path) -> bool {
    let mut begin = [0; SQLITE.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == SQLITE
}
