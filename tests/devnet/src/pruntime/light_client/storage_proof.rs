//! Reading values out of a storage proof.

use sp_core::{Blake2Hasher, H256};
use sp_trie::{EMPTY_PREFIX, HashDBT, LayoutV1, MemoryDB, Trie, TrieDBBuilder};

use crate::pruntime::scale::StorageProof;

/// Nodes of the trie are missing from the proof, or it is of another root.
#[derive(Debug, thiserror::Error)]
#[error("Failed to read value from trie: {0}")]
pub(crate) struct ProofError(String);

/// A part of a trie, enough to read some keys.
pub(crate) struct ProofChecker {
    root: H256,
    nodes: MemoryDB<Blake2Hasher>,
}

impl ProofChecker {
    /// A proof is only looked at when a key is read.
    pub(crate) fn new(root: H256, proof: StorageProof) -> Self {
        let mut nodes = MemoryDB::default();
        for node in proof {
            nodes.insert(EMPTY_PREFIX, &node);
        }
        Self { root, nodes }
    }

    /// The value under a key, or `None` if the proof shows that there is none.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ProofError> {
        // Version 1 of the node format also reads version 0.
        TrieDBBuilder::<LayoutV1<Blake2Hasher>>::new(&self.nodes, &self.root)
            .build()
            .get(key)
            .map_err(|error| ProofError(format!("{error:?}")))
    }
}
