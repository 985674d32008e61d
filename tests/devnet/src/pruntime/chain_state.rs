//! The parachain's whole state trie, kept in memory as of the last dispatched block.

mod node_store;

use parity_scale_codec::{Decode, Encode};
use sp_core::storage::{ChildInfo, StateVersion};
use sp_core::{Blake2Hasher, H256};
use sp_state_machine::{Backend, BackendTransaction, TrieBackend, TrieBackendBuilder};
use sp_trie::{LayoutV0, empty_trie_root};

use super::scale::{StorageChanges, StorageState};
use super::storage_key;
use node_store::NodeStore;

/// The parachain's tries are of this version on the real networks.
const STATE_VERSION: StateVersion = StateVersion::V0;

/// The para id of a state that names none.
const DEFAULT_PARA_ID: u32 = 100;

/// A trie with its child tries and its root. Applying a block costs only what it changes.
#[derive(Clone, Encode, Decode)]
pub(crate) struct ChainState {
    nodes: NodeStore,
    root: H256,
}

/// The trie nodes a block's changes add and release.
pub(crate) struct Delta {
    /// The root after the changes.
    pub(crate) root: H256,
    nodes: BackendTransaction<Blake2Hasher>,
}

impl ChainState {
    /// A state of these pairs; of a key listed twice the last value counts.
    pub(crate) fn from_pairs(pairs: StorageState) -> Self {
        let mut state =
            Self { nodes: NodeStore::default(), root: empty_trie_root::<LayoutV0<Blake2Hasher>>() };
        let changes = StorageChanges {
            main_storage_changes: pairs.into_iter().map(|(k, v)| (k, Some(v))).collect(),
            child_storage_changes: Vec::new(),
        };
        let delta = state.delta(&changes);
        state.apply(delta);
        state
    }

    /// The root of the top trie.
    pub(crate) fn root(&self) -> H256 {
        self.root
    }

    /// What a block's changes would make of this state. Child tries come first: their computed
    /// roots win over whatever the top changes say of them.
    pub(crate) fn delta(&self, changes: &StorageChanges) -> Delta {
        let children: Vec<_> = changes
            .child_storage_changes
            .iter()
            .map(|(key, changes)| (ChildInfo::new_default(key), changes))
            .collect();
        let (root, nodes) = self.backend().full_storage_root(
            changes.main_storage_changes.iter().map(|(k, v)| (&k[..], v.as_deref())),
            children.iter().map(|(child, changes)| {
                (child, changes.iter().map(|(k, v)| (&k[..], v.as_deref())))
            }),
            STATE_VERSION,
        );
        Delta { root, nodes }
    }

    /// Moves to the state a delta of this state leads to.
    pub(crate) fn apply(&mut self, delta: Delta) {
        self.nodes.consolidate(delta.nodes);
        self.root = delta.root;
    }

    /// The value under a key of the top trie; `None` also where the node that would hold it is
    /// not in the loaded state.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.backend().storage(key).ok().flatten()
    }

    /// The decoded value under a key; `None` also if it does not decode.
    pub(crate) fn get_decoded<T: Decode>(&self, key: &[u8]) -> Option<T> {
        self.get(key).and_then(|value| T::decode(&mut &value[..]).ok())
    }

    /// Which parachain this is the state of.
    pub(crate) fn para_id(&self) -> u32 {
        self.get_decoded(&storage_key::value("ParachainInfo", "ParachainId"))
            .unwrap_or(DEFAULT_PARA_ID)
    }

    fn backend(&self) -> TrieBackend<&NodeStore, Blake2Hasher> {
        TrieBackendBuilder::new(&self.nodes, self.root).build()
    }
}

#[cfg(test)]
mod tests;
