use std::collections::BTreeMap;

use proptest::prelude::*;
use sp_core::Hasher;
use sp_trie::{LayoutV0, TrieConfiguration};

use super::*;

fn changes(main: &[(&str, Option<&str>)]) -> StorageChanges {
    let owned = |text: &str| text.as_bytes().to_vec();
    StorageChanges {
        main_storage_changes: main.iter().map(|(k, v)| (owned(k), v.map(owned))).collect(),
        child_storage_changes: Vec::new(),
    }
}

fn root_of(pairs: &[(&str, &str)]) -> H256 {
    LayoutV0::<Blake2Hasher>::trie_root(pairs.iter().copied())
}

#[test]
fn changes_lead_to_the_root_of_the_resulting_pairs() {
    let mut state = ChainState::from_pairs(vec![(b"a".to_vec(), b"1".to_vec())]);
    let delta = state.delta(&changes(&[("b", Some("")), ("c", Some("3")), ("a", None)]));
    state.apply(delta);
    assert_eq!(state.root(), root_of(&[("b", ""), ("c", "3")]));
    assert_eq!(state.get(b"a"), None);
    assert_eq!(state.get(b"b"), Some(Vec::new()));
}

#[test]
fn an_empty_value_is_not_an_absent_one() {
    let state = ChainState::from_pairs(Vec::new());
    let stored = state.delta(&changes(&[("k", Some(""))])).root;
    let deleted = state.delta(&changes(&[("k", None)])).root;
    assert_ne!(stored, deleted);
    assert_eq!(deleted, Blake2Hasher::hash(&[0]));
}

#[test]
fn released_nodes_are_dropped() {
    let mut state = ChainState::from_pairs(Vec::new());
    let long = "v".repeat(40);
    for round in 0..100 {
        let key = format!("key-{round}");
        let delta = state.delta(&changes(&[(&key, Some(&long))]));
        state.apply(delta);
        let delta = state.delta(&changes(&[(&key, None)]));
        state.apply(delta);
    }
    assert_eq!(state.nodes.len(), 0);
    assert_eq!(state.root(), Blake2Hasher::hash(&[0]));
}

#[test]
fn a_checkpointed_state_reads_and_grows_as_before() {
    let pairs = (0..50u8).map(|n| (vec![n; 4], vec![n; 40])).collect();
    let mut state = ChainState::from_pairs(pairs);
    let mut restored = ChainState::decode(&mut &state.encode()[..]).expect("own encoding");
    for state in [&mut state, &mut restored] {
        let delta = state.delta(&changes(&[("new", Some("value"))]));
        state.apply(delta);
    }
    assert_eq!(restored.root(), state.root());
    assert_eq!(restored.get(&[7; 4]), Some(vec![7; 40]));
}

/// Changes of few keys with few values, so that they often meet.
fn any_changes() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    prop::collection::vec((0..24u8, prop::option::of(0..4u8)), 0..12)
}

/// Short and long values are stored in different kinds of nodes.
fn value(seed: u8) -> Vec<u8> {
    vec![seed; usize::from(seed) * 20]
}

/// Keys that share prefixes of different lengths.
fn storage_key_of(seed: u8) -> Vec<u8> {
    vec![seed / 12, seed / 3, seed]
}

proptest! {
    /// Whatever is written, deleted and written again: the root is that of the pairs left, nothing
    /// is left over, and a child trie counts like any value.
    #[test]
    fn any_history_ends_in_the_root_of_its_pairs(
        blocks in prop::collection::vec((any_changes(), any_changes()), 1..12),
    ) {
        let mut state = ChainState::from_pairs(Vec::new());
        let mut main = BTreeMap::new();
        let mut child = BTreeMap::new();
        for (in_main, in_child) in blocks {
            let collect = |changes: Vec<(u8, Option<u8>)>, pairs: &mut BTreeMap<_, _>| {
                let changes = changes.into_iter().map(|(k, v)| (storage_key_of(k), v.map(value)));
                let changes: Vec<_> = changes.collect();
                for (key, value) in &changes {
                    match value {
                        Some(value) => pairs.insert(key.clone(), value.clone()),
                        None => pairs.remove(key),
                    };
                }
                changes
            };
            let main_storage_changes = collect(in_main, &mut main);
            let child_storage_changes = vec![(b"child".to_vec(), collect(in_child, &mut child))];
            let delta = state.delta(&StorageChanges { main_storage_changes, child_storage_changes });
            state.apply(delta);
        }
        let mut pairs = main.clone();
        if !child.is_empty() {
            let root = LayoutV0::<Blake2Hasher>::trie_root(&child);
            pairs.insert(b":child_storage:default:child".to_vec(), root.encode());
        }
        prop_assert_eq!(state.root(), LayoutV0::<Blake2Hasher>::trie_root(&pairs));
        for (key, value) in main {
            prop_assert_eq!(state.get(&key), Some(value));
        }
        if pairs.is_empty() {
            prop_assert_eq!(state.nodes.len(), 0);
        }
    }
}
