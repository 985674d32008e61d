//! The small records in sled.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::{SCHEMA, StoreConfig, StoreError};

const SCHEMA_KEY: &str = "schema";
const LAYOUT_KEY: &str = "layout";

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
            Err(error)
                if error.to_string().contains("acquire lock") && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(failed(error)),
        }
    };
    let found = db.get(SCHEMA_KEY).map_err(failed)?;
    match found.and_then(|bytes| bytes.as_ref().try_into().ok().map(u32::from_le_bytes)) {
        Some(found) if found > SCHEMA => Err(StoreError::Schema { path, found, known: SCHEMA }),
        Some(_) => Ok(db),
        None => {
            db.insert(SCHEMA_KEY, &SCHEMA.to_le_bytes()).map_err(failed)?;
            Ok(db)
        }
    }
}

/// Items per served unit, headers then blocks. A store keeps the sizes it was made with: chunks
/// already sealed are aligned to them.
pub(super) fn layout(db: &sled::Db, config: &StoreConfig) -> Result<[u32; 2], StoreError> {
    let wanted = [config.headers_per_unit.max(1), config.blocks_per_unit.max(1)];
    let stored = db.get(LAYOUT_KEY)?.and_then(|bytes| <[u8; 8]>::try_from(&bytes[..]).ok());
    if let Some([a, b, c, d, e, f, g, h]) = stored {
        let kept = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])];
        if kept != wanted {
            tracing::warn!(?kept, ?wanted, "the store keeps the unit sizes it was made with");
        }
        return Ok(kept);
    }
    let bytes = wanted.map(u32::to_le_bytes).concat();
    db.insert(LAYOUT_KEY, bytes)?;
    Ok(wanted)
}
