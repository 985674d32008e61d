//! Accepting runs of para headers.

use parity_scale_codec::Encode;

use super::{Chain, Link, SyncError, linked};
use crate::pruntime::light_client::ProofChecker;
use crate::pruntime::scale::{Header, StorageProof};
use crate::pruntime::storage_key;

impl Chain {
    /// Accepts a run of para headers whose last one is the para head in the state of the last
    /// accepted relay header, and returns the last accepted number. Using the relay root up means
    /// that another run needs another relay header first.
    ///
    /// The link to the run before is not checked: a fork between two runs passes here and ends in
    /// a state root that no block reaches.
    pub(crate) fn sync_para_headers(
        &mut self,
        mut headers: Vec<Header>,
        proof: StorageProof,
    ) -> Result<u32, SyncError> {
        let Link::Para { para_id, next_header, waiting_root } = &mut self.link else {
            return Err(SyncError::ChainModeMismatch);
        };
        headers.retain(|header| header.number >= *next_header);
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            return Ok(next_header.wrapping_sub(1));
        };
        if first.number != *next_header {
            return Err(SyncError::BlockNumberMismatch);
        }
        let root = waiting_root.ok_or(SyncError::RelaychainHeaderNotSynced)?;
        let head = ProofChecker::new(root, proof)
            .read(&storage_key::twox64_map("Paras", "Heads", para_id))?
            .ok_or_else(|| SyncError::StorageProofFailed("storage value unavailable".into()))?;
        // The relay chain stores the head as bytes: an encoded header, encoded once more.
        if head != last.encode().encode() {
            return Err(SyncError::StorageProofFailed("storage value mismatch".into()));
        }
        if !linked(headers.iter()) {
            return Err(SyncError::HeaderHashMismatch);
        }
        self.state_roots.extend(headers.iter().map(|header| header.state_root));
        *waiting_root = None;
        *next_header = last.number.wrapping_add(1);
        Ok(last.number)
    }
}
