//! What a node keeps of finality, and how it proves it.

use std::collections::HashMap;

use parity_scale_codec::{Decode, Encode};

use super::{
    AuthoritySet, AuthoritySetChanges, AuthoritySets, Justification, SetOfBlock, justify,
    scheduled_change,
};
use crate::engine::chain::{Chain, StoredBlock};
use crate::engine::{BlockNumber, Hash, Header};

/// A node stores a justification in every period of so many blocks, besides those of set changes.
pub const JUSTIFICATION_PERIOD: BlockNumber = 512;
/// Most headers in one finality proof.
const MAX_UNKNOWN_HEADERS: usize = 100_000;
/// Every so many rounds one voter is a block ahead of the others.
const SPLIT_VOTE_PERIOD: u64 = 4;

/// Finality of one chain of blocks, as far as it has got.
#[derive(Debug)]
pub struct Finality {
    sets: AuthoritySets,
    /// The set that signs the next block.
    running: AuthoritySet,
    changes: AuthoritySetChanges,
    finalized: BlockNumber,
    stored: HashMap<BlockNumber, Vec<u8>>,
    best: Option<(BlockNumber, Vec<u8>)>,
}

/// Answer of `grandpa_proveFinality`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FinalityProof {
    /// Hash of the justified block.
    pub block: Hash,
    /// SCALE justification of it.
    pub justification: Vec<u8>,
    /// Headers after the block asked for up to the justified one, oldest first.
    pub unknown_headers: Vec<Header>,
}

/// Why there is no finality proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinalityProofError {
    /// The block is above the finalized head.
    #[error("Block not yet finalized")]
    BlockNotYetFinalized,
    /// No recorded set change tells the block's set.
    #[error("Block not covered by authority set changes")]
    BlockNotInAuthoritySetChanges,
}

impl Finality {
    /// Finality at genesis.
    pub fn new(mut sets: AuthoritySets) -> Self {
        Self {
            running: sets.set(0),
            sets,
            changes: AuthoritySetChanges::default(),
            finalized: 0,
            stored: HashMap::new(),
            best: None,
        }
    }

    /// The set that signs the next block to become final.
    pub fn running_set(&self) -> &AuthoritySet {
        &self.running
    }

    /// The set with this id.
    pub fn set(&mut self, id: u64) -> AuthoritySet {
        self.sets.set(id)
    }

    /// Height of the finalized head.
    pub fn finalized(&self) -> BlockNumber {
        self.finalized
    }

    /// Number of the round that makes the next block final.
    pub fn next_round(&self) -> u64 {
        self.round_of(self.finalized + 1)
    }

    /// Whether finalizing `target` leaves a stored justification, as on a real node: set changes,
    /// the first block finalized at all, and the first one in each period.
    pub fn is_kept(&self, target: &Header) -> bool {
        let period = |number: BlockNumber| number / JUSTIFICATION_PERIOD;
        self.finalized == 0
            || period(self.finalized) != period(target.number)
            || scheduled_change(target).is_some()
    }

    /// Makes `target` final by a round of the running set and returns the justification.
    ///
    /// No block between the finalized head and `target` may announce a set change: rounds never
    /// reach across one. `child` is the header after the target, if it is there.
    pub fn advance(&mut self, target: &StoredBlock, child: Option<&Header>) -> Justification {
        let kept = self.is_kept(&target.header);
        let justification = self.sign(&target.header, child);
        if kept {
            self.stored.insert(target.number(), justification.encode());
        }
        self.best = Some((target.number(), justification.encode()));
        self.pass(&target.header);
        justification
    }

    /// Makes `target` final without leaving a trace of the round: what remains of an old round that
    /// [`Finality::is_kept`] says nothing of.
    pub fn pass(&mut self, target: &Header) {
        self.finalized = target.number;
        if scheduled_change(target).is_some() {
            self.changes.append(target.number);
            self.running = self.sets.set(self.changes.running());
        }
    }

    /// Signs the finalized head again if its round left nothing behind.
    pub fn justify_head(&mut self, target: &StoredBlock, child: Option<&Header>) {
        let is_best = self.best.as_ref().is_some_and(|best| best.0 == target.number());
        // A change block always leaves its justification, so the running set is the right one.
        if !is_best && target.number() == self.finalized && self.finalized > 0 {
            self.best = Some((target.number(), self.sign(&target.header, child).encode()));
        }
    }

    /// The justification stored with a block.
    pub fn justification(&self, number: BlockNumber) -> Option<&[u8]> {
        self.stored.get(&number).map(Vec::as_slice)
    }

    /// The latest round's target and SCALE justification.
    pub fn best(&self) -> Option<(BlockNumber, &[u8])> {
        self.best.as_ref().map(|(number, bytes)| (*number, bytes.as_slice()))
    }

    /// Proves that `number` is final: by the justification of the last block of its set or, in the
    /// running set, by the latest one known, which may be of an older block.
    pub fn prove(
        &self,
        chain: &Chain,
        number: BlockNumber,
    ) -> Result<Option<FinalityProof>, FinalityProofError> {
        if number > self.finalized {
            return Err(FinalityProofError::BlockNotYetFinalized);
        }
        let known = match self.changes.set_of(number) {
            SetOfBlock::Running => self.best(),
            SetOfBlock::Ended(_, last) => self.justification(last).map(|bytes| (last, bytes)),
            SetOfBlock::Unknown => return Err(FinalityProofError::BlockNotInAuthoritySetChanges),
        };
        let Some((target, justification)) = known else { return Ok(None) };
        let headers = (number + 1..=target).take(MAX_UNKNOWN_HEADERS);
        let unknown_headers = headers.filter_map(|n| Some(chain.block_at(n)?.header.clone()));
        Ok(chain.block_at(target).map(|block| FinalityProof {
            block: block.hash,
            justification: justification.to_vec(),
            unknown_headers: unknown_headers.collect(),
        }))
    }

    fn round_of(&self, target: BlockNumber) -> u64 {
        u64::from(target - self.changes.last_change())
    }

    fn sign(&self, target: &Header, child: Option<&Header>) -> Justification {
        let round = self.round_of(target.number);
        // Nobody votes beyond a pending change.
        let ahead = child.filter(|_| {
            round.is_multiple_of(SPLIT_VOTE_PERIOD) && scheduled_change(target).is_none()
        });
        justify(&self.running, round, target, ahead)
    }
}

#[cfg(test)]
mod tests;
