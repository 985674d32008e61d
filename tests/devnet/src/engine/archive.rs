//! The archive: every trie node ever written, so that every block's state stays readable.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use sp_core::Hasher;
use sp_core::storage::{StateVersion, Storage};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::backend::BackendTransaction;
use sp_state_machine::{
    Backend, IterArgs, TrieBackend, TrieBackendBuilder, TrieBackendStorage,
    prove_read_on_trie_backend,
};
use trie_db::DBValue;

use super::Hash;

/// The state below one root, read from the archive.
pub type State = TrieBackend<Archive, BlakeTwo256>;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The encoding of the empty trie's only node.
const EMPTY_TRIE: [u8; 1] = [0];
const HASH_BYTES: usize = 32;

/// Trie nodes by their hash, shared by all readers and never deleted.
///
/// Nodes are content addressed, so the states of all blocks live side by side and a block costs
/// only the nodes it changed.
#[derive(Clone)]
pub struct Archive {
    nodes: Arc<RwLock<HashMap<Hash, DBValue>>>,
}

impl Archive {
    /// An archive holding the empty state alone.
    pub fn new() -> Self {
        let empty = (BlakeTwo256::hash(&EMPTY_TRIE), EMPTY_TRIE.to_vec());
        Self { nodes: Arc::new(RwLock::new(HashMap::from([empty]))) }
    }

    /// Adds the nodes a block's execution created.
    pub fn commit(&self, mut transaction: BackendTransaction<BlakeTwo256>) {
        let mut nodes = self.nodes.write();
        for (key, (node, references)) in transaction.drain() {
            // Keys are the node's place in its trie followed by its hash; only the hash is needed,
            // and a negative count only says that a newer state no longer uses an old node.
            if references > 0 && key.len() >= HASH_BYTES {
                nodes.insert(Hash::from_slice(&key[key.len() - HASH_BYTES..]), node);
            }
        }
    }

    /// Writes a genesis state and returns its root.
    pub fn commit_genesis(&self, genesis: &Storage, version: StateVersion) -> Hash {
        let children = genesis.children_default.values().map(|child| {
            let data = child.data.iter().map(|(key, value)| (&key[..], Some(&value[..])));
            (&child.child_info, data)
        });
        let top = genesis.top.iter().map(|(key, value)| (&key[..], Some(&value[..])));
        let empty = self.state(BlakeTwo256::hash(&EMPTY_TRIE));
        let (root, transaction) = empty.full_storage_root(top, children, version);
        self.commit(transaction);
        root
    }

    /// The state below `root`. Reading a root that was never committed gives errors, not panics.
    pub fn state(&self, root: Hash) -> State {
        TrieBackendBuilder::new(self.clone(), root).build()
    }

    /// Number of trie nodes held.
    pub fn node_count(&self) -> usize {
        self.nodes.read().len()
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("nodes", &self.node_count()).finish()
    }
}

impl TrieBackendStorage<BlakeTwo256> for Archive {
    fn get(&self, key: &Hash, _prefix: (&[u8], Option<u8>)) -> Result<Option<DBValue>, String> {
        Ok(self.nodes.read().get(key).cloned())
    }
}

/// The trie nodes that prove the presence or absence of `keys` below the state's root.
pub fn read_proof<K: AsRef<[u8]>>(
    state: &State,
    keys: impl IntoIterator<Item = K>,
) -> Result<Vec<Vec<u8>>, String> {
    let proof = prove_read_on_trie_backend(state, keys).map_err(|error| error.to_string())?;
    Ok(proof.into_iter_nodes().collect())
}

/// All keys beginning with `prefix` after `start`, in order.
pub fn keys_after<'a>(
    state: &'a State,
    prefix: Option<&'a [u8]>,
    start: Option<&'a [u8]>,
) -> Result<impl Iterator<Item = Result<Vec<u8>, String>> + 'a, String> {
    let mut range = IterArgs::default();
    range.prefix = prefix;
    range.start_at = start;
    range.start_at_exclusive = true;
    state.keys(range)
}

/// All pairs whose key begins with `prefix`, in order of keys.
pub fn pairs<'a>(
    state: &'a State,
    prefix: &'a [u8],
) -> Result<impl Iterator<Item = Result<Pair, String>> + 'a, String> {
    let mut range = IterArgs::default();
    range.prefix = Some(prefix);
    state.pairs(range)
}

#[cfg(test)]
mod tests;
