//! What the inventory lacks of what a file asks for.

use std::collections::{BTreeMap, HashMap};

use prb_walkie::proto::db;

use super::error::{ImportError, Place};
use super::wanted::{WantedPool, WantedWorker};
use crate::chain::address::{Network, ss58};
use crate::lifecycle::{Amount, Field};
use crate::pruntime::Endpoint;

/// What has to be done for the inventory to be as a file asks. `T` is what requests carry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Difference<T> {
    /// To be created.
    pub create: Vec<T>,
    /// To be changed.
    pub update: Vec<Update<T>>,
    /// How many are as they should be.
    pub unchanged: usize,
}

/// Something that is there and is to be otherwise.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Update<T> {
    /// Its id in the inventory.
    pub uuid: String,
    /// What it is called now.
    pub name: String,
    /// What it is to be.
    pub to: T,
    /// What changes.
    pub changes: Vec<Change>,
}

/// A field that changes. Of an owner the account is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Which.
    pub field: Field,
    /// As it is.
    pub from: String,
    /// As it is to be.
    pub to: String,
}

/// The fields that differ.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn note(&mut self, field: Field, from: &impl ToString, to: &impl ToString) {
        let (from, to) = (from.to_string(), to.to_string());
        if from != to {
            self.0.push(Change { field, from, to });
        }
    }
}

/// Compares pools with those of the inventory, by pid.
pub fn pools(
    wanted: &[WantedPool],
    present: &[db::Pool],
) -> Result<Difference<db::Pool>, ImportError> {
    let mut difference = Difference { create: vec![], update: vec![], unchanged: 0 };
    let mut seen = Once::default();
    let by_pid: BTreeMap<u64, &db::Pool> = present.iter().map(|pool| (pool.pid, pool)).collect();
    for pool in wanted {
        seen.check(pool.place, Field::Pid, &pool.pid.to_string())?;
        seen.check(pool.place, Field::Name, &pool.name)?;
        let to = pool.to_proto();
        let Some(before) = by_pid.get(&pool.pid) else {
            if pool.owner.is_none() {
                return Err(ImportError::invalid(pool.place, Field::Owner, "missing"));
            }
            difference.create.push(to);
            continue;
        };
        let mut changes = Changes::default();
        changes.note(Field::Name, &before.name, &pool.name);
        if let Some(owner) = &pool.owner {
            let account = before.owner.as_ref().map_or("", |owner| &owner.ss58_phala);
            changes.note(Field::Owner, &account, &ss58(&owner.account(), Network::Phala));
        }
        changes.note(Field::RealPhalaSs58, &before.real_phala_ss58, &to.real_phala_ss58);
        changes.note(Field::Enabled, &before.enabled, &pool.enabled);
        changes.note(Field::SyncOnly, &before.sync_only, &pool.sync_only);
        difference.note(&before.uuid, &before.name, to, changes);
    }
    Ok(difference)
}

/// Compares workers with those of the inventory, by name, and by endpoint where the name is new.
/// Their pools have to be there.
pub fn workers(
    wanted: &[WantedWorker],
    present: &[db::Worker],
    pools: &[db::Pool],
) -> Result<Difference<db::Worker>, ImportError> {
    let mut difference = Difference { create: vec![], update: vec![], unchanged: 0 };
    let mut seen = Once::default();
    let by_name: HashMap<&str, &db::Worker> =
        present.iter().map(|worker| (worker.name.as_str(), worker)).collect();
    let by_endpoint: HashMap<&str, &db::Worker> =
        present.iter().map(|worker| (worker.endpoint.as_str(), worker)).collect();
    for worker in wanted {
        let invalid = |field, reason: String| ImportError::invalid(worker.place, field, reason);
        // As the inventory writes it.
        let endpoint = worker.endpoint.parse::<Endpoint>();
        let endpoint = endpoint.map_err(|error| invalid(Field::Endpoint, error.to_string()))?;
        let to = db::Worker { endpoint: endpoint.to_string(), ..worker.to_proto() };
        seen.check(worker.place, Field::Name, &to.name)?;
        seen.check(worker.place, Field::Endpoint, &to.endpoint)?;
        if !pools.iter().any(|pool| pool.pid == worker.pid) {
            return Err(invalid(Field::Pid, format!("no pool {} is configured", worker.pid)));
        }
        if worker.stake == 0 && !worker.sync_only && !worker.gatekeeper {
            return Err(invalid(Field::Stake, "missing".to_owned()));
        }
        let found = by_name.get(to.name.as_str()).or_else(|| by_endpoint.get(to.endpoint.as_str()));
        let Some(before) = found else {
            difference.create.push(to);
            continue;
        };
        let mut changes = Changes::default();
        changes.note(Field::Name, &before.name, &to.name);
        changes.note(Field::Pid, &before.pid, &to.pid);
        changes.note(Field::Endpoint, &before.endpoint, &to.endpoint);
        let stake = before.stake.parse().map_or(Amount(0), Amount);
        changes.note(Field::Stake, &stake, &Amount(worker.stake));
        changes.note(Field::Enabled, &before.enabled, &to.enabled);
        changes.note(Field::SyncOnly, &before.sync_only, &to.sync_only);
        changes.note(Field::Gatekeeper, &before.gatekeeper, &to.gatekeeper);
        // Files say nothing of them.
        let public_endpoints = before.public_endpoints.clone();
        let to = db::Worker { public_endpoints, ..to };
        difference.note(&before.uuid, &before.name, to, changes);
    }
    Ok(difference)
}

impl<T> Difference<T> {
    fn note(&mut self, uuid: &str, name: &str, to: T, changes: Changes) {
        if changes.0.is_empty() {
            self.unchanged += 1;
            return;
        }
        let (uuid, name) = (uuid.to_owned(), name.to_owned());
        self.update.push(Update { uuid, name, to, changes: changes.0 });
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty()
    }
}

/// Values that one item of a file may have and no other.
#[derive(Default)]
struct Once(HashMap<(Field, String), Place>);

impl Once {
    fn check(&mut self, place: Place, field: Field, value: &str) -> Result<(), ImportError> {
        match self.0.insert((field, value.to_owned()), place) {
            None => Ok(()),
            Some(first) => {
                let reason = format!("{value:?} is in {first} already");
                Err(ImportError::invalid(place, field, reason))
            }
        }
    }
}
