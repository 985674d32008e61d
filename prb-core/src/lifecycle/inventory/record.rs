//! What is kept of a pool and of a worker.

use std::fmt;

use prb_walkie::proto::{FullAccount, db};
use serde::{Deserialize, Serialize};
use subxt::utils::AccountId32;
use uuid::Uuid;

use crate::chain::address::{Network, ss58};

/// A pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolRecord {
    /// Its id here.
    pub(crate) uuid: Uuid,
    /// Its id on chain.
    pub(crate) pid: u64,
    /// For people.
    pub(crate) name: String,
    /// Its workers live.
    pub(crate) enabled: bool,
    /// Its workers are only kept in sync.
    pub(crate) sync_only: bool,
    /// Who signs.
    pub(crate) operator: OperatorRecord,
}

/// Who signs for a pool.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperatorRecord {
    /// The account that signs and pays.
    pub(crate) signer: AccountId32,
    /// The account in whose name it does.
    pub(crate) proxied: Option<AccountId32>,
    /// The secret, sealed to the identity; the queue takes it as it is.
    #[serde(with = "hex_text")]
    pub(crate) sealed: Vec<u8>,
}

impl fmt::Debug for OperatorRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorRecord")
            .field("signer", &self.signer.to_string())
            .field("proxied", &self.proxied.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}

impl PoolRecord {
    /// The account in whose name the pool's calls are made.
    pub(crate) fn operator_account(&self) -> &AccountId32 {
        self.operator.proxied.as_ref().unwrap_or(&self.operator.signer)
    }
}

/// What an operator wants of a worker on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// It computes, or serves as a gatekeeper.
    #[default]
    Compute,
    /// It does not compute, and stays in its pool.
    Stop,
    /// It does not compute, and is in no pool.
    LeavePool,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "operators set each by itself")]
pub(crate) struct WorkerRecord {
    /// Its id here.
    pub(crate) uuid: Uuid,
    /// Its pool.
    pub(crate) pool: Uuid,
    /// For people.
    pub(crate) name: String,
    /// Where its pRuntime listens.
    pub(crate) endpoint: String,
    /// It lives.
    pub(crate) enabled: bool,
    /// It is only kept in sync.
    pub(crate) sync_only: bool,
    /// It is registered and not put into its pool.
    pub(crate) gatekeeper: bool,
    /// Planck, as text: JSON numbers are too short.
    #[serde(with = "decimal_text")]
    pub(crate) stake: u128,
    /// Where others reach it, to be published; none leaves what is published.
    #[serde(default)]
    pub(crate) public_endpoints: Vec<String>,
    /// It was drained, and not restarted or changed since.
    #[serde(default)]
    pub(crate) drained: bool,
    /// Said by commands of its own, so that a change of anything else neither stops nor starts it.
    #[serde(default)]
    pub(crate) goal: Goal,
    /// The public key that the machine at this endpoint last told: one that is gone for good is
    /// found on chain by it.
    #[serde(default, with = "key_text", skip_serializing_if = "Option::is_none")]
    pub(crate) last_key: Option<[u8; 32]>,
}

impl From<&PoolRecord> for db::Pool {
    fn from(pool: &PoolRecord) -> Self {
        let signer = &pool.operator.signer;
        Self {
            uuid: pool.uuid.to_string(),
            owner: Some(FullAccount {
                ss58_phala: ss58(signer, Network::Phala),
                ss58_polkadot: ss58(signer, Network::Polkadot),
                // The secret, in whatever form, is input only.
                ..FullAccount::default()
            }),
            pid: pool.pid,
            name: pool.name.clone(),
            enabled: pool.enabled,
            deleted: false,
            real_phala_ss58: pool
                .operator
                .proxied
                .as_ref()
                .map_or_else(String::new, |account| ss58(account, Network::Phala)),
            sync_only: pool.sync_only,
        }
    }
}

impl WorkerRecord {
    /// The worker as it is told; `pid` is its pool's.
    pub(crate) fn to_proto(&self, pid: u64) -> db::Worker {
        db::Worker {
            uuid: self.uuid.to_string(),
            pid,
            name: self.name.clone(),
            endpoint: self.endpoint.clone(),
            enabled: self.enabled,
            deleted: false,
            stake: self.stake.to_string(),
            sync_only: self.sync_only,
            gatekeeper: self.gatekeeper,
            public_endpoints: self.public_endpoints.clone(),
        }
    }
}

mod hex_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

mod key_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the derived code calls it so")]
    pub(super) fn serialize<S: Serializer>(
        key: &Option<[u8; 32]>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        key.map(hex::encode).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let read = |text| {
            let mut key = [0; 32];
            hex::decode_to_slice::<String>(text, &mut key).map(|()| key)
        };
        text.map(read).transpose().map_err(serde::de::Error::custom)
    }
}

mod decimal_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&number.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
