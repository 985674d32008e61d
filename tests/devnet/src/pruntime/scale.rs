//! The SCALE payloads inside pRuntime's protobuf messages.
//!
//! They are written on the chain's own types, not on the bridge's, so that an encoding mistake of
//! the bridge cannot agree with itself here.

use parity_scale_codec::{Decode, Encode};
use sp_consensus_grandpa::AuthorityList;
use sp_runtime::generic;
use sp_runtime::traits::BlakeTwo256;

/// A header of the relay chain or of the parachain.
pub type Header = generic::Header<u32, BlakeTwo256>;

/// The nodes of a storage proof, in any order.
pub type StorageProof = Vec<Vec<u8>>;

/// Pairs of the top trie, child roots included as plain keys.
pub type StorageState = Vec<(Vec<u8>, Vec<u8>)>;

/// Changed keys of one trie: `None` deletes, `Some` of nothing stores an empty value.
pub type StorageCollection = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Changed keys of child tries, by child key without the `:child_storage:default:` prefix.
pub type ChildStorageCollection = Vec<(Vec<u8>, StorageCollection)>;

/// GRANDPA authorities and the id of their set.
#[derive(Clone, Debug, Encode, Decode)]
pub struct AuthoritySet {
    /// Ed25519 keys and weights.
    pub list: AuthorityList,
    /// Increases by one at each change.
    pub id: u64,
}

/// A new authority set with the proof of its list in the last header's state.
///
/// Current pRuntimes read the change from the header's digest and only decode this one.
#[derive(Clone, Debug, Encode, Decode)]
pub struct AuthoritySetChange {
    /// The set that signs the blocks after the change.
    pub authority_set: AuthoritySet,
    /// Proof of the list in the state of the change block.
    pub authority_proof: StorageProof,
}

/// Where the relay light client starts.
#[derive(Clone, Debug, Encode, Decode)]
pub struct GenesisBlockInfo {
    /// The relay block before the first one to be synced.
    pub block_header: Header,
    /// The set that signs the block after it.
    pub authority_set: AuthoritySet,
    /// Proof of the set's list in that block's state.
    pub proof: StorageProof,
}

/// A relay header and, on the last one of a run, its justification.
#[derive(Clone, Debug, Encode, Decode)]
pub struct HeaderToSync {
    /// The relay header.
    pub header: Header,
    /// SCALE GRANDPA justification.
    pub justification: Option<Vec<u8>>,
}

/// What one para block changed.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub struct StorageChanges {
    /// In the top trie.
    pub main_storage_changes: StorageCollection,
    /// In child tries.
    pub child_storage_changes: ChildStorageCollection,
}

/// One para block to dispatch. Of the header only the number is read.
#[derive(Clone, Debug, Encode, Decode)]
pub struct BlockHeaderWithChanges {
    /// The para header.
    pub block_header: Header,
    /// What the block changed.
    pub storage_changes: StorageChanges,
}

/// Body of the old binary call `sync_header`.
#[derive(Clone, Debug, Encode, Decode)]
pub struct SyncHeaderReq {
    /// A run of relay headers.
    pub headers: Vec<HeaderToSync>,
    /// Decoded and ignored.
    pub authority_set_change: Option<AuthoritySetChange>,
}

/// Body of the old binary call `sync_para_header`.
#[derive(Clone, Debug, Encode, Decode)]
pub struct SyncParachainHeaderReq {
    /// A run of para headers.
    pub headers: Vec<Header>,
    /// Proof of the last one in the relay state.
    pub proof: StorageProof,
}

/// Body of the old binary call `sync_combined_headers`.
#[derive(Clone, Debug, Encode, Decode)]
pub struct SyncCombinedHeadersReq {
    /// A run of relay headers.
    pub relaychain_headers: Vec<HeaderToSync>,
    /// Decoded and ignored.
    pub authority_set_change: Option<AuthoritySetChange>,
    /// A run of para headers.
    pub parachain_headers: Vec<Header>,
    /// Proof of the last para header in the last relay header's state.
    pub proof: StorageProof,
}
