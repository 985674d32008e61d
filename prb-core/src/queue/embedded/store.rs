//! Where the records of an embedded queue are kept: nowhere, or in a sled folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::jobs::Jobs;
use super::record::Record;
use crate::queue::QueueError;
use crate::queue::job::JobId;

/// How long a folder that another queue has open is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Keeps records and sealed operators.
pub(super) enum Store {
    /// Operators only; the jobs live in [`Jobs`].
    Memory { operators: Mutex<BTreeMap<u64, Vec<u8>>> },
    /// One tree each.
    Sled { db: sled::Db, jobs: sled::Tree, operators: sled::Tree },
}

/// One process at a time may have the folder open. A queue that was closed lets go of it a moment
/// after it is dropped.
#[expect(clippy::disallowed_methods, reason = "opening reads the disk and blocks in any case")]
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match config.open() {
            Err(error)
                if error.to_string().contains("acquire lock") && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => return opened,
        }
    }
}

impl Store {
    pub(super) fn memory() -> Self {
        Self::Memory { operators: Mutex::default() }
    }

    pub(super) fn open(path: &Path) -> Result<Self, QueueError> {
        let open = || {
            let db = open_patiently(&sled::Config::new().path(path).cache_capacity(16 << 20))?;
            let (jobs, operators) = (db.open_tree("jobs")?, db.open_tree("operators")?);
            Ok(Self::Sled { db, jobs, operators })
        };
        open().map_err(|error: sled::Error| QueueError::Store {
            reason: format!("{} cannot be opened: {error}", path.display()),
        })
    }

    /// All records. One that does not decode is an error: it may hold the extrinsic of a job.
    pub(super) fn load(&self) -> Result<BTreeMap<u64, Record>, QueueError> {
        let Self::Sled { jobs, .. } = self else { return Ok(BTreeMap::new()) };
        jobs.iter()
            .map(|entry| {
                let (key, value) = entry.map_err(failed)?;
                let id = number(&key)?;
                let record = serde_json::from_slice(&value).map_err(|error| {
                    QueueError::Malformed { id: JobId(id.to_string()), reason: error.to_string() }
                })?;
                Ok((id, record))
            })
            .collect()
    }

    /// Writes what changed.
    pub(super) fn write(&self, jobs: &mut Jobs) -> Result<(), QueueError> {
        let changed = jobs.drain_unwritten();
        let Self::Sled { jobs: tree, .. } = self else { return Ok(()) };
        let mut batch = sled::Batch::default();
        for (id, record) in changed {
            match record {
                Some(record) => {
                    let value = serde_json::to_vec(record).map_err(|error| QueueError::Store {
                        reason: format!("job {id} does not encode: {error}"),
                    })?;
                    batch.insert(&id.to_be_bytes(), value);
                }
                None => batch.remove(&id.to_be_bytes()),
            }
        }
        tree.apply_batch(batch).map_err(failed)
    }

    /// Waits until everything written is on disk.
    pub(super) async fn flush(&self) -> Result<(), QueueError> {
        let Self::Sled { db, .. } = self else { return Ok(()) };
        db.flush_async().await.map(|_| ()).map_err(failed)
    }

    pub(super) fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> Result<(), QueueError> {
        match self {
            Self::Memory { operators } => {
                operators.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, sealed);
                Ok(())
            }
            Self::Sled { operators, .. } => {
                operators.insert(pid.to_be_bytes(), sealed).map(|_| ()).map_err(failed)
            }
        }
    }

    pub(super) fn operator(&self, pid: u64) -> Result<Option<Vec<u8>>, QueueError> {
        match self {
            Self::Memory { operators } => {
                let operators = operators.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(operators.get(&pid).cloned())
            }
            Self::Sled { operators, .. } => {
                let sealed = operators.get(pid.to_be_bytes()).map_err(failed)?;
                Ok(sealed.map(|sealed| sealed.to_vec()))
            }
        }
    }
}

fn number(key: &[u8]) -> Result<u64, QueueError> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| QueueError::Store {
        reason: format!("a job's key has {} bytes instead of 8", key.len()),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn failed(error: sled::Error) -> QueueError {
    QueueError::Store { reason: error.to_string() }
}
