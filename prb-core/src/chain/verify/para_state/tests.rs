use parity_scale_codec::DecodeAll;
use proptest::prelude::*;
use sp_core::Blake2Hasher;
use sp_trie::{LayoutV0, TrieConfiguration};

use super::*;
use crate::scale::bridge::BlockHeaderWithChanges;
use crate::scale::storage::{StorageChanges, StorageState};
use crate::test_vectors::Vectors;

fn recorded() -> (ParaState, Vec<BlockHeaderWithChanges>, &'static Vectors) {
    let vectors = Vectors::load();
    let pairs = StorageState::decode_all(&mut &vectors.genesis_state[..]).unwrap();
    let blocks = vectors.para[1..].iter().map(|block| {
        BlockHeaderWithChanges::decode_all(&mut &block.block_header_with_changes[..]).unwrap()
    });
    let blocks = blocks.collect();
    (ParaState::new(pairs, Vec::new()).unwrap(), blocks, vectors)
}

#[test]
fn a_recorded_chain_replays_to_each_headers_state_root() {
    let (mut state, blocks, vectors) = recorded();
    assert_eq!(state.root(), vectors.para[0].state_root);
    for (block, recorded) in blocks.into_iter().zip(&vectors.para[1..]) {
        state.apply(&block.storage_changes.borrowed(), recorded.state_root).unwrap();
        assert_eq!(state.root(), recorded.state_root);
    }
    let mut pairs: StorageState = Vec::new();
    state.visit(|key, value| pairs.push((key.to_vec(), value.to_vec())));
    let children = state.children();
    assert!(!children.is_empty(), "the recorded chain has child tries");
    let again = ParaState::new(pairs, children).unwrap();
    assert_eq!(again.root(), state.root());
    assert_eq!(again.node_count(), state.node_count(), "no dead node is kept");
}

#[test]
fn wrong_changes_are_refused_and_leave_the_state_as_it_was() {
    let (mut state, blocks, vectors) = recorded();
    let expected = vectors.para[1].state_root;
    let genuine = &blocks[0].storage_changes;
    let before = state.root();
    let mut wrong = genuine.clone();
    wrong.main_storage_changes.push((b"one more".to_vec(), Some(Vec::new())));
    let error = state.apply(&wrong.borrowed(), expected).unwrap_err();
    assert!(matches!(error, StateError::RootMismatch { .. }), "{error}");
    let mut wrong = genuine.clone();
    let value = wrong.main_storage_changes.iter_mut().find_map(|(_, value)| value.as_mut());
    value.unwrap().push(0);
    state.apply(&wrong.borrowed(), expected).unwrap_err();
    assert_eq!(state.root(), before);
    state.apply(&genuine.borrowed(), expected).unwrap();
}

type Layout = LayoutV0<Blake2Hasher>;
type Model = std::collections::BTreeMap<Vec<u8>, Vec<u8>>;

fn root_of(model: &Model) -> H256 {
    H256(Layout::trie_root(model).0)
}

fn change() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>)> {
    (
        prop::collection::vec(0_u8..4, 0..4),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
    )
}

proptest! {
    #[test]
    fn any_changes_lead_where_a_plain_map_leads(
        blocks in prop::collection::vec(prop::collection::vec(change(), 0..12), 1..12),
    ) {
        let mut model = Model::new();
        let mut state = ParaState::new(model.clone(), Vec::new()).unwrap();
        for delta in blocks {
            for (key, value) in delta.clone() {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            let changes = StorageChanges { main_storage_changes: delta, ..Default::default() };
            state.apply(&changes.borrowed(), root_of(&model)).unwrap();
        }
        let fresh = ParaState::new(model.clone(), Vec::new()).unwrap();
        prop_assert_eq!(fresh.node_count(), state.node_count());
    }

    #[test]
    fn child_tries_hang_in_the_top_trie_by_their_roots(
        blocks in prop::collection::vec(prop::collection::vec(change(), 1..8), 1..8),
    ) {
        let (mut top, mut child) = (Model::new(), Model::new());
        let mut state = ParaState::new(top.clone(), Vec::new()).unwrap();
        let key = [CHILD_STORAGE_PREFIX, b"child"].concat();
        for delta in blocks {
            for (key, value) in delta.clone() {
                match value {
                    Some(value) => child.insert(key, value),
                    None => child.remove(&key),
                };
            }
            if child.is_empty() {
                top.remove(&key);
            } else {
                top.insert(key.clone(), root_of(&child).0.to_vec());
            }
            let changes = StorageChanges {
                child_storage_changes: vec![(b"child".to_vec(), delta)],
                ..Default::default()
            };
            state.apply(&changes.borrowed(), root_of(&top)).unwrap();
        }
    }
}
