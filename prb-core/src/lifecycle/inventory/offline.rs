//! The inventory while no manager has it open.

use std::path::Path;
use std::sync::Arc;

use prb_walkie::identity::Identity;
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, PoolList, UpdatePool, UpdateWorker, WorkerList,
};

use super::{Inventory, InventoryError, folder};

/// The inventory of a lifecycle manager that does not run: one process at a time may have it open.
///
/// Each change waits until it is on disk. The manager takes up what is there when it starts.
pub struct OfflineInventory(Inventory);

impl OfflineInventory {
    /// Whether a manager with this [`data_dir`](crate::lifecycle::LifecycleConfig::data_dir) has
    /// ever kept an inventory.
    pub fn exists(data_dir: &Path) -> bool {
        folder(data_dir).is_dir()
    }

    /// Opens the inventory of a manager with this data folder, or makes an empty one. Operators'
    /// secrets are sealed to `identity`, which has to be the manager's.
    pub async fn open(data_dir: &Path, identity: Arc<Identity>) -> Result<Self, InventoryError> {
        Inventory::open(&folder(data_dir), identity).await.map(Self)
    }

    /// All pools.
    pub fn list_pools(&self) -> PoolList {
        self.0.catalogue().pool_list()
    }

    /// All workers.
    pub fn list_workers(&self) -> WorkerList {
        self.0.catalogue().worker_list()
    }

    /// Adds pools, all or none; answers with them.
    pub fn create_pools(&self, request: CreatePool) -> Result<PoolList, InventoryError> {
        Ok(PoolList { pools: self.0.create_pools(request)? })
    }

    /// Changes or deletes pools, all or none; answers with them as they are now, or were.
    pub fn update_pools(&self, request: UpdatePool) -> Result<PoolList, InventoryError> {
        Ok(PoolList { pools: self.0.update_pools(request)? })
    }

    /// Adds workers, all or none; answers with them.
    pub fn create_workers(&self, request: CreateWorker) -> Result<WorkerList, InventoryError> {
        Ok(WorkerList { workers: self.0.create_workers(request)? })
    }

    /// Changes or deletes workers, all or none; answers with them as they are now, or were.
    pub fn update_workers(&self, request: UpdateWorker) -> Result<WorkerList, InventoryError> {
        Ok(WorkerList { workers: self.0.update_workers(request)? })
    }
}
