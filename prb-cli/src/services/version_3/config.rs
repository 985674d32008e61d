//! The commands of version 3's configuration.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use prb_core::lifecycle::{LifecycleHandle, OperatorSecret};
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, UpdatePool, UpdateWorker, update_pool, update_worker,
};
use prb_walkie::proto::{PoolOrWorkerQueryIdentity, db, pool_or_worker_query_identity::Identity};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::workers;

/// Most pools that wait for their operators.
const MOST: usize = 1_000;

/// A command, as version 3 takes it.
#[derive(Deserialize)]
pub(super) enum Command {
    AddPool { name: String, pid: u64, disabled: bool, sync_only: bool },
    UpdatePool { name: String, pid: u64, disabled: bool, sync_only: bool },
    RemovePool { pid: u64 },
    GetPool { pid: u64 },
    GetPoolWithWorkers { pid: u64 },
    GetAllPools,
    GetAllPoolsWithWorkers,
    AddWorker(NewWorker),
    UpdateWorker(ChangedWorker),
    RemoveWorker { name: String },
    GetAllPoolOperators,
    GetPoolOperator { pid: u64 },
    SetPoolOperator(NewOperator),
}

#[derive(Deserialize)]
pub(super) struct NewWorker {
    name: String,
    endpoint: String,
    stake: String,
    pid: u64,
    disabled: bool,
    sync_only: bool,
    gatekeeper: bool,
}

#[derive(Deserialize)]
pub(super) struct ChangedWorker {
    new_name: Option<String>,
    #[serde(flatten)]
    worker: NewWorker,
}

#[derive(Deserialize)]
pub(super) struct NewOperator {
    pid: u64,
    #[serde(deserialize_with = "secret")]
    account: Zeroizing<String>,
    account_type: AccountType,
    proxied_account_id: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum AccountType {
    Seed,
    SecretKey,
}

/// Wiped when dropped.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// Version 3 adds a pool first and says then who signs for it; here a pool without an operator is
/// none. Until both are known, what is known waits here.
#[derive(Default)]
pub(super) struct Unsigned(Mutex<BTreeMap<u64, db::Pool>>);

impl Unsigned {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, db::Pool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does it; the answer is what version 3 would say.
pub(super) async fn carry_out(
    command: Command,
    lifecycle: &LifecycleHandle,
    unsigned: &Unsigned,
) -> Result<Value> {
    let config = Config { lifecycle, unsigned };
    match command {
        Command::AddPool { name, pid, disabled, sync_only } => {
            let enabled = !disabled;
            config.add_pool(&db::Pool { pid, name, enabled, sync_only, ..<_>::default() })
        }
        Command::UpdatePool { name, pid, disabled, sync_only } => {
            config.update_pool(name, pid, !disabled, sync_only).await
        }
        Command::RemovePool { pid } => config.remove_pool(pid).await,
        Command::GetPool { pid } => Ok(config.shown(&config.pool(pid)?, false)),
        Command::GetPoolWithWorkers { pid } => Ok(config.shown(&config.pool(pid)?, true)),
        Command::GetAllPools => Ok(config.all(false)),
        Command::GetAllPoolsWithWorkers => Ok(config.all(true)),
        Command::AddWorker(worker) => config.add_worker(worker).await,
        Command::UpdateWorker(changed) => config.update_worker(changed).await,
        Command::RemoveWorker { name } => config.remove_worker(&name).await,
        Command::GetAllPoolOperators => {
            let pools = lifecycle.list_pools().pools;
            Ok(pools.iter().map(operator).collect())
        }
        Command::GetPoolOperator { pid } => {
            let pools = lifecycle.list_pools().pools;
            let pool = pools.iter().find(|pool| pool.pid == pid);
            Ok(operator(pool.context("Record not found!")?))
        }
        Command::SetPoolOperator(new) => config.set_operator(new).await,
    }
}

struct Config<'a> {
    lifecycle: &'a LifecycleHandle,
    unsigned: &'a Unsigned,
}

impl Config<'_> {
    /// A pool, with or without an operator.
    fn pool(&self, pid: u64) -> Result<db::Pool> {
        let pools = self.lifecycle.list_pools().pools;
        let kept = pools.into_iter().find(|pool| pool.pid == pid);
        let pool = kept.or_else(|| self.unsigned.lock().get(&pid).cloned());
        pool.with_context(|| format!("Pool #{pid} not found"))
    }

    fn all(&self, with_workers: bool) -> Value {
        let mut pools = self.lifecycle.list_pools().pools;
        pools.extend(self.unsigned.lock().values().cloned());
        pools.iter().map(|pool| self.shown(pool, with_workers)).collect()
    }

    fn shown(&self, pool: &db::Pool, with_workers: bool) -> Value {
        let all = self.lifecycle.list_workers().workers;
        let of_it = all.iter().filter(|worker| worker.pid == pool.pid).map(workers::kept);
        json!({
            "id": pool.uuid,
            "name": pool.name,
            "pid": pool.pid,
            "enabled": pool.enabled,
            "sync_only": pool.sync_only,
            "workers": with_workers.then(|| of_it.collect::<Vec<_>>()),
        })
    }

    fn add_pool(&self, pool: &db::Pool) -> Result<Value> {
        let there = self.lifecycle.list_pools().pools.iter().any(|it| it.pid == pool.pid);
        let mut unsigned = self.unsigned.lock();
        ensure!(!there && !unsigned.contains_key(&pool.pid), "Pool already exists!");
        ensure!(unsigned.len() < MOST, "too many pools without operators");
        unsigned.insert(pool.pid, pool.clone());
        drop(unsigned);
        Ok(self.shown(pool, false))
    }

