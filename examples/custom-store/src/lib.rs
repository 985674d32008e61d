//! An inventory in one file of JSON that can be read, copied and kept under version control.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use prb_core::lifecycle::{InventoryChange, InventoryRecord, InventoryStore, RecordKind};
use serde_json::{Map, Value};
use uuid::Uuid;

type Failure = Box<dyn Error + Send + Sync>;

/// The file. It is replaced as a whole, so that a change is in it wholly or not at all.
pub struct FileStore(PathBuf);

impl FileStore {
    /// Keeps the inventory in this file, which is made with the first change.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// All records: pools and workers by their ids.
    fn read(&self) -> Result<BTreeMap<String, Map<String, Value>>, Failure> {
        match fs::read(&self.0) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }
}

impl InventoryStore for FileStore {
    fn load(&self) -> Result<Vec<InventoryRecord>, Failure> {
        let mut records = Vec::new();
        for (name, of_kind) in self.read()? {
            let kind = kind(&name).ok_or_else(|| format!("{name:?} is no kind of record"))?;
            for (uuid, content) in of_kind {
                let (uuid, content) = (Uuid::parse_str(&uuid)?, serde_json::to_vec(&content)?);
                records.push(InventoryRecord { kind, uuid, content });
            }
        }
        Ok(records)
    }

    fn save(&self, changes: Vec<InventoryChange>) -> Result<(), Failure> {
        let mut all = self.read()?;
        for InventoryChange { kind, uuid, content } in changes {
            let of_kind = all.entry(name(kind)?.to_owned()).or_default();
            match content {
                Some(content) => {
                    of_kind.insert(uuid.to_string(), serde_json::from_slice(&content)?)
                }
                None => of_kind.remove(&uuid.to_string()),
            };
        }
        let folder = self.0.parent().unwrap_or(Path::new("."));
        // It is private: operators' secrets are in it, if sealed.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(&all)?)?;
        file.as_file().sync_all()?;
        file.persist(&self.0)?;
        fs::File::open(folder)?.sync_all()?;
        Ok(())
    }
}

const KINDS: [(RecordKind, &str); 3] = [
    (RecordKind::Pool, "pools"),
    (RecordKind::Worker, "workers"),
    (RecordKind::Manager, "manager"),
];

fn name(kind: RecordKind) -> Result<&'static str, Failure> {
    let known = KINDS.into_iter().find(|(known, _)| *known == kind);
    known.map(|(_, name)| name).ok_or_else(|| "a record of a new kind".into())
}

fn kind(name: &str) -> Option<RecordKind> {
    KINDS.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind)
}
