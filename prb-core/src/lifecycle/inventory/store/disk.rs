//! The inventory in a folder, which one process at a time may have open.

use std::error::Error;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use uuid::Uuid;

use super::{InventoryChange, InventoryRecord, InventoryStore, RecordKind};
use crate::lifecycle::inventory::InventoryError;

/// A tree for each kind of record, each under its id.
pub(in crate::lifecycle::inventory) struct DiskStore {
    db: sled::Db,
    pools: sled::Tree,
    workers: sled::Tree,
    manager: sled::Tree,
}

impl DiskStore {
    pub(in crate::lifecycle::inventory) fn open(folder: &Path) -> Result<Self, InventoryError> {
        let failed = |action, reason: String| InventoryError::Store {
            action,
            reason: format!("{}: {reason}", folder.display()),
        };
        private_folder(folder).map_err(|error| failed("folder", error.to_string()))?;
        let opening = |error: sled::Error| failed("opening", error.to_string());
        let db = sled::Config::new().path(folder).cache_capacity(4 << 20).open();
        let db = db.map_err(opening)?;
        let pools = db.open_tree("pools").map_err(opening)?;
        let workers = db.open_tree("workers").map_err(opening)?;
        let manager = db.open_tree("manager").map_err(opening)?;
        Ok(Self { db, pools, workers, manager })
    }
}

impl InventoryStore for DiskStore {
    fn load(&self) -> Result<Vec<InventoryRecord>, Box<dyn Error + Send + Sync>> {
        let mut records = Vec::new();
        for (kind, tree) in [
            (RecordKind::Pool, &self.pools),
            (RecordKind::Worker, &self.workers),
            (RecordKind::Manager, &self.manager),
        ] {
            for entry in tree {
                let (key, content) = entry?;
                let uuid = Uuid::from_slice(&key)?;
                records.push(InventoryRecord { kind, uuid, content: content.to_vec() });
            }
        }
        Ok(records)
    }

    fn save(&self, changes: Vec<InventoryChange>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut pools = sled::Batch::default();
        let (mut workers, mut manager) = (pools.clone(), pools.clone());
        for InventoryChange { kind, uuid, content } in changes {
            let batch = match kind {
                RecordKind::Pool => &mut pools,
                RecordKind::Worker => &mut workers,
                RecordKind::Manager => &mut manager,
            };
            match content {
                Some(content) => batch.insert(uuid.as_bytes(), content),
                None => batch.remove(uuid.as_bytes()),
            }
        }
        (&self.pools, &self.workers, &self.manager)
            .transaction(|(pool_tree, worker_tree, manager_tree)| {
                pool_tree.apply_batch(&pools)?;
                worker_tree.apply_batch(&workers)?;
                manager_tree.apply_batch(&manager)?;
                Ok::<_, ConflictableTransactionError<()>>(())
            })
            .map_err(|error| match error {
                TransactionError::Storage(error) => error.to_string(),
                TransactionError::Abort(()) => "given up".to_owned(),
            })?;
        self.db.flush()?;
        Ok(())
    }
}

/// Makes the folder if need be, readable by its owner alone: sealed secrets are in it.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}
