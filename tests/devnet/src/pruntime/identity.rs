//! A worker's keys, and the chain they are bound to.

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{EcdhPublicKey, WorkerPublicKey};
use sp_core::crypto::DeriveJunction;
use sp_core::{H256, Pair, sr25519};

/// What pRuntime seals at its first init: the identity and the chain it serves for good.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SealedIdentity {
    /// Hash of the relay block the pRuntime started from.
    pub(crate) genesis_block_hash: H256,
    /// The parachain it follows.
    pub(crate) para_id: u32,
    /// The sr25519 secret key.
    secret: [u8; 64],
    /// Made by this pRuntime itself, not given to it.
    pub(crate) trusted: bool,
    /// Given for debugging.
    pub(crate) dev_mode: bool,
}

impl std::fmt::Debug for SealedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedIdentity")
            .field("genesis_block_hash", &self.genesis_block_hash)
            .field("para_id", &self.para_id)
            .finish_non_exhaustive()
    }
}

/// The key is neither a 32 byte seed nor a 64 byte secret.
#[derive(Debug, thiserror::Error)]
#[error("InvalidSeedLength")]
pub(crate) struct BadKey;

impl SealedIdentity {
    /// A key made here, from a fixed seed or from chance.
    pub(crate) fn generate(
        seed: Option<&[u8; 32]>,
        genesis_block_hash: H256,
        para_id: u32,
    ) -> Self {
        let pair = match seed {
            Some(seed) => sr25519::Pair::from_seed(seed),
            None => sr25519::Pair::generate().0,
        };
        Self { trusted: true, dev_mode: false, ..Self::of(&pair, genesis_block_hash, para_id) }
    }

    /// A key given for debugging.
    pub(crate) fn debug(
        key: &[u8],
        genesis_block_hash: H256,
        para_id: u32,
    ) -> Result<Self, BadKey> {
        let pair = sr25519::Pair::from_seed_slice(key).map_err(|_| BadKey)?;
        Ok(Self::of(&pair, genesis_block_hash, para_id))
    }

    fn of(pair: &sr25519::Pair, genesis_block_hash: H256, para_id: u32) -> Self {
        let mut secret = [0; 64];
        secret.copy_from_slice(&pair.to_raw_vec());
        Self { genesis_block_hash, para_id, secret, trusted: false, dev_mode: true }
    }

    /// The usable keys.
    pub(crate) fn open(&self) -> Result<Identity, BadKey> {
        let pair = sr25519::Pair::from_seed_slice(&self.secret).map_err(|_| BadKey)?;
        let junction = std::iter::once(DeriveJunction::hard("ecdh"));
        let (ecdh, _) = pair.derive(junction, None).map_err(|_| BadKey)?;
        Ok(Identity { pair, ecdh_public: ecdh.public() })
    }
}

/// The keys of a running worker.
#[derive(Clone)]
pub(crate) struct Identity {
    pair: sr25519::Pair,
    ecdh_public: EcdhPublicKey,
}

impl Identity {
    /// Signs.
    pub(crate) fn pair(&self) -> &sr25519::Pair {
        &self.pair
    }

    /// Names the worker.
    pub(crate) fn public_key(&self) -> WorkerPublicKey {
        self.pair.public()
    }

    /// The worker's key for key agreement.
    pub(crate) fn ecdh_public_key(&self) -> EcdhPublicKey {
        self.ecdh_public
    }
}
