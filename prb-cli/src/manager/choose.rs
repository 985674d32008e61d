//! Which pools and workers are meant by what operators call them.

use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{PoolOrWorkerQueryIdentity, db};

use crate::Failure;

/// The pool with this name, uuid, or pid.
pub(crate) fn pool<'a>(pools: &'a [db::Pool], given: &str) -> Result<&'a db::Pool, Failure> {
    let is_meant = |pool: &&db::Pool| {
        pool.name == given || pool.uuid == given || pool.pid.to_string() == given
    };
    let found: Vec<_> = pools.iter().filter(is_meant).collect();
    match found.as_slice() {
        [] => Err(Failure::Unmet(vec![format!("there is no pool {given:?}")])),
        [pool] => Ok(pool),
        several => {
            let several = several.iter().map(|pool| format!("{:?} (pid {})", pool.name, pool.pid));
            let several = several.collect::<Vec<_>>().join(" and ");
            Err(Failure::Usage(format!("{given} may mean {several}: give the uuid")))
        }
    }
}

/// The worker with this name or uuid.
pub(crate) fn worker<'a>(
    workers: &'a [db::Worker],
    given: &str,
) -> Result<&'a db::Worker, Failure> {
    let found = workers.iter().find(|worker| worker.name == given || worker.uuid == given);
    found.ok_or_else(|| Failure::Unmet(vec![format!("there is no worker {given:?}")]))
}

/// As requests name it.
pub(crate) fn by_uuid(uuid: &str) -> PoolOrWorkerQueryIdentity {
    PoolOrWorkerQueryIdentity { identity: Some(Named::Uuid(uuid.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_whose_name_is_the_pid_of_another_is_not_guessed() {
        let named = |name: &str, pid| db::Pool { name: name.into(), pid, ..db::Pool::default() };
        let pools = [named("7", 1), named("b", 7), named("c", 9)];
        let Err(Failure::Usage(line)) = pool(&pools, "7") else { panic!("it was guessed") };
        assert_eq!(line, "7 may mean \"7\" (pid 1) and \"b\" (pid 7): give the uuid");
        assert_eq!(pool(&pools, "9").unwrap().name, "c");
        assert_eq!(pool(&pools, "b").unwrap().pid, 7);
        assert!(matches!(pool(&pools, "d"), Err(Failure::Unmet(_))));
    }
}
