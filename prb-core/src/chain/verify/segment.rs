//! Runs of relay chain headers that end in a justified one.

use std::sync::Arc;

use bytes::Bytes;
use subxt::utils::H256;

use super::authorities::{ChangeError, authority_keys, proven_authorities, scheduled_change};
use super::headers::{LinkError, continue_chain};
use super::justification::{self, JustificationError};
use super::storage_proof::{Proof, ProofError, para_head};
use crate::chain::keys;
use crate::scale::bridge::AuthoritySetChange;
use crate::scale::grandpa::AuthoritySet;
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageProof;

/// How far the relay chain is verified, and who signs from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayPosition {
    /// The last final block.
    pub number: u32,
    /// Its hash.
    pub hash: H256,
    /// The set that signs the next blocks.
    pub set: Arc<AuthoritySet>,
}

impl RelayPosition {
    /// The block wanted next.
    pub fn next(&self) -> u32 {
        self.number.saturating_add(1)
    }
}

/// What a node gives for a segment; nothing in it is believed.
#[derive(Clone, Debug)]
pub struct SegmentCandidate {
    /// Headers from the wanted block on.
    pub headers: Vec<EncodedHeader>,
    /// SCALE Justification of the last one.
    pub justification: Bytes,
    /// Trie nodes for the parachain's head at the last one, and for the authorities if it changes
    /// them.
    pub proof: StorageProof,
}

/// A segment that pRuntime will accept.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Headers, the last one justified.
    pub headers: Vec<EncodedHeader>,
    /// SCALE Justification of the last one.
    pub justification: Bytes,
    /// The set that signed it.
    pub set_id: u64,
    /// The next set, if the last header changes it.
    pub change: Option<AuthoritySetChange>,
    /// The parachain's head at the last header, absent before its first one.
    pub para_head: Option<EncodedHeader>,
    /// Proves that head.
    pub para_proof: StorageProof,
}

/// Why a segment is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// There are no headers.
    #[error("there are no headers")]
    Empty,
    /// The headers do not continue our chain.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The last header is not final.
    #[error(transparent)]
    Justification(#[from] JustificationError),
    /// A header before the last changes the authorities: pRuntime would miss the change.
    #[error("block {0} changes the authorities and is not the last of its segment")]
    HiddenChange(u32),
    /// The change of authorities cannot be followed.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The parachain's head is not proven.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// The keys a candidate's proof must decide at its last header.
pub fn proof_keys(para_id: u32, last: &EncodedHeader) -> Vec<Vec<u8>> {
    let mut proof_keys = vec![keys::paras_head(para_id)];
    if matches!(scheduled_change(last.header()), Ok(Some(_))) {
        proof_keys.extend(authority_keys());
    }
    proof_keys
}

/// The number of headers up to, including, the first that changes the authorities; all of them if
/// none does. What comes after it is signed by another set.
pub fn period_length(headers: &[EncodedHeader]) -> Result<usize, SegmentError> {
    for (index, header) in headers.iter().enumerate() {
        if scheduled_change(header.header())?.is_some() {
            return Ok(index + 1);
        }
    }
    Ok(headers.len())
}

/// Checks a candidate all through, and gives the position after it.
pub fn verify(
    position: &RelayPosition,
    para_id: u32,
    candidate: SegmentCandidate,
) -> Result<(Segment, RelayPosition), SegmentError> {
    let SegmentCandidate { headers, justification, proof } = candidate;
    let last = headers.last().ok_or(SegmentError::Empty)?.clone();
    continue_chain(position.hash, position.next(), &headers)?;
    let length = period_length(&headers)?;
    if let Some(hidden) = headers.get(length - 1).filter(|_| length < headers.len()) {
        return Err(SegmentError::HiddenChange(hidden.number()));
    }
    justification::verify(&justification, &position.set, last.hash(), last.number())?;

    let proof = Proof::new(last.header().state_root, proof);
    let head = para_head(&proof, para_id)?;
    let para_proof = match head {
        Some(_) => proof.nodes_for(&[&keys::paras_head(para_id)])?,
        None => StorageProof::new(),
    };
    let mut set = position.set.clone();
    let mut change = None;
    if let Some(list) = scheduled_change(last.header())? {
        if proven_authorities(&proof)? != list {
            return Err(ChangeError::Mismatch { number: last.number() }.into());
        }
        let next = AuthoritySet { list, id: set.id + 1 };
        let [newer, older] = authority_keys();
        let authority_proof = proof.nodes_for(&[&newer, &older])?;
        set = Arc::new(next.clone());
        change = Some(AuthoritySetChange { authority_set: next, authority_proof });
    }
    let next = RelayPosition { number: last.number(), hash: last.hash(), set };
    let set_id = position.set.id;
    Ok((Segment { headers, justification, set_id, change, para_head: head, para_proof }, next))
}

#[cfg(test)]
mod tests;
