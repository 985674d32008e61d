//! What an author puts into a header besides the execution: its slot and its seal.

use parity_scale_codec::Encode;
use sp_core::{Pair as _, ed25519};
use sp_io::hashing::blake2_256;
use sp_runtime::generic::Digest;
use sp_runtime::{ConsensusEngineId, DigestItem};

use super::Header;

/// Which block production the headers show. Nobody verifies it: finality alone counts, for the
/// parachain the relay chain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The relay chain's.
    Babe,
    /// The parachain's.
    Aura,
}

impl Engine {
    fn id(self) -> ConsensusEngineId {
        match self {
            Self::Babe => *b"BABE",
            Self::Aura => *b"aura",
        }
    }

    fn pre_runtime(self, slot: u64) -> Vec<u8> {
        /// Variant of BABE's pre-digest for a slot claimed by turn, followed by author and slot.
        const SECONDARY_PLAIN: u8 = 2;
        match self {
            Self::Babe => (SECONDARY_PLAIN, 0u32, slot).encode(),
            Self::Aura => slot.encode(),
        }
    }
}

/// A block author with a key made from the network's seed.
///
/// The seal is an ed25519 signature, unlike the sr25519 one of live chains: it has the same size
/// and is the same in every run, and so are the hashes.
#[derive(Clone)]
pub struct Author {
    engine: Engine,
    key: ed25519::Pair,
}

impl Author {
    /// The author of a chain of the network with this seed.
    pub fn new(engine: Engine, seed: u64) -> Self {
        let key = ed25519::Pair::from_seed(&blake2_256(&(engine.id(), "author", seed).encode()));
        Self { engine, key }
    }

    /// The digest a block begins with.
    pub fn digest(&self, slot: u64) -> Digest {
        Digest {
            logs: vec![DigestItem::PreRuntime(self.engine.id(), self.engine.pre_runtime(slot))],
        }
    }

    /// Signs a finished header and appends the seal.
    pub fn seal(&self, header: &mut Header) {
        let signature = self.key.sign(header.hash().as_bytes());
        header.digest.logs.push(DigestItem::Seal(self.engine.id(), signature.0.to_vec()));
    }
}

impl std::fmt::Debug for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Author").field("engine", &self.engine).finish_non_exhaustive()
    }
}
