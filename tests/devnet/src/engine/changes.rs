//! What a block wrote: the storage changes from which another party rebuilds the block's state.

use std::sync::Arc;

use parity_scale_codec::{Decode, Encode};
use sp_core::storage::Storage;

/// Changed keys and their new values; `None` deletes, `Some(empty)` stores an empty value.
pub type Collection = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// All storage changes of one block, in the field's SCALE layout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct StorageChanges {
    /// Changes of the main trie.
    pub main_storage_changes: Collection,
    /// Changes of child tries, by child key without the `:child_storage:default:` prefix.
    pub child_storage_changes: Vec<(Vec<u8>, Collection)>,
}

impl StorageChanges {
    /// The genesis block's changes: every pair of the main state, no child trie.
    pub fn of_genesis(genesis: &Storage) -> Self {
        let pairs = genesis.top.iter();
        Self {
            main_storage_changes: pairs.map(|(k, v)| (k.clone(), Some(v.clone()))).collect(),
            child_storage_changes: Vec::new(),
        }
    }
}

/// Storage changes kept encoded: they are served far more often as bytes than read.
#[derive(Clone, Debug)]
pub struct EncodedChanges(Arc<[u8]>);

impl EncodedChanges {
    /// The SCALE bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The changes themselves.
    pub fn decode(&self) -> StorageChanges {
        #[expect(clippy::expect_used, reason = "only `from` makes this value")]
        StorageChanges::decode(&mut &self.0[..]).expect("encoded by this type")
    }
}

impl From<&StorageChanges> for EncodedChanges {
    fn from(changes: &StorageChanges) -> Self {
        Self(changes.encode().into())
    }
}
