//! Storage changes of blocks.

use prb_devnet::pruntime::scale::BlockHeaderWithChanges;

use super::{Corruption, accepted, check, para_synced_to};
use crate::pruntime::material::{Material, dispatch};

/// A relay block and the para head in its state.
const RELAY: u32 = 12;
const HEAD: u32 = 6;

/// The first block that stores an empty value.
fn stores_an_empty_value(material: &Material) -> BlockHeaderWithChanges {
    let empty = |block: &BlockHeaderWithChanges| {
        block.storage_changes.main_storage_changes.iter().any(|(_, v)| v.as_deref() == Some(&[]))
    };
    material.blocks(1..=HEAD).into_iter().find(empty).expect("a block with an empty value")
}

fn spoil(
    block: &BlockHeaderWithChanges,
    change: impl FnOnce(&mut BlockHeaderWithChanges),
) -> Vec<BlockHeaderWithChanges> {
    let mut block = block.clone();
    change(&mut block);
    vec![block]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_block_is_refused_and_not_applied() {
    let material = Material::load();
    let peer = para_synced_to(&material, RELAY, HEAD).await;
    let good = stores_an_empty_value(&material);
    let number = good.block_header.number;
    if number > 1 {
        accepted(peer.call("DispatchBlocks", &dispatch(&material.blocks(1..=number - 1))).await);
    }
    let spoiled = |name, blocks: Vec<_>, error| Corruption::new(name, &dispatch(&blocks), error);
    let main = |block: &mut BlockHeaderWithChanges| {
        std::mem::take(&mut block.storage_changes.main_storage_changes)
    };
    let emptied = spoil(&good, |block| {
        for (_, value) in &mut block.storage_changes.main_storage_changes {
            value.take_if(|value| value.is_empty());
        }
    });
    let altered = spoil(&good, |block| {
        let changes = &mut block.storage_changes.main_storage_changes;
        let value =
            changes.iter_mut().find_map(|(_, value)| value.as_mut().filter(|v| !v.is_empty()));
        value.expect("a value")[0] ^= 1;
    });
    let added = spoil(&good, |block| {
        block.storage_changes.main_storage_changes.push((b"new key".to_vec(), Some(vec![1])));
    });
    let nothing = spoil(&good, |block| drop(main(block)));
    let beyond = material.blocks(HEAD + 1..=HEAD + 1);
    let mismatch = "StateRootMismatch block=";
    let mut corruptions = vec![
        spoiled("an empty value deleted instead", emptied, mismatch),
        spoiled("a value altered", altered, mismatch),
        spoiled("a key added", added, mismatch),
        spoiled("no changes", nothing, mismatch),
        spoiled("the next block", material.blocks(number + 1..=number + 1), "BlockNumberMismatch"),
        spoiled("a block far ahead", beyond, "BlockNumberMismatch"),
    ];
    let mut truncated = dispatch(std::slice::from_ref(&good));
    truncated.encoded_blocks.pop();
    corruptions.push(Corruption::new("truncated blocks", &truncated, "DecodeError("));
    check(&peer, "DispatchBlocks", corruptions, &dispatch(&[good])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_before_a_refused_one_stay_applied() {
    let material = Material::load();
    let peer = para_synced_to(&material, RELAY, HEAD).await;
    let mut blocks = material.blocks(1..=3);
    blocks[2].storage_changes.main_storage_changes.clear();
    let reply = peer.call("DispatchBlocks", &dispatch(&blocks)).await;
    assert!(reply.error().starts_with("StateRootMismatch block=3 expected=0x"), "{reply:?}");
    let info = peer.info().await;
    assert_eq!(info.blocknum, 3);
    assert_eq!(info.state_root, hex::encode(material.para_header(2).state_root));
    // The list goes on beyond the known para headers.
    let reply = peer.call("DispatchBlocks", &dispatch(&material.blocks(3..=HEAD + 1))).await;
    assert_eq!(reply.error(), "NoStateRoot");
    assert_eq!(peer.info().await.blocknum, HEAD + 1);
}
