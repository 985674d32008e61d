//! The parachain's state, rebuilt from its storage changes.

use std::collections::{BTreeMap, HashMap};

use hash_db::{AsHashDB, HashDB, HashDBRef, Prefix};
use sp_core::{Blake2Hasher, H256 as TrieHash, Hasher};
use sp_trie::{
    DBValue, KeySpacedDBMut, LayoutV0, Trie, TrieDBBuilder, delta_trie_root, empty_trie_root,
};
use subxt::utils::H256;

use crate::chain::keys::CHILD_STORAGE_PREFIX;
use crate::scale::storage::{StorageChanges, StorageCollection, StorageState};

/// The parachain's tries are of the older layout: every value stands in its node.
type Layout = LayoutV0<Blake2Hasher>;

/// Why storage changes do not lead to the next state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The changes give another state than the header promises.
    #[error("the storage changes give state root {found:?}, the header says {expected:?}")]
    RootMismatch {
        /// Of the header.
        expected: H256,
        /// Of the state with the changes.
        found: H256,
    },
    /// A node of the trie is missing: the state is damaged and must be built anew.
    #[error("the state trie is damaged: {0}")]
    Damaged(String),
}

/// The whole state trie of the parachain at one block, in memory.
pub struct ParaState {
    nodes: HashMap<TrieHash, Node>,
    root: TrieHash,
}

/// A trie node and how often it stands in the tries; below zero in what a block changes.
struct Node {
    references: i64,
    value: DBValue,
}

/// The contents of child tries, each under its key without the prefix that all of them share.
pub type ChildStates = Vec<(Vec<u8>, StorageState)>;

impl ParaState {
    /// A state of these pairs of the top trie, and of what the child tries hold whose roots are
    /// among the pairs.
    pub fn new(
        pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
        children: ChildStates,
    ) -> Result<Self, StateError> {
        let mut state = Self { nodes: HashMap::new(), root: empty_trie_root::<Layout>() };
        let mut overlay = Overlay::new(&state.nodes);
        let changes = pairs.into_iter().map(|(key, value)| (key, Some(value)));
        let root = next_root(&mut overlay, state.root, changes.collect())?;
        for (child, pairs) in children {
            let expected = child_root(&overlay, root, &[CHILD_STORAGE_PREFIX, &child].concat())?;
            let changes = pairs.into_iter().map(|(key, value)| (key, Some(value)));
            let mut spaced = KeySpacedDBMut::new(&mut overlay, &child);
            let found = next_root(&mut spaced, empty_trie_root::<Layout>(), changes.collect())?;
            if found != expected {
                let (expected, found) = (H256(expected.0), H256(found.0));
                return Err(StateError::RootMismatch { expected, found });
            }
        }
        let changes = overlay.changes;
        state.merge(changes, root);
        Ok(state)
    }

    /// Root of the trie.
    pub fn root(&self) -> H256 {
        H256(self.root.0)
    }

    /// Number of trie nodes held.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Goes on to the next block's state. If the changes do not give `expected`, or something else
    /// is wrong, the state stays as it was.
    pub fn apply(&mut self, changes: StorageChanges, expected: H256) -> Result<(), StateError> {
        let mut overlay = Overlay::new(&self.nodes);
        let mut main = changes.main_storage_changes;
        for (child, delta) in changes.child_storage_changes {
            let key = [CHILD_STORAGE_PREFIX, &child].concat();
            let root = child_root(&overlay, self.root, &key)?;
            let next = {
                let mut spaced = KeySpacedDBMut::new(&mut overlay, &child);
                next_root(&mut spaced, root, delta)?
            };
            let value = (next != empty_trie_root::<Layout>()).then(|| next.0.to_vec());
            main.push((key, value));
        }
        let root = next_root(&mut overlay, self.root, main)?;
        if root.0 != expected.0 {
            return Err(StateError::RootMismatch { expected, found: H256(root.0) });
        }
        let changes = overlay.changes;
        self.merge(changes, root);
        Ok(())
    }

    /// Hands every pair of the top trie to `visit`, in order of the keys, until it fails.
    pub fn visit<E: From<StateError>>(
        &self,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let overlay = Overlay::new(&self.nodes);
        let trie = TrieDBBuilder::<Layout>::new(&overlay, &self.root).build();
        for pair in trie.iter().map_err(damaged)? {
            let (key, value) = pair.map_err(damaged)?;
            visit(&key, &value)?;
        }
        Ok(())
    }

    /// What the child tries hold.
    pub fn children(&self) -> Result<ChildStates, StateError> {
        let overlay = Overlay::new(&self.nodes);
        let trie = TrieDBBuilder::<Layout>::new(&overlay, &self.root).build();
        let mut children = ChildStates::new();
        let mut roots = trie.iter().map_err(damaged)?;
        roots.seek(CHILD_STORAGE_PREFIX).map_err(damaged)?;
        for entry in roots {
            let (key, _) = entry.map_err(damaged)?;
            let Some(child) = key.strip_prefix(CHILD_STORAGE_PREFIX) else { break };
            let root = child_root(&overlay, self.root, &key)?;
            let trie = TrieDBBuilder::<Layout>::new(&overlay, &root).build();
            let pairs = trie.iter().map_err(damaged)?.collect::<Result<StorageState, _>>();
            children.push((child.to_vec(), pairs.map_err(damaged)?));
        }
        Ok(children)
    }

