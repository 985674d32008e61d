use prb_devnet_runtime::relay;

use super::*;
use crate::engine::authoring::{Author, Engine};
use crate::engine::node::Node;

/// A relay chain with set changes at the given heights, everything final but the last block.
fn finalized_chain(blocks: u32, changes: &[u32]) -> (Node, Finality) {
    let mut finality = Finality::new(AuthoritySets::new(3, 4));
    let genesis = relay::genesis(&relay::GenesisConfig::new(finality.running_set().list()));
    let node = Node::new(relay::native(), &genesis, Author::new(Engine::Babe, 3));
    let mut set = 0;
    for number in 1..=blocks {
        let next_authorities = changes.contains(&number).then(|| {
            set += 1;
            finality.set(set).list()
        });
        let timestamp = u64::from(number) * 6_000;
        let inherents = relay::Inherents { timestamp, next_authorities, ..Default::default() };
        node.make_block(u64::from(number), &inherents.encode(), false).unwrap();
        if number > 1 {
            let target = node.chain().block_at(number - 1).unwrap();
            let child = node.chain().block_at(number).unwrap();
            finality.advance(&target, Some(&child.header));
            node.finalize(number - 1);
        }
    }
    (node, finality)
}

#[test]
fn a_node_keeps_few_justifications() {
    let (_, finality) = finalized_chain(1030, &[20, 700]);
    let kept: Vec<u32> = (0..=1030).filter(|n| finality.justification(*n).is_some()).collect();
    assert_eq!(kept, [1, 20, 512, 700, 1024]);
}

#[test]
fn a_change_block_is_justified_by_the_old_set() {
    let (node, mut finality) = finalized_chain(12, &[5, 9]);
    let keys = |finality: &Finality, number: u32| -> Vec<_> {
        let bytes = finality.justification(number).unwrap();
        let justification = Justification::decode(&mut &bytes[..]).unwrap();
        assert_eq!(justification.commit.target_number, number);
        justification.commit.precommits.into_iter().map(|vote| vote.id).collect()
    };
    for (number, set) in [(5, 0), (9, 1)] {
        let list = finality.set(set).list();
        assert!(keys(&finality, number).iter().all(|id| list.iter().any(|(other, _)| other == id)));
    }
    assert_eq!(finality.running_set().id, 2);
    let key = relay::grandpa::WELL_KNOWN_AUTHORITIES_KEY;
    let read = |number| {
        let hash = node.chain().block_at(number).unwrap().hash;
        node.chain().storage(hash, key).unwrap().unwrap()
    };
    assert_ne!(read(4), read(5), "the state of the change block has the new list");
    assert_eq!(read(5), read(8));
}

#[test]
fn finality_is_proved_by_the_end_of_the_blocks_set() {
    let (node, finality) = finalized_chain(30, &[10, 20]);
    let proof = finality.prove(node.chain(), 3).unwrap().unwrap();
    assert_eq!(proof.block, node.chain().block_at(10).unwrap().hash);
    assert_eq!(proof.justification, finality.justification(10).unwrap());
    let numbers: Vec<u32> = proof.unknown_headers.iter().map(|header| header.number).collect();
    assert_eq!(numbers, (4..=10).collect::<Vec<_>>());
    assert_eq!(proof.unknown_headers[6].hash(), proof.block);

    let at_end = finality.prove(node.chain(), 20).unwrap().unwrap();
    assert!(at_end.unknown_headers.is_empty());
    assert_eq!(at_end.block, node.chain().block_at(20).unwrap().hash);
}

#[test]
fn in_the_running_set_the_best_justification_counts() {
    let (node, mut finality) = finalized_chain(30, &[10]);
    let proof = finality.prove(node.chain(), 25).unwrap().unwrap();
    assert_eq!(proof.block, node.chain().block_at(29).unwrap().hash);
    assert_eq!(proof.unknown_headers.len(), 4);
    assert_eq!(finality.prove(node.chain(), 30), Err(FinalityProofError::BlockNotYetFinalized));
    // A round that left no justification here: the best one is older than the block asked for.
    finality.pass(&node.chain().block_at(30).unwrap().header);
    let older = finality.prove(node.chain(), 30).unwrap().unwrap();
    assert_eq!(older.block, node.chain().block_at(29).unwrap().hash);
    assert!(older.unknown_headers.is_empty());
}

#[test]
fn without_any_recorded_change_nothing_is_proved() {
    let (node, finality) = finalized_chain(8, &[]);
    assert_eq!(
        finality.prove(node.chain(), 3),
        Err(FinalityProofError::BlockNotInAuthoritySetChanges)
    );
}
