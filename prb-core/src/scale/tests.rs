//! Against bytes that real verification code accepted.

use bytes::Bytes;
use parity_scale_codec::{DecodeAll, Encode};
use proptest::prelude::*;
use subxt::utils::H256;

use super::bridge::{
    BlockHeaderWithChanges, GenesisBlockInfo, HeaderToSync, block_header_with_changes,
    header_to_sync,
};
use super::grandpa::Justification;
use super::header::{DigestItem, EncodedHeader, Header};
use super::storage::{StorageChanges, StorageChangesRef, StorageState};
use crate::test_vectors::Vectors;

fn same_bytes<T: Encode + DecodeAll>(bytes: &[u8]) -> T {
    let value = T::decode_all(&mut &bytes[..]).unwrap();
    assert_eq!(value.encode(), bytes);
    value
}

#[test]
fn every_recorded_payload_decodes_and_encodes_to_the_same_bytes() {
    let vectors = Vectors::load();
    for block in &vectors.relay {
        let header: Header = same_bytes(&block.header);
        assert_eq!((header.number, header.hash()), (block.number, block.hash));
        if !block.justification.is_empty() {
            let justification: Justification = same_bytes(&block.justification);
            assert_eq!(justification.commit.target_hash, block.hash);
        }
    }
    for block in &vectors.para {
        let header = EncodedHeader::decode(Bytes::from(block.header.clone())).unwrap();
        assert_eq!((header.number(), header.hash()), (block.number, block.hash));
        assert_eq!(header.header().state_root, block.state_root);
        if block.number > 0 {
            let _: BlockHeaderWithChanges = same_bytes(&block.block_header_with_changes);
        }
    }
    let genesis: GenesisBlockInfo = same_bytes(&vectors.genesis_info);
    assert_eq!(genesis.block_header.number, vectors.relay_genesis);
    let state: StorageState = same_bytes(&vectors.genesis_state);
    assert!(!state.is_empty());
}

#[test]
fn every_recorded_request_holds_headers_to_sync() {
    let folder = crate::test_vectors::folder();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        for op in json["ops"].as_array().into_iter().flatten() {
            if op["op"] != "sync_header" || op["expect"]["ok"].is_null() {
                continue;
            }
            let bytes = hex::decode(op["request"]["encoded_headers"].as_str().unwrap()).unwrap();
            let Ok(items) = Vec::<HeaderToSync>::decode_all(&mut &bytes[..]) else { continue };
            let parts = items.iter().flat_map(|item| {
                header_to_sync(&item.header.encode(), item.justification.as_deref())
            });
            let count = parity_scale_codec::Compact(items.len() as u32).encode();
            assert_eq!(count.into_iter().chain(parts).collect::<Vec<_>>(), bytes);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} requests");
}

proptest! {
    #[test]
    fn an_empty_value_is_not_a_deletion(
        key in any::<Vec<u8>>(),
        value in any::<Option<Vec<u8>>>(),
        number in any::<u32>(),
        seal in any::<Vec<u8>>(),
    ) {
        let changes = StorageChanges {
            main_storage_changes: vec![(key.clone(), value), (key.clone(), Some(Vec::new())), (key, None)],
            child_storage_changes: Vec::new(),
        };
        let header = Header {
            parent_hash: H256([1; 32]),
            number,
            state_root: H256([2; 32]),
            extrinsics_root: H256([3; 32]),
            digest: vec![DigestItem::Seal(*b"aura", seal), DigestItem::RuntimeEnvironmentUpdated],
        };
        let bytes = block_header_with_changes(&header.encode(), &changes.encode());
        let block = BlockHeaderWithChanges::decode_all(&mut &bytes[..]).unwrap();
        prop_assert_eq!(block.storage_changes, changes);
        prop_assert_eq!(block.block_header, header);
    }

    #[test]
    fn undecodable_bytes_are_an_error(bytes in any::<Vec<u8>>()) {
        let _ = EncodedHeader::decode(Bytes::from(bytes.clone()));
        let _ = Justification::decode_all(&mut &bytes[..]);
        let _ = StorageChanges::decode_all(&mut &bytes[..]);
    }

    #[test]
    fn storage_changes_read_in_place_are_those_that_are_copied(
        main in prop::collection::vec(any::<(Vec<u8>, Option<Vec<u8>>)>(), 0..4),
        children in prop::collection::vec(
            (any::<Vec<u8>>(), prop::collection::vec(any::<(Vec<u8>, Option<Vec<u8>>)>(), 0..3)),
            0..3,
        ),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in prop::option::of(any::<prop::sample::Index>()),
        more in prop::collection::vec(any::<u8>(), 0..2),
    ) {
        let changes =
            StorageChanges { main_storage_changes: main, child_storage_changes: children };
        let mut bytes = changes.encode();
        if let Some((at, byte)) = damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(at) = cut {
            bytes.truncate(at.index(bytes.len() + 1));
        }
        bytes.extend(more);
        let copied = StorageChanges::decode_all(&mut &bytes[..]).ok();
        let in_place = StorageChangesRef::decode_all(&bytes).ok();
        prop_assert_eq!(in_place, copied.as_ref().map(StorageChanges::borrowed));
    }
}
