//! Requests, read: what an operator wants a pool or a worker to be.

use std::sync::Arc;

use parity_scale_codec::Encode;
use prb_walkie::identity::Identity;
use prb_walkie::proto::db;
use subxt::utils::AccountId32;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::error::{Field, InventoryError};
use super::super::record::{Goal, OperatorRecord, PoolRecord, WorkerRecord};
use super::super::secret::{self, Secret};
use crate::pruntime::Endpoint;
use crate::trader::operator::Operator;

/// Longest name, bytes.
const MAX_NAME: usize = 200;

/// Most bytes of a worker's public endpoints: with key and time no more than 2,048 may be signed.
const MAX_PUBLIC_ENDPOINTS: usize = 2_000;

/// What a pool is to be.
pub(crate) struct PoolEdit {
    identity: Arc<Identity>,
    secret: Option<Secret>,
    pub(super) pid: u64,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) sync_only: bool,
    pub(super) proxied: Option<AccountId32>,
}

impl PoolEdit {
    /// Reads a pool. Without an owner it keeps the one it has.
    pub(crate) fn read(pool: db::Pool, identity: &Arc<Identity>) -> Result<Self, InventoryError> {
        let owner = pool.owner.unwrap_or_default();
        let invalid = |reason| InventoryError::invalid(Field::Owner, reason);
        let mnemonic = Zeroizing::new(owner.mnemonic);
        let polkadot_json = Zeroizing::new(owner.polkadot_json);
        let secret = match (mnemonic.is_empty(), polkadot_json.is_empty()) {
            (true, true) => None,
            (false, true) => Some(secret::from_text(&mnemonic).map_err(invalid)?),
            (true, false) => {
                Some(secret::from_polkadot_json(&polkadot_json, Some(identity)).map_err(invalid)?)
            }
            (false, false) => return Err(invalid("given twice".to_owned())),
        };
        let proxied = match pool.real_phala_ss58.trim() {
            "" => None,
            address => Some(address.parse().map_err(|error| {
                let reason = format!("{address:?} is not an SS58 address: {error}");
                InventoryError::invalid(Field::RealPhalaSs58, reason)
            })?),
        };
        Ok(Self {
            identity: identity.clone(),
            secret,
            pid: pool.pid,
            name: name(&pool.name)?,
            enabled: pool.enabled,
            sync_only: pool.sync_only,
            proxied,
        })
    }

    /// The operator, sealed, if a secret was given.
    pub(super) fn operator(&self) -> Result<Option<OperatorRecord>, InventoryError> {
        let Some(secret) = &self.secret else { return Ok(None) };
        let operator = Operator::new(self.pid, secret, self.proxied);
        self.seal(&operator.map_err(owner_error)?).map(Some)
    }

    /// The operator of a pool that keeps its secret and gets another proxied account.
    pub(super) fn with_secret_of(
        &self,
        before: &PoolRecord,
    ) -> Result<OperatorRecord, InventoryError> {
        let operator = Operator::open(before.pid, &before.operator.sealed, &*self.identity)
            .map_err(owner_error)?;
        self.seal(&operator.for_account(self.proxied))
    }

    fn seal(&self, operator: &Operator) -> Result<OperatorRecord, InventoryError> {
        let sealed = operator.seal(&*self.identity).map_err(owner_error)?;
        Ok(OperatorRecord { signer: operator.signer(), proxied: operator.proxied(), sealed })
    }
}

fn owner_error(error: impl std::fmt::Display) -> InventoryError {
    InventoryError::invalid(Field::Owner, error.to_string())
}

/// What a worker is to be.
pub(crate) struct WorkerEdit {
    pub(super) pid: u64,
    name: String,
    endpoint: Endpoint,
    enabled: bool,
    sync_only: bool,
    gatekeeper: bool,
    stake: u128,
    public_endpoints: Vec<String>,
}

impl WorkerEdit {
    /// Reads a worker.
    pub(crate) fn read(worker: &db::Worker) -> Result<Self, InventoryError> {
        let endpoint = worker
            .endpoint
            .parse()
            .map_err(|error| InventoryError::invalid(Field::Endpoint, format!("{error}")))?;
        let earns = !worker.sync_only && !worker.gatekeeper;
        let stake = match worker.stake.trim() {
            "" => 0,
            text => text.parse().map_err(|_| {
                let reason = format!("{text:?} is not a whole number of planck");
                InventoryError::invalid(Field::Stake, reason)
            })?,
        };
        if stake == 0 && earns {
            let reason = "must be given (planck) for a worker that is to compute";
            return Err(InventoryError::invalid(Field::Stake, reason));
        }
        Ok(Self {
            pid: worker.pid,
            name: name(&worker.name)?,
            endpoint,
            enabled: worker.enabled,
            sync_only: worker.sync_only,
            gatekeeper: worker.gatekeeper,
            stake,
            public_endpoints: public_endpoints(&worker.public_endpoints)?,
        })
    }

    /// With what is not edited of the worker as it was before.
    pub(super) fn into_record(
        self,
        uuid: Uuid,
        pool: Uuid,
        before: Option<&WorkerRecord>,
    ) -> WorkerRecord {
        let endpoint = self.endpoint.to_string();
        let same_machine = before.filter(|before| before.endpoint == endpoint);
        WorkerRecord {
            uuid,
            pool,
            name: self.name,
            last_key: same_machine.and_then(|before| before.last_key),
            endpoint,
            enabled: self.enabled,
            sync_only: self.sync_only,
            gatekeeper: self.gatekeeper,
            stake: self.stake,
            public_endpoints: self.public_endpoints,
            drained: false,
            goal: before.map_or_else(Goal::default, |before| before.goal),
        }
    }
}

fn public_endpoints(given: &[String]) -> Result<Vec<String>, InventoryError> {
    let invalid = |reason| InventoryError::invalid(Field::PublicEndpoints, reason);
    let endpoints: Vec<String> = given.iter().map(|it| it.trim().to_owned()).collect();
    if let Some(wrong) = endpoints.iter().find(|it| it.is_empty() || it.contains(char::is_control))
    {
        return Err(invalid(format!("{wrong:?} is no endpoint")));
    }
    if endpoints.encoded_size() > MAX_PUBLIC_ENDPOINTS {
        return Err(invalid(format!("longer than {MAX_PUBLIC_ENDPOINTS} bytes together")));
    }
    Ok(endpoints)
}

fn name(text: &str) -> Result<String, InventoryError> {
    let text = text.trim();
    let reason = match text.len() {
        0 => "missing".to_owned(),
        1..=MAX_NAME if !text.chars().any(char::is_control) => return Ok(text.to_owned()),
        1..=MAX_NAME => "has control characters".to_owned(),
        _ => format!("longer than {MAX_NAME} bytes"),
    };
    Err(InventoryError::invalid(Field::Name, reason))
}
