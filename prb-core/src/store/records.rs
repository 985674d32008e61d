//! The small records in sled.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::StoreError;

const SCHEMA_KEY: &str = "schema";
/// Layout of the records: what is not sealed lies in runs.
const SCHEMA: u32 = 2;
/// The layout before it, with each item by itself, can be read and goes on as the newer one.
const OLDER: u32 = 1;

/// Names the process that has the records open, for those who find them in use.
const HOLDER: &str = "holder";

/// A closed store lets go of its folder a moment after it is dropped.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Damaged records, put aside. Only those of the last time are kept.
const ASIDE: &str = "damaged";

/// Opens the records; one process at a time. Damaged ones are put aside and begun anew: what they
/// held is fetched again.
pub(super) async fn open(folder: &Path) -> Result<sled::Db, StoreError> {
    let db = match read(folder).await? {
        Ok(db) => db,
        Err(damage) => {
            let aside = folder.with_extension(ASIDE);
            tracing::error!(reason = damage.0, put_aside = %aside.display(), "the records are damaged");
            put_aside(folder, &aside).map_err(|error| failed(folder, &error))?;
            read(folder).await?.map_err(|damage| failed(folder, &damage.0))?
        }
    };
    check_schema(folder, &db)?;
    // Only a hint: the lock decides.
    let _ = std::fs::write(folder.join(HOLDER), std::process::id().to_string());
    Ok(db)
}

/// What is wrong with records that cannot be read.
struct Damage(String);

fn failed(folder: &Path, reason: &dyn ToString) -> StoreError {
    StoreError::Open { path: folder.display().to_string(), reason: reason.to_string() }
}

/// Opens the records and reads all of them: they are few, and damage shows only then.
async fn read(folder: &Path) -> Result<Result<sled::Db, Damage>, StoreError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(32 * 1024 * 1024)
        // Flushed where it matters; in between a timer is enough.
        .flush_every_ms(Some(1000));
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        let config = config.clone();
        // It panics at some damage.
        let opened = tokio::task::spawn_blocking(move || {
            let db = config.open()?;
            for name in db.tree_names() {
                db.open_tree(name)?.iter().try_for_each(|entry| entry.map(drop))?;
            }
            Ok(db)
        });
        let error = match opened.await {
            Ok(Ok(db)) => return Ok(Ok(db)),
            Err(panicked) => return Ok(Err(Damage(panicked.to_string()))),
            Ok(Err(error)) if is_damage(&error) => return Ok(Err(Damage(error.to_string()))),
            Ok(Err(error)) => error,
        };
        if !error.to_string().contains("acquire lock") {
            return Err(failed(folder, &error));
        }
        if Instant::now() >= deadline {
            let holder = std::fs::read_to_string(folder.join(HOLDER)).ok();
            let holder = holder.and_then(|text| text.trim().parse().ok());
            return Err(StoreError::InUse { path: folder.display().to_string(), holder });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether it is for what the files hold that they cannot be read. Files of a version that sled no
/// longer reads were never ours: those that look so are damaged.
fn is_damage(error: &sled::Error) -> bool {
    match error {
        sled::Error::Corruption { .. }
        | sled::Error::ReportableBug(_)
        | sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_) => true,
        sled::Error::Io(error) => {
            matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData)
        }
    }
}

fn put_aside(folder: &Path, aside: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => std::fs::rename(folder, aside),
    }
}

fn check_schema(folder: &Path, db: &sled::Db) -> Result<(), StoreError> {
    let failed = |error: sled::Error| failed(folder, &error);
    let found = db.get(SCHEMA_KEY).map_err(failed)?;
    match found.map(|found| found.as_ref().try_into().map_or(0, u32::from_le_bytes)) {
        Some(SCHEMA) => {}
        None | Some(OLDER) => {
            // Before anything is written that an earlier version would not know.
            db.insert(SCHEMA_KEY, &SCHEMA.to_le_bytes()).map_err(failed)?;
            db.flush().map_err(failed)?;
        }
        Some(found) => {
            let path = folder.display().to_string();
            return Err(StoreError::Schema { path, found, known: SCHEMA });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What the records hold.
    fn contents(db: &sled::Db) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let tree = db.open_tree("blocks").unwrap();
        tree.iter().map(|entry| entry.unwrap()).map(|(k, v)| (k.to_vec(), v.to_vec())).collect()
    }

    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (entry, to) = (entry.unwrap(), to.join("x"));
            let to = to.with_file_name(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to);
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let (mut found, mut folders) = (Vec::new(), Vec::new());
        for entry in entries {
            let of = if entry.file_type().unwrap().is_dir() { &mut folders } else { &mut found };
            of.push(entry.path());
        }
        found.extend(folders.iter().flat_map(|folder| files(folder)));
        found.retain(|path| path.metadata().unwrap().len() > 0);
        found.sort();
        found
    }

    /// Damage of any kind, anywhere in any file.
    fn damage(file: &Path, at: usize, kind: usize) {
        let mut bytes = std::fs::read(file).unwrap();
        let at = at.min(bytes.len() - 1);
        match kind {
            0 => bytes[at] ^= 1 << (at % 8),
            1 => bytes.truncate(at),
            2 => bytes[at..].fill(0),
            _ => {
                let end = bytes.len().min(at + 512);
                bytes[at..end].fill(0xa5);
            }
        }
        std::fs::write(file, bytes).unwrap();
    }

    #[tokio::test]
    async fn damaged_records_give_nothing_wrong_and_are_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let sound = folder.path().join("sound");
        let db = open(&sound).await.unwrap();
        let tree = db.open_tree("blocks").unwrap();
        for number in 0..200_u32 {
            let length = if number % 20 == 0 { 70_000 } else { 500 };
            tree.insert(number.to_be_bytes(), vec![number as u8; length]).unwrap();
        }
        db.flush().unwrap();
        let whole = contents(&db);
        drop((tree, db));
        let (mut begun_anew, mut kept) = (0, 0);
        for (round, file) in files(&sound).iter().cycle().take(160).enumerate() {
            let records = folder.path().join(format!("{round}.tail"));
            copy(&sound, &records);
            let length = file.metadata().unwrap().len() as usize;
            let damaged = records.join(file.strip_prefix(&sound).unwrap());
            // Somewhere else each time, the first bytes among them.
            damage(&damaged, (round / 4).pow(3) * 7919 % length, round % 4);
            let db = open(&records).await.unwrap_or_else(|error| panic!("{round}: {error}"));
            let found = contents(&db);
            assert!(found.iter().all(|(key, value)| whole[key] == *value), "{round}");
            if records.with_extension(ASIDE).exists() {
                begun_anew += 1;
                assert!(found.is_empty());
            }
            kept += usize::from(found == whole);
            // It can be worked with.
            db.open_tree("blocks").unwrap().insert(b"key", b"value").unwrap();
            db.flush().unwrap();
            drop(db);
            std::fs::remove_dir_all(&records).unwrap();
        }
        assert!(begun_anew > 0 && kept < 160, "{begun_anew} begun anew, {kept} whole");
    }

    #[tokio::test]
    async fn an_unknown_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, found) in [(&3_u32.to_le_bytes()[..], 3), (&b"no"[..], 0)] {
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
