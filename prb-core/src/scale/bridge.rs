//! What a bridge sends to pRuntime.

use parity_scale_codec::{Decode, Encode};

use super::grandpa::AuthoritySet;
use super::header::Header;
use super::storage::{StorageChanges, StorageProof};

/// The next authority set and its proof, sent with the run of headers that ends at the change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AuthoritySetChange {
    /// The set that signs from the next block on.
    pub authority_set: AuthoritySet,
    /// Proves the list against the state of the block that changes the set.
    pub authority_proof: StorageProof,
}

/// The relay chain block a worker starts from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GenesisBlockInfo {
    /// Its header.
    pub block_header: Header,
    /// The set that signs the blocks after it.
    pub authority_set: AuthoritySet,
    /// Proves the list against its state.
    pub proof: StorageProof,
}

/// A relay chain header on its way to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeaderToSync {
    /// The header.
    pub header: Header,
    /// SCALE Justification without the engine's id; wanted on the last header of a run.
    pub justification: Option<Vec<u8>>,
}

/// A parachain block on its way to a worker, who reads the number and the changes only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BlockHeaderWithChanges {
    /// Its header.
    pub block_header: Header,
    /// What it changed.
    pub storage_changes: StorageChanges,
}

/// SCALE [`HeaderToSync`] around the SCALE bytes of a header.
///
/// ```
/// use parity_scale_codec::{DecodeAll, Encode};
/// use prb_core::scale::bridge::{HeaderToSync, header_to_sync};
/// # use prb_core::scale::header::Header;
/// # let header = Header {
/// #     parent_hash: Default::default(),
/// #     number: 7,
/// #     state_root: Default::default(),
/// #     extrinsics_root: Default::default(),
/// #     digest: Vec::new(),
/// # };
/// let item = header_to_sync(&header.encode(), Some(&[1, 2]));
/// let decoded = HeaderToSync::decode_all(&mut &item[..])?;
/// assert_eq!((decoded.header, decoded.justification), (header, Some(vec![1, 2])));
/// # Ok::<_, parity_scale_codec::Error>(())
/// ```
pub fn header_to_sync(header: &[u8], justification: Option<&[u8]>) -> Vec<u8> {
    let mut item = Vec::with_capacity(header.len() + justification.size_hint());
    item.extend_from_slice(header);
    justification.encode_to(&mut item);
    item
}

/// SCALE [`BlockHeaderWithChanges`] around the SCALE bytes of a header and of its changes.
pub fn block_header_with_changes(header: &[u8], storage_changes: &[u8]) -> Vec<u8> {
    [header, storage_changes].concat()
}
