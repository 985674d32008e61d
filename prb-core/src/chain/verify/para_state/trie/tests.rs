use std::collections::BTreeMap;

use proptest::prelude::*;
use sp_core::Blake2Hasher;
use sp_trie::{LayoutV0, TrieConfiguration};

use super::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keys that share much of their paths, some long enough for long partial paths.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let short = prop::collection::vec(prop::sample::select(vec![0, 1, 16, 17, 255]), 0..5);
    let end = prop::sample::select(vec![0_usize, 0, 0, 30, 31, 32, 160, 300]);
    (short, end).prop_map(|(mut key, end)| {
        key.extend(std::iter::repeat_n(7, end));
        key
    })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let length = prop::sample::select(vec![0_usize, 1, 20, 33, 63, 64, 70, 20_000]);
    (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
}

fn root_of(model: &Model) -> TrieHash {
    LayoutV0::<Blake2Hasher>::trie_root(model)
}

proptest! {
    #[test]
    fn any_history_gives_the_root_that_the_library_gives_for_what_it_leaves(
        rounds in prop::collection::vec(
            prop::collection::vec((key(), prop::option::of(value())), 0..20),
            1..8,
        ),
    ) {
        let (mut trie, mut model) = (Trie::default(), Model::new());
        for changes in rounds {
            for (key, value) in changes {
                let before = match value.clone() {
                    Some(value) => model.insert(key.clone(), value),
                    None => model.remove(&key),
                };
                prop_assert_eq!(trie.set(&key, value.as_deref()).unwrap(), before.map(Vec::into_boxed_slice));
                prop_assert_eq!(trie.get(&key), model.get(&key).map(Vec::as_slice));
            }
            prop_assert_eq!(trie.root(), root_of(&model));
        }
        let mut pairs = Model::new();
        let mut last = None;
        trie.visit(|key, value| {
            assert!(last.as_deref() < Some(key), "in order");
            last = Some(key.to_vec());
            pairs.insert(key.to_vec(), value.to_vec());
        });
        prop_assert_eq!(&pairs, &model);
        for key in model.keys() {
            trie.set(key, None).unwrap();
        }
        prop_assert!(trie.is_empty());
    }
}

#[test]
fn a_key_that_would_make_the_trie_too_deep_is_refused_and_the_longest_one_is_not() {
    let mut trie = Trie::default();
    assert_eq!(trie.set(&[1; MAX_KEY + 1], Some(&[1][..])), Err(KeyTooLong(MAX_KEY + 1)));
    // As deep as it gets: a value at every byte of the way, the longest one first.
    let longest = [1; MAX_KEY];
    let mut model = Model::new();
    for length in (0..=MAX_KEY).rev() {
        trie.set(&longest[..length], Some(&[1][..])).unwrap();
        model.insert(longest[..length].to_vec(), vec![1]);
    }
    assert_eq!(trie.root(), root_of(&model));
    assert_eq!(trie.node_count(), MAX_KEY + 1);
}
