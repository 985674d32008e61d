use sp_core::storage::Storage;
use sp_state_machine::read_proof_check;
use sp_trie::StorageProof;

use super::*;

fn genesis() -> Storage {
    let mut storage = Storage::default();
    for n in 0u8..200 {
        storage.top.insert(vec![n, n / 3, 7], vec![n; usize::from(n)]);
    }
    storage
}

#[test]
fn old_states_stay_readable_after_new_ones() {
    let archive = Archive::new();
    let first = archive.commit_genesis(&genesis(), StateVersion::V1);
    let state = archive.state(first);
    let (second, transaction) =
        state.storage_root([(&[5u8, 1, 7][..], Some(&b"new"[..]))].into_iter(), StateVersion::V1);
    archive.commit(transaction);
    assert_ne!(first, second);
    assert_eq!(archive.state(first).storage(&[5, 1, 7]), Ok(Some(vec![5; 5])));
    assert_eq!(archive.state(second).storage(&[5, 1, 7]), Ok(Some(b"new".to_vec())));
    assert_eq!(archive.state(second).storage(&[6, 2, 7]), Ok(Some(vec![6; 6])));
}

#[test]
fn the_state_version_decides_the_root() {
    let long = Storage {
        top: [(b"key".to_vec(), vec![1; 100])].into_iter().collect(),
        ..Storage::default()
    };
    let archive = Archive::new();
    let hashed = archive.commit_genesis(&long, StateVersion::V1);
    let inline = archive.commit_genesis(&long, StateVersion::V0);
    assert_ne!(hashed, inline);
    for root in [hashed, inline] {
        assert_eq!(archive.state(root).storage(b"key"), Ok(Some(vec![1; 100])));
    }
}

#[test]
fn a_proof_shows_presence_and_absence() {
    let archive = Archive::new();
    let root = archive.commit_genesis(&genesis(), StateVersion::V1);
    let keys = [vec![9u8, 3, 7], vec![250u8, 1]];
    let nodes = read_proof(&archive.state(root), &keys).unwrap();
    let read =
        read_proof_check::<BlakeTwo256, _>(root, StorageProof::new(nodes), keys.iter()).unwrap();
    assert_eq!(read[&keys[0]], Some(vec![9; 9]));
    assert_eq!(read[&keys[1]], None);
}

#[test]
fn an_unknown_root_is_an_error() {
    let archive = Archive::new();
    assert!(archive.state(Hash::repeat_byte(3)).storage(b"key").is_err());
}

#[test]
fn keys_come_in_pages_without_the_start_key() {
    let archive = Archive::new();
    let state = archive.state(archive.commit_genesis(&genesis(), StateVersion::V0));
    let all: Vec<_> = keys_after(&state, None, None).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.len(), 200);
    let rest: Vec<_> =
        keys_after(&state, None, Some(&all[9])).unwrap().map(Result::unwrap).collect();
    assert_eq!(rest, all[10..]);
    let one: Vec<_> = keys_after(&state, Some(&[4]), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(one, [vec![4, 1, 7]]);
    assert_eq!(pairs(&state, &[4]).unwrap().count(), 1);
}
