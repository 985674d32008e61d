//! Version 2's inventory: `local.db`, which is SQLite. It is only read.

use std::path::Path;

use anyhow::{Context, Result};
use prb_core::lifecycle::OperatorSecret;
use prb_core::lifecycle::import::{Place, WantedPool, WantedWorker};
use prb_walkie::identity::Identity;
use rusqlite::{Connection, OpenFlags, Row};

/// Its pools, with the owners that were sealed to `identity`.
pub(super) fn pools(file: &Path, identity: &Identity) -> Result<Vec<WantedPool>> {
    let query = "SELECT pid, name, proxiedAccountSs58, encryptedOperator, enabled, syncOnly \
                 FROM pools ORDER BY pid";
    rows(file, query, |place, row| {
        let (pid, name): (i64, String) = (row.get("pid")?, row.get("name")?);
        let mut pool = WantedPool::new(place, u64::try_from(pid)?, name);
        let sealed: Vec<u8> = row.get("encryptedOperator")?;
        pool.owner = Some(OperatorSecret::open_v2(&sealed, identity)?);
        let proxied: Option<String> = row.get("proxiedAccountSs58")?;
        if let Some(address) = proxied.filter(|address| !address.trim().is_empty()) {
            let account = address.trim().parse();
            pool.proxied = Some(account.with_context(|| format!("proxied account {address:?}"))?);
        }
        (pool.enabled, pool.sync_only) = flags(row)?;
        Ok(pool)
    })
}

/// Its workers.
pub(super) fn workers(file: &Path) -> Result<Vec<WantedWorker>> {
    let query = "SELECT workers.name, endpoint, stake, workers.enabled, workers.syncOnly, pid \
                 FROM workers JOIN pools ON pools.id = workers.poolId ORDER BY workers.name";
    rows(file, query, |place, row| {
        let (pid, name): (i64, String) = (row.get("pid")?, row.get("name")?);
        let endpoint: String = row.get("endpoint")?;
        let mut worker = WantedWorker::new(place, u64::try_from(pid)?, name, endpoint);
        let stake: String = row.get("stake")?;
        worker.stake = stake.trim().parse().with_context(|| format!("stake {stake:?}"))?;
        (worker.enabled, worker.sync_only) = flags(row)?;
        Ok(worker)
    })
}

/// What nobody said is as the tables have it.
fn flags(row: &Row<'_>) -> Result<(bool, bool)> {
    let (enabled, sync_only): (Option<bool>, Option<bool>) =
        (row.get("enabled")?, row.get("syncOnly")?);
    Ok((enabled.unwrap_or(true), sync_only.unwrap_or(false)))
}

fn rows<T>(
    file: &Path,
    query: &str,
    read: impl Fn(Place, &Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let of_file = || format!("{} is no inventory of version 2", file.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).with_context(of_file)?;
    let mut statement = connection.prepare(query).with_context(of_file)?;
    let mut rows = statement.query([]).with_context(of_file)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().with_context(of_file)? {
        let place = Place::Item(found.len() + 1);
        found.push(read(place, row).with_context(|| format!("{}: {place}", file.display()))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "42DnB4uneK6bURXJeXgMdWYyUah9tSaviM2ijedZXxsPTQWY";

    fn vector(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors").join(name)
    }

    #[test]
    fn an_inventory_of_version_2_is_read_with_its_identity() {
        let identity = std::fs::read(vector("identity.bin")).unwrap();
        let identity = Identity::from_file_bytes(&identity).unwrap();
        let found = pools(&vector("local.db"), &identity).unwrap();
        let told: Vec<_> = found.iter().map(|it| (it.pid, it.name.as_str(), it.enabled)).collect();
        assert_eq!(told, [(2, "test2", true), (4_294_967_297, "proxied pool", false)]);
        let account = ADDRESS.parse().unwrap();
        for pool in &found {
            assert_eq!(pool.owner.as_ref().unwrap().account(), account);
        }
        assert_eq!((found[0].proxied, found[1].proxied), (None, Some(account)));
        assert!(!found[0].sync_only && found[1].sync_only);

        let found = workers(&vector("local.db")).unwrap();
        let names: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.pid)).collect();
        assert_eq!(names, [("test-node-1", 2), ("test-node-2", 2), ("节点-3", 4_294_967_297)]);
        assert_eq!(found[2].stake, 1_500_000_000_000_000_000);
        assert_eq!((found[1].enabled, found[1].sync_only), (false, true));
    }

    #[test]
    fn another_identity_and_another_database_are_refused() {
        let other = Identity::generate().unwrap();
        let error = pools(&vector("local.db"), &other).unwrap_err();
        assert!(format!("{error:#}").contains("item 1"), "{error:#}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.db");
        Connection::open(&file).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let error = workers(&file).unwrap_err();
        assert!(format!("{error:#}").contains("no inventory of version 2"), "{error:#}");
    }
}
