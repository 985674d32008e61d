//! GRANDPA: authority sets, justifications, finality proofs.

use parity_scale_codec::{Decode, Encode};
use subxt::utils::H256;

use super::header::Header;

/// An authority's ed25519 public key.
pub type AuthorityId = [u8; 32];

/// Authorities with their weights, in the chain's order.
pub type AuthorityList = Vec<(AuthorityId, u64)>;

/// The authorities that sign a period's justifications.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AuthoritySet {
    /// Who.
    pub list: AuthorityList,
    /// Counts changes since the chain's genesis.
    pub id: u64,
}

/// The relay chain's value under `:grandpa_authorities`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct VersionedAuthorityList {
    /// Of the layout; 1.
    pub version: u8,
    /// Who.
    pub list: AuthorityList,
}

/// What the runtime tells GRANDPA in a header's digest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConsensusLog {
    /// The next authorities, after `delay` finalized blocks.
    #[codec(index = 1)]
    ScheduledChange {
        /// Who.
        next: AuthorityList,
        /// Blocks.
        delay: u32,
    },
    /// The next authorities, after `delay` imported blocks.
    #[codec(index = 2)]
    ForcedChange {
        /// Last finalized block, as the runtime sees it.
        median: u32,
        /// Who.
        next: AuthorityList,
        /// Blocks.
        delay: u32,
    },
    /// One authority is disabled.
    #[codec(index = 3)]
    OnDisabled(u64),
    /// Voting stops after a number of blocks.
    #[codec(index = 4)]
    Pause(u32),
    /// Voting goes on after a number of blocks.
    #[codec(index = 5)]
    Resume(u32),
}

/// Votes of one round that make a block final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Justification {
    /// The round.
    pub round: u64,
    /// The votes.
    pub commit: Commit,
    /// Headers that link the votes' targets to the lowest one.
    pub votes_ancestries: Vec<Header>,
}

/// The block that is final, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Commit {
    /// Hash of the final block.
    pub target_hash: H256,
    /// Its number.
    pub target_number: u32,
    /// The votes.
    pub precommits: Vec<SignedPrecommit>,
}

/// One authority's vote for a block and all before it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedPrecommit {
    /// Hash of the block voted for.
    pub target_hash: H256,
    /// Its number.
    pub target_number: u32,
    /// ed25519.
    pub signature: [u8; 64],
    /// The voter.
    pub id: AuthorityId,
}

impl SignedPrecommit {
    /// What the voter signed.
    pub fn signed_bytes(&self, round: u64, set_id: u64) -> Vec<u8> {
        const PRECOMMIT: u8 = 1;
        (PRECOMMIT, self.target_hash, self.target_number, round, set_id).encode()
    }
}

/// A node's answer to `grandpa_proveFinality`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FinalityProof {
    /// Hash of the block that is proven final.
    pub block: H256,
    /// SCALE Justification.
    pub justification: Vec<u8>,
    /// Headers from the block after the one asked for to `block`.
    pub unknown_headers: Vec<Header>,
}
