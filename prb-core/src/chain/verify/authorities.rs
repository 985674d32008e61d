//! Who signs next.

use parity_scale_codec::Decode;

use super::storage_proof::{Proof, ProofError};
use crate::chain::keys;
use crate::scale::grandpa::{AuthorityList, ConsensusLog, VersionedAuthorityList};
use crate::scale::header::{DigestItem, GRANDPA, Header};

/// Why it is not known who signs after a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// pRuntime refuses such a change.
    #[error("the change of authorities in block {number} has a delay of {delay} blocks")]
    Delayed {
        /// The block.
        number: u32,
        /// Blocks.
        delay: u32,
    },
    /// A set without weight can sign nothing; pRuntime would end itself.
    #[error("the change of authorities in block {number} leaves none with weight")]
    Empty {
        /// The block.
        number: u32,
    },
    /// The proof is no proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The state holds no authorities.
    #[error("the state holds no authorities")]
    Missing,
    /// The header and the state disagree.
    #[error("block {number} announces other authorities than its state holds")]
    Mismatch {
        /// The block.
        number: u32,
    },
}

/// The authorities that a header appoints from the next block on, if it does.
///
/// Only the first GRANDPA item that is a scheduled change counts.
pub fn scheduled_change(header: &Header) -> Result<Option<AuthorityList>, ChangeError> {
    let logs = header.digest.iter().filter_map(|item| match item {
        DigestItem::Consensus(GRANDPA, log) => ConsensusLog::decode(&mut &log[..]).ok(),
        _ => None,
    });
    let number = header.number;
    for log in logs {
        if let ConsensusLog::ScheduledChange { next, delay } = log {
            return match (delay, next.iter().any(|(_, weight)| *weight > 0)) {
                (0, true) => Ok(Some(next)),
                (0, false) => Err(ChangeError::Empty { number }),
                _ => Err(ChangeError::Delayed { number, delay }),
            };
        }
    }
    Ok(None)
}

/// The keys a proof of authorities must cover: the newer one decides where it exists, and where it
/// does not its absence must be proven.
pub fn authority_keys() -> [Vec<u8>; 2] {
    [keys::grandpa_authorities(), keys::GRANDPA_AUTHORITIES_WELL_KNOWN.to_vec()]
}

/// The authorities in a relay chain's state.
pub fn proven_authorities(proof: &Proof) -> Result<AuthorityList, ChangeError> {
    let undecodable = |_| ProofError::Undecodable { what: "list of authorities" };
    let [newer, older] = authority_keys();
    if let Some(value) = proof.value(&newer)? {
        return Ok(AuthorityList::decode(&mut &value[..]).map_err(undecodable)?);
    }
    let value = proof.value(&older)?.ok_or(ChangeError::Missing)?;
    Ok(VersionedAuthorityList::decode(&mut &value[..]).map_err(undecodable)?.list)
}