    async fn update_pool(
        &self,
        name: String,
        pid: u64,
        enabled: bool,
        sync_only: bool,
    ) -> Result<Value> {
        let changed = db::Pool { name, enabled, sync_only, ..self.pool(pid)? };
        if let Some(waiting) = self.unsigned.lock().get_mut(&pid) {
            *waiting = changed;
        } else {
            self.change_pool(pid, db::Pool { owner: None, ..changed }).await?;
        }
        Ok(self.shown(&self.pool(pid)?, false))
    }

    async fn remove_pool(&self, pid: u64) -> Result<Value> {
        if self.unsigned.lock().remove(&pid).is_none() {
            let pool = db::Pool { deleted: true, owner: None, ..self.pool(pid)? };
            self.change_pool(pid, pool).await?;
        }
        Ok(json!({ "ok": true }))
    }

    async fn change_pool(&self, pid: u64, pool: db::Pool) -> Result<()> {
        let id = PoolOrWorkerQueryIdentity { identity: Some(Identity::Pid(pid)) };
        let items = vec![update_pool::Item { id: Some(id), pool: Some(pool) }];
        self.lifecycle.update_pools(UpdatePool { items }).await?;
        Ok(())
    }

    async fn set_operator(&self, new: NewOperator) -> Result<Value> {
        let text = match new.account_type {
            AccountType::Seed => new.account.clone(),
            AccountType::SecretKey => Zeroizing::new(format!("0x{}", *new.account)),
        };
        let owner = Some(OperatorSecret::read(&text, "")?.to_owner());
        let real_phala_ss58 = new.proxied_account_id.unwrap_or_default();
        let pool = db::Pool { owner, real_phala_ss58, ..self.pool(new.pid)? };
        let waiting = self.unsigned.lock().contains_key(&new.pid);
        if waiting {
            self.lifecycle.create_pools(CreatePool { pools: vec![pool] }).await?;
            self.unsigned.lock().remove(&new.pid);
        } else {
            self.change_pool(new.pid, pool).await?;
        }
        let pools = self.lifecycle.list_pools().pools;
        let pool = pools.iter().find(|pool| pool.pid == new.pid);
        Ok(operator(pool.context("Record not found!")?))
    }

    async fn add_worker(&self, worker: NewWorker) -> Result<Value> {
        let pid = worker.pid;
        if self.unsigned.lock().contains_key(&pid) {
            bail!("pool {pid} has no operator yet: SetPoolOperator comes first");
        }
        let workers = vec![worker.to_proto()];
        let made = self.lifecycle.create_workers(CreateWorker { workers }).await?.workers;
        Ok(made.first().map(workers::kept).unwrap_or_default())
    }

    async fn update_worker(&self, changed: ChangedWorker) -> Result<Value> {
        let name = changed.worker.name.clone();
        let mut worker = changed.worker.to_proto();
        let all = self.lifecycle.list_workers().workers;
        if let Some(before) = all.into_iter().find(|worker| worker.name == name) {
            worker.public_endpoints = before.public_endpoints;
        }
        if let Some(new_name) = changed.new_name {
            worker.name = new_name;
        }
        let made = self.change_worker(name, worker).await?;
        Ok(made.first().map(workers::kept).unwrap_or_default())
    }

    async fn remove_worker(&self, name: &str) -> Result<Value> {
        let all = self.lifecycle.list_workers().workers;
        let worker = all.into_iter().find(|worker| worker.name == name);
        let worker = worker.context("Worker not found!")?;
        let gone = db::Worker { deleted: true, ..worker };
        self.change_worker(name.to_owned(), gone).await?;
        Ok(json!({ "ok": true }))
    }

    async fn change_worker(&self, name: String, worker: db::Worker) -> Result<Vec<db::Worker>> {
        let id = PoolOrWorkerQueryIdentity { identity: Some(Identity::Name(name)) };
        let items = vec![update_worker::Item { id: Some(id), worker: Some(worker) }];
        Ok(self.lifecycle.update_workers(UpdateWorker { items }).await?.workers)
    }
}

impl NewWorker {
    fn to_proto(&self) -> db::Worker {
        db::Worker {
            pid: self.pid,
            name: self.name.clone(),
            endpoint: self.endpoint.clone(),
            stake: self.stake.clone(),
            enabled: !self.disabled,
            sync_only: self.sync_only,
            gatekeeper: self.gatekeeper,
            ..db::Worker::default()
        }
    }
}

/// Who signs for a pool; never with what.
fn operator(pool: &db::Pool) -> Value {
    let owner = pool.owner.as_ref().map(|owner| owner.ss58_phala.as_str());
    let proxied = Some(pool.real_phala_ss58.as_str()).filter(|address| !address.is_empty());
    json!({ "pid": pool.pid, "operator_account_id": owner, "proxied_account_id": proxied })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_version_3s_monitor_and_scripts_write_them() {
        let read = |text: &str| serde_json::from_str::<Command>(text);
        for text in [
            r#""GetAllPools""#,
            r#"{"GetAllPoolsWithWorkers":null}"#,
            r#"{"AddPool":{"name":"a","pid":7,"disabled":false,"sync_only":false}}"#,
            r#"{"UpdateWorker":{"name":"a","new_name":null,"endpoint":"http://a","stake":"1","pid":7,"disabled":false,"sync_only":false,"gatekeeper":false}}"#,
            r#"{"SetPoolOperator":{"pid":7,"account":"x","account_type":"Seed","proxied_account_id":null}}"#,
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
        assert!(read(r#"{"AddPool":{"name":"a","pid":7}}"#).is_err(), "all fields are needed");
    }
}
