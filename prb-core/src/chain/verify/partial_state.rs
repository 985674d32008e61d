//! Whether storage changes lead from one state to the next, without having either.

use std::collections::BTreeMap;

use sp_core::{Blake2Hasher, H256 as TrieHash};
use sp_trie::{
    LayoutV0, MemoryDB, StorageProof as TrieNodes, Trie, TrieDBBuilder, delta_trie_root,
};
use subxt::utils::H256;

use crate::scale::storage::{StorageChanges, StorageCollection, StorageProof};

/// The parachain's tries are of the older layout.
type Layout = LayoutV0<Blake2Hasher>;

/// Whether `changes` of a block lead from the state root `before` to `after`, by trie nodes of the
/// former that prove the changed keys. `None` where these do not decide it: a deletion may move a
/// node next to the deleted key, and child tries are not looked into.
pub fn lead_to(
    before: H256,
    nodes: StorageProof,
    changes: StorageChanges,
    after: H256,
) -> Option<bool> {
    if !changes.child_storage_changes.is_empty() {
        return None;
    }
    let mut nodes = TrieNodes::new(nodes).into_memory_db::<Blake2Hasher>();
    let root = next_root(&mut nodes, TrieHash(before.0), changes.main_storage_changes)?;
    Some(root.0 == after.0)
}

/// The root after these changes, if the nodes suffice.
fn next_root(
    nodes: &mut MemoryDB<Blake2Hasher>,
    root: TrieHash,
    delta: StorageCollection,
) -> Option<TrieHash> {
    // Of a key given twice the last value counts.
    let mut delta: BTreeMap<Vec<u8>, Option<Vec<u8>>> = delta.into_iter().collect();
    // The trie may fail on deleting a key it does not hold, which is nothing to do anyway.
    let trie = TrieDBBuilder::<Layout>::new(nodes, &root).build();
    let mut absent = Vec::new();
    for (key, _) in delta.iter().filter(|(_, value)| value.is_none()) {
        if !trie.contains(key).ok()? {
            absent.push(key.clone());
        }
    }
    for key in absent {
        delta.remove(&key);
    }
    delta_trie_root::<Layout, _, _, _, _, _>(nodes, root, delta, None, None).ok()
}

#[cfg(test)]
mod tests {
    use sp_trie::{LayoutV0, MemoryDB, TrieDBMutBuilder, TrieMut};

    use super::*;

    #[test]
    fn nodes_decide_between_right_and_wrong_changes_and_too_few_decide_nothing() {
        let mut nodes = MemoryDB::<Blake2Hasher>::default();
        let mut before = TrieHash::default();
        {
            let builder = TrieDBMutBuilder::<LayoutV0<Blake2Hasher>>::new(&mut nodes, &mut before);
            let mut trie = builder.build();
            (0..200_u8).for_each(|key| drop(trie.insert(&[key; 4], &[key; 40]).unwrap()));
        }
        let proof: StorageProof =
            nodes.clone().drain().into_values().map(|(node, _)| node).collect();
        let change = |key: u8, value: Option<&[u8]>| (vec![key; 4], value.map(<[u8]>::to_vec));
        let main = vec![change(7, Some(b"new")), change(9, None), change(250, None)];
        let changes =
            StorageChanges { main_storage_changes: main, child_storage_changes: Vec::new() };
        let mut after = nodes.clone();
        let after = next_root(&mut after, before, changes.main_storage_changes.clone()).unwrap();
        let [before, after] = [before, after].map(|root| H256(root.0));

        assert_eq!(lead_to(before, proof.clone(), changes.clone(), after), Some(true));
        let mut wrong = changes.clone();
        wrong.main_storage_changes[0].1 = Some(Vec::new());
        assert_eq!(lead_to(before, proof.clone(), wrong, after), Some(false));
        assert_eq!(lead_to(before, proof[..3].to_vec(), changes.clone(), after), None);
        let mut children = changes;
        children.child_storage_changes.push((b"child".to_vec(), Vec::new()));
        assert_eq!(lead_to(before, proof, children, after), None);
    }
}
