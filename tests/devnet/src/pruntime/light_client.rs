//! The relay light client: follows finality by GRANDPA justifications from a proven start.

mod justification;
mod storage_proof;

use parity_scale_codec::Encode;
use sp_consensus_grandpa::{ConsensusLog, GRANDPA_ENGINE_ID, ScheduledChange};
use sp_core::H256;
use sp_runtime::generic::OpaqueDigestItemId;
use sp_runtime::traits::Header as _;

use super::scale::{AuthoritySet, GenesisBlockInfo, Header};
use super::storage_key;
use justification::JustificationError;
pub(crate) use storage_proof::{ProofChecker, ProofError};

/// Why the genesis information does not hold. pRuntime does not survive this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenesisError {
    /// The proof does not cover one of the keys.
    #[error("{0}")]
    Proof(#[from] ProofError),
    /// Neither key holds a list.
    #[error("Missing grandpa authorities")]
    Missing,
    /// The proven list is another.
    #[error("validator set mismatch")]
    Mismatch,
}

/// Why a run of relay headers is not finalized as far as this light client can tell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinalityError {
    /// The run does not begin right after the last accepted header.
    #[error("invalid ancestry proof")]
    Ancestry,
    /// The justification does not hold.
    #[error("{0}")]
    Justification(#[from] JustificationError),
    /// The last header schedules a change for later.
    #[error("scheduled change should not have delay")]
    DelayedChange,
    /// The current set has no voter: pRuntime does not survive this.
    #[error("the current authority set has no voter")]
    NoVoters,
}

/// The last accepted relay header and the set that signs the next one.
#[derive(Clone, Debug, Encode, parity_scale_codec::Decode)]
pub(crate) struct LightClient {
    last_finalized: H256,
    current_set: AuthoritySet,
}

impl LightClient {
    /// Starts after a block whose state proves the set's list. The set's id cannot be proven: a
    /// wrong one shows up as bad signatures.
    pub(crate) fn new(genesis: GenesisBlockInfo) -> Result<Self, GenesisError> {
        let GenesisBlockInfo { block_header, authority_set, proof } = genesis;
        let checker = ProofChecker::new(block_header.state_root, proof);
        let claimed = authority_set.list.encode();
        let matches = if let Some(list) = checker.read(&storage_key::GRANDPA_AUTHORITIES)? {
            list == claimed
        } else {
            // The old key's value has a version byte in front of the list.
            let versioned =
                checker.read(storage_key::OLD_GRANDPA_AUTHORITIES)?.ok_or(GenesisError::Missing)?;
            versioned.get(1..) == Some(&claimed[..])
        };
        if !matches {
            return Err(GenesisError::Mismatch);
        }
        Ok(Self { last_finalized: block_header.hash(), current_set: authority_set })
    }

    /// Accepts a hash-linked run of headers whose last one is justified. A change of authorities
    /// in the last header's digest takes effect for the next run; elsewhere it is missed.
    pub(crate) fn finalize(
        &mut self,
        run: &[&Header],
        justification: &[u8],
    ) -> Result<(), FinalityError> {
        // The links inside the run are known to hold, so it descends from the last accepted
        // header exactly if one of its headers is a child of that one.
        if !run.iter().any(|header| header.parent_hash == self.last_finalized) {
            return Err(FinalityError::Ancestry);
        }
        let Some(last) = run.last() else { return Err(FinalityError::Ancestry) };
        let hash = last.hash();
        let voters = finality_grandpa::voter_set::VoterSet::new(self.current_set.list.clone())
            .ok_or(FinalityError::NoVoters)?;
        justification::verify(justification, (hash, last.number), self.current_set.id, &voters)?;
        if let Some(change) = scheduled_change(last) {
            if change.delay != 0 {
                return Err(FinalityError::DelayedChange);
            }
            self.current_set =
                AuthoritySet { list: change.next_authorities, id: self.current_set.id + 1 };
        }
        self.last_finalized = hash;
        Ok(())
    }
}

/// The first GRANDPA log of the digest that is a scheduled change.
fn scheduled_change(header: &Header) -> Option<ScheduledChange<u32>> {
    header.digest().convert_first(|item| {
        item.try_to::<ConsensusLog<u32>>(OpaqueDigestItemId::Consensus(&GRANDPA_ENGINE_ID))
            .and_then(ConsensusLog::try_into_change)
    })
}
