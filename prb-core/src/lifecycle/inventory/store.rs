//! Where the inventory is kept.

use std::collections::BTreeMap;
use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::error::InventoryError;

mod disk;

pub(super) use disk::DiskStore;

/// Keeps the records of an inventory, for the one manager that uses it.
///
/// It is called where it may block, and never twice at once. What is in a record means nothing to
/// it; operators' secrets in there are sealed.
pub trait InventoryStore: Send + Sync + 'static {
    /// All records.
    fn load(&self) -> Result<Vec<InventoryRecord>, Box<dyn Error + Send + Sync>>;

    /// Carries out changes, all or none. Once it returns they outlive the process.
    fn save(&self, changes: Vec<InventoryChange>) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// What a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// A pool.
    Pool,
    /// A worker.
    Worker,
    /// The manager itself, under the id by which others know it.
    Manager,
}

/// A pool, a worker or the manager as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryRecord {
    /// What it is.
    pub kind: RecordKind,
    /// Which, among those of its kind.
    pub uuid: Uuid,
    /// JSON.
    pub content: Vec<u8>,
}

/// A record that is to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryChange {
    /// What it is.
    pub kind: RecordKind,
    /// Which, among those of its kind.
    pub uuid: Uuid,
    /// What is to be kept of it, as JSON; none removes it.
    pub content: Option<Vec<u8>>,
}

/// Reads all that is kept.
pub(super) fn load(store: &dyn InventoryStore) -> Result<Catalogue, InventoryError> {
    let records = store.load().map_err(|error| failed("reading", &*error))?;
    let mut catalogue = Catalogue::default();
    for InventoryRecord { kind, uuid, content } in records {
        match kind {
            RecordKind::Pool => {
                catalogue.pools.insert(uuid, read(uuid, &content)?);
            }
            RecordKind::Worker => {
                catalogue.workers.insert(uuid, read(uuid, &content)?);
            }
            RecordKind::Manager => {}
        }
    }
    Ok(catalogue)
}

/// The id of the manager that keeps its inventory there, made once.
pub(super) fn manager_id(store: &dyn InventoryStore) -> Result<Uuid, InventoryError> {
    let kind = RecordKind::Manager;
    let records = store.load().map_err(|error| failed("reading", &*error))?;
    if let Some(known) = records.iter().find(|record| record.kind == kind) {
        return Ok(known.uuid);
    }
    let uuid = Uuid::new_v4();
    let made = InventoryChange { kind, uuid, content: Some(b"{}".to_vec()) };
    store.save(vec![made]).map_err(|error| failed("writing", &*error))?;
    Ok(uuid)
}

/// Makes what is kept `next`, whole or not at all, and waits until it is there.
pub(super) fn save(
    store: &dyn InventoryStore,
    before: &Catalogue,
    next: &Catalogue,
) -> Result<(), InventoryError> {
    let mut changes = changes(RecordKind::Pool, &before.pools, &next.pools)?;
    changes.append(&mut self::changes(RecordKind::Worker, &before.workers, &next.workers)?);
    store.save(changes).map_err(|error| failed("writing", &*error))
}

fn failed(action: &'static str, error: &dyn Error) -> InventoryError {
    InventoryError::Store { action, reason: error.to_string() }
}

fn read<T: DeserializeOwned>(uuid: Uuid, content: &[u8]) -> Result<T, InventoryError> {
    serde_json::from_slice(content).map_err(|error| InventoryError::Store {
        action: "reading",
        // What stands there is not shown, but for where.
        reason: format!("record {uuid} is damaged at column {}", error.column()),
    })
}

fn changes<T: Serialize + PartialEq>(
    kind: RecordKind,
    before: &BTreeMap<Uuid, T>,
    next: &BTreeMap<Uuid, T>,
) -> Result<Vec<InventoryChange>, InventoryError> {
    let removed = before.keys().filter(|uuid| !next.contains_key(uuid));
    let removed = removed.map(|uuid| Ok(InventoryChange { kind, uuid: *uuid, content: None }));
    let written = next.iter().filter(|(uuid, record)| before.get(uuid) != Some(record));
    let written = written.map(|(uuid, record)| {
        let content = serde_json::to_vec(record).map_err(|error| failed("writing", &error))?;
        Ok(InventoryChange { kind, uuid: *uuid, content: Some(content) })
    });
    removed.chain(written).collect()
}
