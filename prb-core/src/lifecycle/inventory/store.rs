//! The inventory on disk.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::error::InventoryError;

/// One tree of pools and one of workers, each record as JSON under its id.
pub(super) struct Store {
    db: sled::Db,
    pools: sled::Tree,
    workers: sled::Tree,
}

fn error(action: &'static str) -> impl Fn(sled::Error) -> InventoryError {
    move |error| InventoryError::Store { action, reason: error.to_string() }
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, InventoryError> {
        private_folder(folder).map_err(|error| InventoryError::Store {
            action: "folder",
            reason: format!("{}: {error}", folder.display()),
        })?;
        let opening = error("opening");
        let db =
            sled::Config::new().path(folder).cache_capacity(4 << 20).open().map_err(|error| {
                InventoryError::Store {
                    action: "opening",
                    reason: format!("{}: {error}", folder.display()),
                }
            })?;
        let pools = db.open_tree("pools").map_err(&opening)?;
        let workers = db.open_tree("workers").map_err(&opening)?;
        Ok(Self { db, pools, workers })
    }

    pub(super) fn load(&self) -> Result<Catalogue, InventoryError> {
        let pools = load(&self.pools)?;
        let workers = load(&self.workers)?;
        Ok(Catalogue { pools, workers })
    }

    /// The id of whoever works on this folder, made once.
    pub(super) fn id(&self) -> Result<Uuid, InventoryError> {
        const KEY: &[u8] = b"manager";
        if let Some(known) = self.db.get(KEY).map_err(error("reading"))? {
            return Uuid::from_slice(&known).map_err(|_| InventoryError::Store {
                action: "reading",
                reason: "the manager's id is damaged".to_owned(),
            });
        }
        let id = Uuid::new_v4();
        self.db.insert(KEY, id.as_bytes()).map_err(error("writing"))?;
        self.db.flush().map_err(error("writing"))?;
        Ok(id)
    }

    /// Makes what is on disk `next`, whole or not at all, and waits until it is there.
    pub(super) fn save(&self, before: &Catalogue, next: &Catalogue) -> Result<(), InventoryError> {
        let pools = changes(&before.pools, &next.pools)?;
        let workers = changes(&before.workers, &next.workers)?;
        (&self.pools, &self.workers)
            .transaction(|(pool_tree, worker_tree)| {
                pool_tree.apply_batch(&pools)?;
                worker_tree.apply_batch(&workers)?;
                Ok::<_, ConflictableTransactionError<()>>(())
            })
            .map_err(|error| InventoryError::Store {
                action: "writing",
                reason: match error {
                    TransactionError::Storage(error) => error.to_string(),
                    TransactionError::Abort(()) => "given up".to_owned(),
                },
            })?;
        self.db.flush().map_err(error("writing"))?;
        Ok(())
    }
}

type Records<T> = std::collections::BTreeMap<Uuid, T>;

fn load<T: DeserializeOwned>(tree: &sled::Tree) -> Result<Records<T>, InventoryError> {
    let malformed = |key: &[u8], reason: String| InventoryError::Store {
        action: "reading",
        reason: format!("record {} is damaged: {reason}", hex::encode(key)),
    };
    tree.iter()
        .map(|entry| {
            let (key, value) = entry.map_err(error("reading"))?;
            let uuid =
                Uuid::from_slice(&key).map_err(|error| malformed(&key, error.to_string()))?;
            let record = serde_json::from_slice(&value)
                .map_err(|error| malformed(&key, error.to_string()))?;
            Ok((uuid, record))
        })
        .collect()
}

fn changes<T: Serialize + PartialEq>(
    before: &Records<T>,
    next: &Records<T>,
) -> Result<sled::Batch, InventoryError> {
    let mut batch = sled::Batch::default();
    for uuid in before.keys().filter(|uuid| !next.contains_key(uuid)) {
        batch.remove(uuid.as_bytes());
    }
    for (uuid, record) in next.iter().filter(|(uuid, record)| before.get(uuid) != Some(record)) {
        let json = serde_json::to_vec(record).map_err(|error| InventoryError::Store {
            action: "writing",
            reason: error.to_string(),
        })?;
        batch.insert(uuid.as_bytes(), json);
    }
    Ok(batch)
}

/// Makes the folder if need be, readable by its owner alone: sealed secrets are in it.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}
