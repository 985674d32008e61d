//! What a file asks for.

use prb_walkie::identity::Identity;
use prb_walkie::proto::db;
use subxt::utils::AccountId32;

use super::error::{ImportError, Place};
use super::record::Record;
use crate::chain::address::{Network, ss58};
use crate::lifecycle::{Amount, Field, OperatorSecret};

/// A pool that is to be there.
#[derive(Debug)]
#[non_exhaustive]
pub struct WantedPool {
    /// Where it stands in its file.
    pub place: Place,
    /// Its id on chain, by which it is known again.
    pub pid: u64,
    /// For people.
    pub name: String,
    /// Who signs for it. A pool that is there already keeps its owner without this.
    pub owner: Option<OperatorSecret>,
    /// The account in whose name the owner signs, as its proxy.
    pub proxied: Option<AccountId32>,
    /// Its workers live.
    pub enabled: bool,
    /// Its workers are only kept in sync.
    pub sync_only: bool,
}

/// A worker that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WantedWorker {
    /// Where it stands in its file.
    pub place: Place,
    /// For people; by its name it is known again, or else by its endpoint.
    pub name: String,
    /// Its pool's id on chain.
    pub pid: u64,
    /// URL of its pRuntime.
    pub endpoint: String,
    /// Planck.
    pub stake: u128,
    /// It lives.
    pub enabled: bool,
    /// It is only kept in sync.
    pub sync_only: bool,
    /// It is registered and never added to its pool.
    pub gatekeeper: bool,
}

impl WantedPool {
    /// One that is enabled and has no owner yet.
    pub fn new(place: Place, pid: u64, name: impl Into<String>) -> Self {
        Self {
            place,
            pid,
            name: name.into(),
            owner: None,
            proxied: None,
            enabled: true,
            sync_only: false,
        }
    }

    /// `identity` opens owners that version 2 sealed to it.
    pub(super) fn read(
        record: &Record,
        enabled: bool,
        identity: Option<&Identity>,
    ) -> Result<Self, ImportError> {
        let proxied = ["realphalass58", "proxiedaccountss58", "proxied"];
        Ok(Self {
            place: record.place,
            pid: record.needed(Field::Pid, &["pid"])?,
            name: record.needed(Field::Name, &["name"])?,
            owner: owner(record, identity)?,
            proxied: match record.text(&proxied) {
                Some(_) => Some(record.needed(Field::RealPhalaSs58, &proxied)?),
                None => None,
            },
            enabled: record.flag(Field::Enabled, "enabled", enabled)?,
            sync_only: record.flag(Field::SyncOnly, "synconly", false)?,
        })
    }

    pub(super) fn to_proto(&self) -> db::Pool {
        db::Pool {
            pid: self.pid,
            name: self.name.clone(),
            owner: self.owner.as_ref().map(OperatorSecret::to_owner),
            real_phala_ss58: self.proxied_address(),
            enabled: self.enabled,
            sync_only: self.sync_only,
            ..db::Pool::default()
        }
    }

    /// As it is told; empty for none.
    pub(super) fn proxied_address(&self) -> String {
        self.proxied.as_ref().map_or_else(String::new, |account| ss58(account, Network::Phala))
    }
}

fn owner(
    record: &Record,
    identity: Option<&Identity>,
) -> Result<Option<OperatorSecret>, ImportError> {
    let wrong = |reason: String| record.wrong(Field::Owner, reason);
    match (record.text(&["owner", "mnemonic"]), record.text(&["polkadotjson"])) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(wrong("given twice".to_owned())),
        (Some(text), None) => {
            let passphrase = record.text(&["passphrase"]).unwrap_or_default();
            OperatorSecret::read(text, passphrase).map(Some).map_err(|it| wrong(it.reason))
        }
        (None, Some(hex)) => {
            OperatorSecret::from_hex(hex, identity).map(Some).map_err(|it| wrong(it.reason))
        }
    }
}

impl WantedWorker {
    /// One that is enabled and has no stake yet.
    pub fn new(
        place: Place,
        pid: u64,
        name: impl Into<String>,
        endpoint: impl Into<String>,
    ) -> Self {
        Self {
            place,
            name: name.into(),
            pid,
            endpoint: endpoint.into(),
            stake: 0,
            enabled: true,
            sync_only: false,
            gatekeeper: false,
        }
    }

    pub(super) fn read(record: &Record, enabled: bool) -> Result<Self, ImportError> {
        Ok(Self {
            place: record.place,
            name: record.needed(Field::Name, &["name"])?,
            pid: record.needed(Field::Pid, &["pid", "pool"])?,
            endpoint: record.needed(Field::Endpoint, &["endpoint"])?,
            stake: match record.text(&["stake"]) {
                Some(_) => record.needed::<Amount>(Field::Stake, &["stake"])?.0,
                None => 0,
            },
            enabled: record.flag(Field::Enabled, "enabled", enabled)?,
            sync_only: record.flag(Field::SyncOnly, "synconly", false)?,
            gatekeeper: record.flag(Field::Gatekeeper, "gatekeeper", false)?,
        })
    }

    pub(super) fn to_proto(&self) -> db::Worker {
        db::Worker {
            pid: self.pid,
            name: self.name.clone(),
            endpoint: self.endpoint.clone(),
            enabled: self.enabled,
            stake: self.stake.to_string(),
            sync_only: self.sync_only,
            gatekeeper: self.gatekeeper,
            ..db::Worker::default()
        }
    }
}