    fn merge(&mut self, changes: HashMap<TrieHash, Node>, root: TrieHash) {
        for (hash, change) in changes {
            if change.references == 0 {
                continue;
            }
            let node = self.nodes.entry(hash).or_insert(Node { references: 0, value: Vec::new() });
            node.references += change.references;
            if node.value.is_empty() {
                node.value = change.value;
            }
            if node.references <= 0 {
                self.nodes.remove(&hash);
            }
        }
        self.root = root;
    }
}

fn damaged(error: impl std::fmt::Display) -> StateError {
    StateError::Damaged(error.to_string())
}

pub(super) fn next_root<DB: HashDB<Blake2Hasher, DBValue>>(
    nodes: &mut DB,
    root: TrieHash,
    delta: StorageCollection,
) -> Result<TrieHash, StateError> {
    // Of a key given twice the last value counts.
    let mut delta: BTreeMap<Vec<u8>, Option<Vec<u8>>> = delta.into_iter().collect();
    // The trie may fail on deleting a key it does not hold, which is nothing to do anyway.
    let trie = nodes.as_hash_db();
    let trie = TrieDBBuilder::<Layout>::new(&trie, &root).build();
    let mut absent = Vec::new();
    for (key, _) in delta.iter().filter(|(_, value)| value.is_none()) {
        if !trie.contains(key).map_err(damaged)? {
            absent.push(key.clone());
        }
    }
    for key in absent {
        delta.remove(&key);
    }
    delta_trie_root::<Layout, _, _, _, _, _>(nodes, root, delta, None, None).map_err(damaged)
}

/// Root of the child trie under `key` before the block.
fn child_root(nodes: &Overlay<'_>, root: TrieHash, key: &[u8]) -> Result<TrieHash, StateError> {
    let trie = TrieDBBuilder::<Layout>::new(nodes, &root).build();
    match trie.get(key).map_err(damaged)? {
        None => Ok(empty_trie_root::<Layout>()),
        Some(value) => <[u8; 32]>::try_from(value)
            .map(TrieHash)
            .map_err(|_| damaged("the root of a child trie has not 32 bytes")),
    }
}

/// Nodes of the state with a block's changes on top, which may still be thrown away.
struct Overlay<'a> {
    base: &'a HashMap<TrieHash, Node>,
    changes: HashMap<TrieHash, Node>,
}

impl<'a> Overlay<'a> {
    fn new(base: &'a HashMap<TrieHash, Node>) -> Self {
        Self { base, changes: HashMap::new() }
    }

    fn change(&mut self, hash: TrieHash) -> &mut Node {
        self.changes.entry(hash).or_insert(Node { references: 0, value: Vec::new() })
    }

    fn node(&self, hash: &TrieHash) -> Option<DBValue> {
        if *hash == empty_trie_root::<Layout>() {
            return Some(EMPTY_TRIE.to_vec());
        }
        let changed = self.changes.get(hash).filter(|node| !node.value.is_empty());
        changed.or_else(|| self.base.get(hash)).map(|node| node.value.clone())
    }
}

/// The node of the empty trie; never stored.
const EMPTY_TRIE: &[u8] = &[0];

impl HashDB<Blake2Hasher, DBValue> for Overlay<'_> {
    fn get(&self, key: &TrieHash, _: Prefix<'_>) -> Option<DBValue> {
        self.node(key)
    }

    fn contains(&self, key: &TrieHash, _: Prefix<'_>) -> bool {
        self.node(key).is_some()
    }

    fn insert(&mut self, prefix: Prefix<'_>, value: &[u8]) -> TrieHash {
        let hash = Blake2Hasher::hash(value);
        self.emplace(hash, prefix, value.to_vec());
        hash
    }

    fn emplace(&mut self, key: TrieHash, _: Prefix<'_>, value: DBValue) {
        if value != EMPTY_TRIE {
            let node = self.change(key);
            node.references += 1;
            node.value = value;
        }
    }

    fn remove(&mut self, key: &TrieHash, _: Prefix<'_>) {
        if *key != empty_trie_root::<Layout>() {
            self.change(*key).references -= 1;
        }
    }
}

impl HashDBRef<Blake2Hasher, DBValue> for Overlay<'_> {
    fn get(&self, key: &TrieHash, _: Prefix<'_>) -> Option<DBValue> {
        self.node(key)
    }

    fn contains(&self, key: &TrieHash, _: Prefix<'_>) -> bool {
        self.node(key).is_some()
    }
}

impl AsHashDB<Blake2Hasher, DBValue> for Overlay<'_> {
    fn as_hash_db(&self) -> &dyn HashDB<Blake2Hasher, DBValue> {
        self
    }

    fn as_hash_db_mut<'b>(&'b mut self) -> &'b mut (dyn HashDB<Blake2Hasher, DBValue> + 'b) {
        self
    }
}

#[cfg(test)]
mod tests;
