//! Trie nodes by hash and place, counted, and dropped when nothing refers to them any more.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use memory_db::prefixed_key;
use parity_scale_codec::{Decode, Encode, Error, Input, Output};
use sp_core::{Blake2Hasher, H256, Hasher};
use sp_state_machine::{BackendTransaction, DefaultError, TrieBackendStorage};
use sp_trie::DBValue;

/// The encoding of an empty trie, which is never stored.
const NULL_NODE: [u8; 1] = [0];

/// The nodes of one state.
#[derive(Clone)]
pub(super) struct NodeStore {
    nodes: HashMap<Vec<u8>, (DBValue, i32)>,
    null: H256,
}

impl NodeStore {
    /// Counts in the nodes a change adds and counts out those it releases.
    pub(super) fn consolidate(&mut self, mut transaction: BackendTransaction<Blake2Hasher>) {
        for (key, (value, count)) in transaction.drain() {
            match self.nodes.entry(key) {
                Entry::Occupied(mut entry) => {
                    entry.get_mut().1 += count;
                    if entry.get().1 <= 0 {
                        entry.remove();
                    }
                }
                Entry::Vacant(entry) if count > 0 => {
                    entry.insert((value, count));
                }
                Entry::Vacant(_) => {}
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}

impl Default for NodeStore {
    fn default() -> Self {
        Self { nodes: HashMap::new(), null: Blake2Hasher::hash(&NULL_NODE) }
    }
}

impl TrieBackendStorage<Blake2Hasher> for NodeStore {
    fn get(
        &self,
        hash: &H256,
        prefix: (&[u8], Option<u8>),
    ) -> Result<Option<DBValue>, DefaultError> {
        if *hash == self.null {
            return Ok(Some(NULL_NODE.to_vec()));
        }
        let key = prefixed_key::<Blake2Hasher>(hash, prefix);
        Ok(self.nodes.get(&key).map(|(value, _)| value.clone()))
    }
}

impl Encode for NodeStore {
    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        let nodes: Vec<_> =
            self.nodes.iter().map(|(key, (value, count))| (key, value, count)).collect();
        nodes.encode_to(output);
    }
}

impl Decode for NodeStore {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let nodes = Vec::<(Vec<u8>, DBValue, i32)>::decode(input)?;
        let nodes = nodes.into_iter().map(|(key, value, count)| (key, (value, count))).collect();
        Ok(Self { nodes, ..Self::default() })
    }
}
