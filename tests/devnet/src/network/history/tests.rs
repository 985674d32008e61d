use std::time::Duration;

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{MessageOrigin, PersistedValidationData};
use sp_core::H256;
use sp_io::hashing::twox_128;

use super::*;
use crate::engine::builder::execute;
use crate::engine::node::Node;
use crate::network::Traffic;

fn config() -> NetworkConfig {
    NetworkConfig {
        seed: 7,
        genesis_time: Some(1_760_000_000_000),
        session_blocks: 25,
        traffic: Some(Traffic { workers: 6, interval: 3 }),
        ..NetworkConfig::default()
    }
}

fn history(config: &NetworkConfig, blocks: u32) -> Chains {
    let mut history = HistoryBuilder::new(config).unwrap();
    for _ in 0..blocks {
        history.step().unwrap();
    }
    history.finish()
}

fn hashes(chains: &Chains) -> [H256; 2] {
    [chains.relay.chain().best().hash, chains.para.chain().best().hash]
}

#[test]
fn the_same_seed_gives_the_same_chains() {
    let first = history(&config(), 60);
    assert_eq!(hashes(&first), hashes(&history(&config(), 60)));
    let others = [
        NetworkConfig { seed: 8, ..config() },
        NetworkConfig { genesis_time: Some(1_760_000_000_001), ..config() },
        NetworkConfig { session_blocks: 24, ..config() },
        NetworkConfig { relay_block_time: Duration::from_secs(5), ..config() },
    ];
    for other in others {
        assert_ne!(hashes(&first)[0], hashes(&history(&other, 60))[0], "{other:?}");
    }
}

#[test]
fn a_history_ends_about_now() {
    let config = NetworkConfig { history: 50, genesis_time: None, ..config() };
    let chains = history(&config, 50);
    let para = chains.para.chain();
    let key = [twox_128(b"Timestamp"), twox_128(b"Now")].concat();
    let time = para.storage(para.best().hash, &key).unwrap().unwrap();
    let time = u64::decode(&mut &time[..]).unwrap();
    assert!(now_ms().abs_diff(time) < 60_000, "{time}");
}

#[test]
fn importing_nodes_accept_every_block() {
    let chains = history(&config(), 60);
    let check = |node: &Node| {
        let chain = node.chain();
        for number in 1..=chain.best().number() {
            let block = chain.block_at(number).unwrap();
            let parent = chain.block(block.header.parent_hash).unwrap();
            let state = chain.state_of(&parent);
            let written =
                execute(chain.runtime(), state, &block.header, &block.extrinsics).unwrap();
            assert_eq!(written.root, block.header.state_root);
            assert_eq!(written.changes, block.changes.decode());
        }
    };
    check(&chains.relay);
    check(&chains.para);
}

#[test]
fn a_block_with_another_state_root_is_not_accepted() {
    let chains = history(&config(), 10);
    let chain = chains.para.chain();
    let block = chain.block_at(3).unwrap();
    let parent = chain.block_at(2).unwrap();
    let mut header = block.header.clone();
    header.state_root = H256::repeat_byte(1);
    let state = chain.state_of(&parent);
    assert!(execute(chain.runtime(), state, &header, &block.extrinsics).is_err());
}

#[test]
fn the_message_queue_takes_the_traffic() {
    let chains = history(&config(), 60);
    let chain = chains.para.chain();
    let best = chain.best();
    assert_eq!(best.number(), 30);
    let prefix = [twox_128(b"PhalaMq"), twox_128(b"OffchainIngress")].concat();
    let state = chain.state_of(&best);
    let pairs: Vec<_> = crate::engine::archive::pairs(&state, &prefix)
        .unwrap()
        .map(Result::unwrap)
        .map(|(key, value)| {
            let sender = MessageOrigin::decode(&mut &key[40..]).unwrap();
            (sender, u64::decode(&mut &value[..]).unwrap())
        })
        .collect();
    assert_eq!(pairs.len(), 6);
    assert!(
        pairs
            .iter()
            .all(|(sender, next)| matches!(sender, MessageOrigin::Worker(_)) && *next == 10)
    );
}

#[test]
fn the_parachain_is_as_final_as_its_head_in_the_relay_state() {
    let chains = history(&config(), 61);
    let heights = chains.heights();
    assert_eq!((heights.relay_best, heights.relay_finalized), (61, 59));
    assert_eq!((heights.para_best, heights.para_finalized), (30, 29));
    let head = chains.para_head_at(&chains.relay.chain().finalized()).unwrap();
    assert_eq!(head.hash(), chains.para.chain().finalized().hash);
    let genesis = chains.para_head_at(&chains.relay.chain().genesis()).unwrap();
    assert_eq!(genesis.hash(), chains.para.chain().genesis().hash);
}

#[test]
fn the_first_parachain_block_tells_the_relay_block_to_start_from() {
    for ratio in 1..4 {
        let config = NetworkConfig { relay_blocks_per_para_block: ratio, ..config() };
        let chains = history(&config, 12);
        let para = chains.para.chain();
        let item = [twox_128(b"ParachainSystem"), twox_128(b"ValidationData")].concat();
        let data = |number: u32| {
            let hash = para.block_at(number).unwrap().hash;
            let value = para.storage(hash, &item).unwrap().unwrap();
            PersistedValidationData::decode(&mut &value[..]).unwrap()
        };
        assert_eq!(data(1).relay_parent_number, ratio.max(2) - 1);
        for number in 1..=para.best().number() {
            let data = data(number);
            let parent = chains.relay.chain().block_at(data.relay_parent_number).unwrap();
            assert_eq!(data.relay_parent_storage_root, parent.header.state_root);
            assert_eq!(data.parent_head, para.block_at(number - 1).unwrap().header.encode());
            // The next relay block brings it.
            let next = chains.relay.chain().block_at(data.relay_parent_number + 1).unwrap();
            assert_eq!(chains.para_head_at(&next).unwrap().number, number);
        }
    }
}

#[test]
fn finality_of_the_past_is_kept_as_by_a_real_node() {
    let chains = history(&config(), 61);
    let finality = chains.finality.finality.read();
    let kept: Vec<u32> = (1..=61).filter(|n| finality.justification(*n).is_some()).collect();
    assert_eq!(kept, [1, 25, 50]);
    assert_eq!(finality.best().unwrap().0, 59);
    let proof = finality.prove(chains.relay.chain(), 52).unwrap().unwrap();
    assert_eq!(proof.unknown_headers.len(), 7);
}
