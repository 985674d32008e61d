//! Which pools and workers the bridge keeps.
//!
//! A request is carried out whole or not at all, and is on disk before it is answered. Operators'
//! secrets are sealed before they are kept and never leave again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prb_walkie::identity::Identity;
use prb_walkie::proto::{db, lifecycle as request};
use uuid::Uuid;

mod catalogue;
mod error;
mod offline;
mod record;
mod seal;
mod secret;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use catalogue::Catalogue;
pub use error::{Field, InventoryError};
pub use offline::OfflineInventory;
pub(crate) use record::{Goal, PoolRecord, WorkerRecord};
pub use secret::{OperatorSecret, SecretError};
pub use store::{InventoryChange, InventoryRecord, InventoryStore, RecordKind};

use self::catalogue::{PoolEdit, WorkerEdit};
use self::store::DiskStore;

/// Where it is in a manager's data folder.
pub(crate) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("inventory")
}

/// The inventory on disk, with a copy in memory that readers share.
pub(crate) struct Inventory {
    identity: Arc<Identity>,
    store: Arc<dyn InventoryStore>,
    current: Mutex<Arc<Catalogue>>,
}

impl Inventory {
    /// Opens the inventory in `folder`, which one process at a time may have open. One that is
    /// just closing gets a moment to do so.
    pub(crate) async fn open(
        folder: &Path,
        identity: Arc<Identity>,
    ) -> Result<Self, InventoryError> {
        const ATTEMPTS: usize = 20;
        let mut attempt = 1;
        let store = loop {
            match DiskStore::open(folder) {
                Ok(store) => break store,
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            attempt += 1;
        };
        Self::kept_in(Arc::new(store), identity)
    }

    /// Reads the inventory that is in `store`.
    pub(crate) fn kept_in(
        store: Arc<dyn InventoryStore>,
        identity: Arc<Identity>,
    ) -> Result<Self, InventoryError> {
        let current = Mutex::new(Arc::new(store::load(&*store)?));
        Ok(Self { identity, store, current })
    }

    /// All pools and workers as they are now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.lock().clone()
    }

    /// The same whenever a manager works with this inventory.
    pub(crate) fn manager_id(&self) -> Result<Uuid, InventoryError> {
        store::manager_id(&*self.store)
    }

    /// Adds pools; answers with them.
    pub(crate) fn create_pools(
        &self,
        request: request::CreatePool,
    ) -> Result<Vec<db::Pool>, InventoryError> {
        self.change(|catalogue| {
            let pools = request.pools.into_iter().enumerate();
            let ids = pools.map(|(index, pool)| {
                let pool = PoolEdit::read(pool, &self.identity).map_err(|it| it.at(index))?;
                catalogue.create_pool(pool).map_err(|it| it.at(index))
            });
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            Ok(ids.iter().filter_map(|id| catalogue.pool(*id).map(db::Pool::from)).collect())
        })
    }

    /// Changes or deletes pools; answers with them as they are or were.
    pub(crate) fn update_pools(
        &self,
        request: request::UpdatePool,
    ) -> Result<Vec<db::Pool>, InventoryError> {
        self.change(|catalogue| {
            let items = request.items.into_iter().enumerate();
            let pools = items.map(|(index, item)| {
                let pool = item.pool.ok_or(InventoryError::missing(Field::Pool));
                let changed = pool.and_then(|pool| {
                    if pool.deleted {
                        return catalogue.delete_pool(item.id.as_ref());
                    }
                    let pool = PoolEdit::read(pool, &self.identity)?;
                    catalogue.update_pool(item.id.as_ref(), pool)
                });
                changed.map_err(|it| it.at(index))
            });
            pools.collect()
        })
    }

    /// Adds workers; answers with them.
    pub(crate) fn create_workers(
        &self,
        request: request::CreateWorker,
    ) -> Result<Vec<db::Worker>, InventoryError> {
        self.change(|catalogue| {
            let workers = request.workers.into_iter().enumerate();
            let workers = workers.map(|(index, worker)| {
                let worker = WorkerEdit::read(&worker).map_err(|it| it.at(index))?;
                catalogue.create_worker(worker).map_err(|it| it.at(index))
            });
            workers.collect()
        })
    }

    /// Changes or deletes workers; answers with them as they are or were.
    pub(crate) fn update_workers(
        &self,
        request: request::UpdateWorker,
    ) -> Result<Vec<db::Worker>, InventoryError> {
        self.change(|catalogue| {
            let items = request.items.into_iter().enumerate();
            let workers = items.map(|(index, item)| {
                let worker = item.worker.ok_or(InventoryError::missing(Field::Worker));
                let changed = worker.and_then(|worker| {
                    if worker.deleted {
                        return catalogue.delete_worker(item.id.as_ref());
                    }
                    catalogue.update_worker(item.id.as_ref(), WorkerEdit::read(&worker)?)
                });
                changed.map_err(|it| it.at(index))
            });
            workers.collect()
        })
    }

    /// Has workers left alone, or not any more, also by later managers.
    pub(crate) fn set_drained(
        &self,
        workers: &[Uuid],
        drained: bool,
    ) -> Result<(), InventoryError> {
        self.change(|catalogue| {
            catalogue.set_drained(workers, drained);
            Ok(())
        })
    }

    /// Wants something else of workers on chain.
    pub(crate) fn set_goal(&self, workers: &[Uuid], goal: Goal) -> Result<(), InventoryError> {
        self.change(|catalogue| {
            catalogue.set_goal(workers, goal);
            Ok(())
        })
    }

    /// Keeps which public keys workers told.
    pub(crate) fn set_last_keys(&self, keys: &[(Uuid, [u8; 32])]) -> Result<(), InventoryError> {
        self.change(|catalogue| {
            catalogue.set_last_keys(keys);
            Ok(())
        })
    }

    /// Works on a copy, which becomes the inventory once it is on disk.
    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Catalogue) -> Result<T, InventoryError>,
    ) -> Result<T, InventoryError> {
        let mut current = self.lock();
        let mut next = Catalogue::clone(&current);
        let answer = edit(&mut next)?;
        if next != **current {
            store::save(&*self.store, &current, &next)?;
            *current = Arc::new(next);
        }
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Catalogue>> {
        // What is inside is replaced as a whole, so a panic elsewhere left nothing half done.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
