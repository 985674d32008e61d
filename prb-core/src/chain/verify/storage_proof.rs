//! What trie nodes prove about a state.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use hash_db::{HashDBRef, Prefix};
use parity_scale_codec::Decode;
use sp_core::{Blake2Hasher, H256 as TrieHash};
use sp_crypto_hashing::blake2_256;
use sp_trie::{DBValue, LayoutV1, Trie, TrieDBBuilder};
use subxt::utils::H256;

use crate::chain::keys;
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageProof;

/// Why trie nodes do not prove what they should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Neither a value nor its absence follows from the nodes.
    #[error("the proof does not decide key 0x{}: {reason}", hex::encode(key))]
    Undecided {
        /// The key asked for.
        key: Vec<u8>,
        /// What the trie says.
        reason: String,
    },
    /// The proven value does not decode.
    #[error("the proven {what} does not decode")]
    Undecodable {
        /// What it should be.
        what: &'static str,
    },
}

/// Trie nodes that belong to one state root.
pub struct Proof {
    root: TrieHash,
    nodes: HashMap<TrieHash, DBValue>,
}

impl Proof {
    /// Nodes against the state root of a header.
    pub fn new(root: H256, nodes: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let nodes = nodes.into_iter().map(|node| (TrieHash(blake2_256(&node)), node)).collect();
        Self { root: TrieHash(root.0), nodes }
    }

    /// The proven value under `key`; `None` if its absence is proven.
    pub fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ProofError> {
        self.value_and_nodes(key).map(|(value, _)| value)
    }

    /// Only those nodes that `keys` need: a node may give several proofs at once.
    pub fn nodes_for(&self, keys: &[&[u8]]) -> Result<StorageProof, ProofError> {
        let mut needed = Vec::new();
        for key in keys {
            for hash in self.value_and_nodes(key)?.1 {
                if !needed.contains(&hash) {
                    needed.push(hash);
                }
            }
        }
        Ok(needed.iter().filter_map(|hash| self.nodes.get(hash).cloned()).collect())
    }

    fn value_and_nodes(&self, key: &[u8]) -> Result<(Option<Vec<u8>>, Vec<TrieHash>), ProofError> {
        let recording = Recording { nodes: &self.nodes, read: Mutex::default() };
        let undecided = |reason: String| ProofError::Undecided { key: key.to_vec(), reason };
        // The newer layout's reader reads the older one too.
        let value = TrieDBBuilder::<LayoutV1<Blake2Hasher>>::new(&recording, &self.root)
            .build()
            .get(key)
            .map_err(|error| undecided(error.to_string()))?;
        let read = recording.read.into_inner().map_err(|error| undecided(error.to_string()))?;
        Ok((value, read))
    }
}

/// Remembers which nodes a lookup reads.
struct Recording<'a> {
    nodes: &'a HashMap<TrieHash, DBValue>,
    read: Mutex<Vec<TrieHash>>,
}

impl HashDBRef<Blake2Hasher, DBValue> for Recording<'_> {
    fn get(&self, key: &TrieHash, _: Prefix<'_>) -> Option<DBValue> {
        let value = self.nodes.get(key)?.clone();
        if let Ok(mut read) = self.read.lock() {
            read.push(*key);
        }
        Some(value)
    }

    fn contains(&self, key: &TrieHash, _: Prefix<'_>) -> bool {
        self.nodes.contains_key(key)
    }
}

/// The parachain's header that the relay chain's state commits to, `None` before its first one.
pub fn para_head(proof: &Proof, para_id: u32) -> Result<Option<EncodedHeader>, ProofError> {
    let Some(value) = proof.value(&keys::paras_head(para_id))? else { return Ok(None) };
    let undecodable = || ProofError::Undecodable { what: "parachain head" };
    let head = Vec::<u8>::decode(&mut &value[..]).map_err(|_| undecodable())?;
    EncodedHeader::decode(Bytes::from(head)).map(Some).map_err(|_| undecodable())
}
