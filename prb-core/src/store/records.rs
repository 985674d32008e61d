//! The small records in sled.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::StoreError;
use super::manifest::SCHEMA;

const SCHEMA_KEY: &str = "schema";
/// Names the process that has the records open, for those who find them in use.
const HOLDER: &str = "holder";

/// A closed store lets go of its folder a moment after it is dropped.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Opens the records; one process at a time.
pub(super) async fn open(folder: &Path) -> Result<sled::Db, StoreError> {
    let path = folder.display().to_string();
    let failed =
        |error: sled::Error| StoreError::Open { path: path.clone(), reason: error.to_string() };
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(32 * 1024 * 1024)
        // Flushed where it matters; in between a timer is enough.
        .flush_every_ms(Some(1000));
    let deadline = Instant::now() + LOCK_PATIENCE;
    let db = loop {
        match config.open() {
            Ok(db) => break db,
            Err(error) if !error.to_string().contains("acquire lock") => return Err(failed(error)),
            Err(_) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(_) => {
                let holder = std::fs::read_to_string(folder.join(HOLDER)).ok();
                let holder = holder.and_then(|text| text.trim().parse().ok());
                return Err(StoreError::InUse { path, holder });
            }
        }
    };
    match db.get(SCHEMA_KEY).map_err(failed)? {
        None => {
            db.insert(SCHEMA_KEY, &SCHEMA.to_le_bytes()).map_err(failed)?;
        }
        Some(found) => {
            let found = found.as_ref().try_into().map_or(0, u32::from_le_bytes);
            if found != SCHEMA {
                return Err(StoreError::Schema { path, found, known: SCHEMA });
            }
        }
    }
    // Only a hint: the lock decides.
    let _ = std::fs::write(folder.join(HOLDER), std::process::id().to_string());
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, found) in [(&2_u32.to_le_bytes()[..], 2), (&b"no"[..], 0)] {
            let db = open(folder.path()).await.unwrap();
            db.insert(SCHEMA_KEY, bytes).unwrap();
            db.flush().unwrap();
            drop(db);
            let error = open(folder.path()).await.unwrap_err();
            assert!(
                matches!(error, StoreError::Schema { found: schema, .. } if schema == found),
                "{error}"
            );
            let db = sled::open(folder.path()).unwrap();
            assert_eq!(db.get(SCHEMA_KEY).unwrap().unwrap(), bytes);
            db.insert(SCHEMA_KEY, &SCHEMA.to_le_bytes()).unwrap();
            db.flush().unwrap();
        }
    }

    #[tokio::test]
    async fn who_uses_the_records_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let _held = open(folder.path()).await.unwrap();
        let error = open(folder.path()).await.unwrap_err();
        let us = std::process::id();
        assert!(
            matches!(error, StoreError::InUse { holder: Some(pid), .. } if pid == us),
            "{error}"
        );
    }
}
