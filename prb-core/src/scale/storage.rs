//! State of the parachain and its changes.

use parity_scale_codec::{Decode, Encode};

/// Trie nodes in any order.
pub type StorageProof = Vec<Vec<u8>>;

/// A whole state: keys of the top trie with their values.
pub type StorageState = Vec<(Vec<u8>, Vec<u8>)>;

/// Changed keys. `None` deletes; `Some` of nothing stores an empty value, which is not the same.
pub type StorageCollection = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// What one block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct StorageChanges {
    /// In the top trie.
    pub main_storage_changes: StorageCollection,
    /// In child tries, each under its key without the prefix that all of them share.
    pub child_storage_changes: Vec<(Vec<u8>, StorageCollection)>,
}
