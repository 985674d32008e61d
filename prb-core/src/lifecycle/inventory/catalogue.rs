//! Pools and workers as a value: every rule about what may stand beside what.

use std::collections::BTreeMap;

use prb_walkie::proto::PoolOrWorkerQueryIdentity;
use prb_walkie::proto::db;
use prb_walkie::proto::lifecycle::{PoolList, WorkerList};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use uuid::Uuid;

use super::error::{Field, InventoryError};
use super::record::{Goal, PoolRecord, WorkerRecord};

mod edit;

pub(super) use edit::{PoolEdit, WorkerEdit};

/// Every pool and worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    pub(super) pools: BTreeMap<Uuid, PoolRecord>,
    pub(super) workers: BTreeMap<Uuid, WorkerRecord>,
}

impl Catalogue {
    /// All pools.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &PoolRecord> {
        self.pools.values()
    }

    /// All workers, each with its pool.
    pub(crate) fn workers(&self) -> impl Iterator<Item = (&WorkerRecord, &PoolRecord)> {
        self.workers
            .values()
            .filter_map(|worker| self.pools.get(&worker.pool).map(|pool| (worker, pool)))
    }

    /// All pools, as they are told.
    pub(crate) fn pool_list(&self) -> PoolList {
        PoolList { pools: self.pools().map(db::Pool::from).collect() }
    }

    /// All workers, as they are told.
    pub(crate) fn worker_list(&self) -> WorkerList {
        let workers = self.workers().map(|(worker, pool)| worker.to_proto(pool.pid));
        WorkerList { workers: workers.collect() }
    }

    /// One pool.
    pub(crate) fn pool(&self, uuid: Uuid) -> Option<&PoolRecord> {
        self.pools.get(&uuid)
    }

    pub(super) fn create_pool(&mut self, edit: PoolEdit) -> Result<Uuid, InventoryError> {
        let uuid = Uuid::new_v4();
        let operator = edit.operator()?.ok_or(InventoryError::missing(Field::Owner))?;
        let pool = PoolRecord {
            uuid,
            pid: edit.pid,
            name: edit.name,
            enabled: edit.enabled,
            sync_only: edit.sync_only,
            operator,
        };
        self.check_pool(&pool)?;
        self.pools.insert(uuid, pool);
        Ok(uuid)
    }

    pub(super) fn update_pool(
        &mut self,
        id: Option<&PoolOrWorkerQueryIdentity>,
        edit: PoolEdit,
    ) -> Result<db::Pool, InventoryError> {
        let before = self.find_pool(id)?;
        let operator = match edit.operator()? {
            Some(operator) => operator,
            // The secret is sealed together with the pool's id and the proxied account.
            None if edit.pid != before.pid => {
                return Err(InventoryError::invalid(
                    Field::Owner,
                    "must be given when pid changes",
                ));
            }
            None if edit.proxied != before.operator.proxied => edit.with_secret_of(before)?,
            None => before.operator.clone(),
        };
        let pool = PoolRecord {
            uuid: before.uuid,
            pid: edit.pid,
            name: edit.name,
            enabled: edit.enabled,
            sync_only: edit.sync_only,
            operator,
        };
        self.check_pool(&pool)?;
        let answer = db::Pool::from(&pool);
        self.pools.insert(pool.uuid, pool);
        Ok(answer)
    }

    pub(super) fn delete_pool(
        &mut self,
        id: Option<&PoolOrWorkerQueryIdentity>,
    ) -> Result<db::Pool, InventoryError> {
        let pool = self.find_pool(id)?;
        let workers = self.workers.values().filter(|worker| worker.pool == pool.uuid).count();
        if workers > 0 {
            let reason = format!("pool {} still has {workers} workers", pool.pid);
            return Err(InventoryError::invalid(Field::Pool, reason));
        }
        let answer = db::Pool { deleted: true, ..db::Pool::from(pool) };
        let uuid = pool.uuid;
        self.pools.remove(&uuid);
        Ok(answer)
    }

    pub(super) fn create_worker(&mut self, edit: WorkerEdit) -> Result<db::Worker, InventoryError> {
        let uuid = Uuid::new_v4();
        self.put_worker(uuid, edit)
    }

    pub(super) fn update_worker(
        &mut self,
        id: Option<&PoolOrWorkerQueryIdentity>,
        edit: WorkerEdit,
    ) -> Result<db::Worker, InventoryError> {
        let uuid = self.find_worker(id)?.uuid;
        self.put_worker(uuid, edit)
    }

    pub(super) fn delete_worker(
        &mut self,
        id: Option<&PoolOrWorkerQueryIdentity>,
    ) -> Result<db::Worker, InventoryError> {
        let worker = self.find_worker(id)?;
        let pid = self.pools.get(&worker.pool).map_or(0, |pool| pool.pid);
        let answer = db::Worker { deleted: true, ..worker.to_proto(pid) };
        let uuid = worker.uuid;
        self.workers.remove(&uuid);
        Ok(answer)
    }

    /// Has workers left alone, or not any more; ids that there are not any more do not count.
    pub(super) fn set_drained(&mut self, workers: &[Uuid], drained: bool) {
        for uuid in workers {
            if let Some(worker) = self.workers.get_mut(uuid) {
                worker.drained = drained;
            }
        }
    }

    /// Wants something else of workers on chain; ids that there are not any more do not count.
    pub(super) fn set_goal(&mut self, workers: &[Uuid], goal: Goal) {
        for uuid in workers {
            if let Some(worker) = self.workers.get_mut(uuid) {
                worker.goal = goal;
            }
        }
    }

    /// The public key that a worker told last.
    pub(crate) fn last_key(&self, worker: Uuid) -> Option<[u8; 32]> {
        self.workers.get(&worker)?.last_key
    }

    /// What workers told; ids that there are not any more do not count.
    pub(super) fn set_last_keys(&mut self, keys: &[(Uuid, [u8; 32])]) {
        for (uuid, key) in keys {
            if let Some(worker) = self.workers.get_mut(uuid) {
                worker.last_key = Some(*key);
            }
        }
    }

    fn put_worker(&mut self, uuid: Uuid, edit: WorkerEdit) -> Result<db::Worker, InventoryError> {
        let pid = edit.pid;
        let pool = self.pools.values().find(|pool| pool.pid == pid).ok_or_else(|| {
            InventoryError::invalid(Field::Pid, format!("no pool {pid} is configured"))
        })?;
        let worker = edit.into_record(uuid, pool.uuid, self.workers.get(&uuid));
        for other in self.workers.values().filter(|other| other.uuid != uuid) {
            if other.name == worker.name {
                let reason = format!("another worker is called {:?}", other.name);
                return Err(InventoryError::duplicate(Field::Name, reason));
            }
            if other.endpoint == worker.endpoint {
                let reason = format!("worker {:?} is at {} already", other.name, other.endpoint);
                return Err(InventoryError::duplicate(Field::Endpoint, reason));
            }
        }
        let answer = worker.to_proto(pid);
        self.workers.insert(uuid, worker);
        Ok(answer)
    }

    fn check_pool(&self, pool: &PoolRecord) -> Result<(), InventoryError> {
        for other in self.pools.values().filter(|other| other.uuid != pool.uuid) {
            if other.pid == pool.pid {
                let reason =
                    format!("pool {} is configured already, as {:?}", pool.pid, other.name);
                return Err(InventoryError::duplicate(Field::Pid, reason));
            }
            if other.name == pool.name {
                let reason = format!("pool {} is called {:?} already", other.pid, other.name);
                return Err(InventoryError::duplicate(Field::Name, reason));
            }
        }
        Ok(())
    }

    fn find_pool(
        &self,
        id: Option<&PoolOrWorkerQueryIdentity>,
    ) -> Result<&PoolRecord, InventoryError> {
        let id = named(id)?;
        let found = self.pools.values().find(|pool| match id {
            Named::Uuid(uuid) => pool.uuid.to_string() == *uuid,
            Named::Name(name) => pool.name == *name,
            Named::Pid(pid) => pool.pid == *pid,
        });
        found.ok_or_else(|| InventoryError::not_found(format!("pool with {}", described(id))))
    }

    fn find_worker(
        &self,
        id: Option<&PoolOrWorkerQueryIdentity>,
    ) -> Result<&WorkerRecord, InventoryError> {
        let id = named(id)?;
        if matches!(id, Named::Pid(_)) {
            let reason = "a worker is named by uuid or name, not by its pool's pid";
            return Err(InventoryError::invalid(Field::Id, reason));
        }
        let found = self.workers.values().find(|worker| match id {
            Named::Uuid(uuid) => worker.uuid.to_string() == *uuid,
            Named::Name(name) => worker.name == *name,
            Named::Pid(_) => false,
        });
        found.ok_or_else(|| InventoryError::not_found(format!("worker with {}", described(id))))
    }
}

fn named(id: Option<&PoolOrWorkerQueryIdentity>) -> Result<&Named, InventoryError> {
    id.and_then(|id| id.identity.as_ref()).ok_or(InventoryError::missing(Field::Id))
}

fn described(id: &Named) -> String {
    match id {
        Named::Uuid(uuid) => format!("uuid {uuid:?}"),
        Named::Name(name) => format!("name {name:?}"),
        Named::Pid(pid) => format!("pid {pid}"),
    }
}
