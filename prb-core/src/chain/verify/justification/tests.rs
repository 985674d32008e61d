use parity_scale_codec::{DecodeAll, Encode};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::scale::bridge::{GenesisBlockInfo, HeaderToSync};
use crate::scale::header::Header;
use crate::test_vectors::{Vectors, folder};

/// The sets of the recorded chain by their ids, as its own digests announce them.
fn sets(vectors: &Vectors) -> HashMap<u64, AuthoritySet> {
    let genesis = GenesisBlockInfo::decode_all(&mut &vectors.genesis_info[..]).unwrap();
    let mut sets = HashMap::from([(genesis.authority_set.id, genesis.authority_set.clone())]);
    let mut id = genesis.authority_set.id;
    for number in vectors.change_blocks.iter().filter(|n| **n > vectors.relay_genesis) {
        let header = Header::decode(&mut &vectors.relay[*number as usize].header[..]).unwrap();
        let list = super::super::authorities::scheduled_change(&header).unwrap().unwrap();
        id += 1;
        sets.insert(id, AuthoritySet { list, id });
    }
    sets
}

#[test]
fn every_recorded_justification_is_accepted_for_its_block_and_set_alone() {
    let vectors = Vectors::load();
    let sets = sets(vectors);
    let mut seen = 0;
    for block in vectors.relay.iter().filter(|block| block.number > vectors.relay_genesis) {
        let set = &sets[&block.set_id];
        verify(&block.justification, set, block.hash, block.number).unwrap();
        verify(&block.justification, set, block.hash, block.number + 1).unwrap_err();
        verify(&block.justification, set, H256::zero(), block.number).unwrap_err();
        for (id, other) in &sets {
            if *id != block.set_id {
                verify(&block.justification, other, block.hash, block.number).unwrap_err();
            }
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} blocks");
}

/// What the real light client said to each recorded sequence with a special justification.
#[test]
fn answers_as_the_real_light_client_to_every_recorded_justification() {
    let sets = sets(Vectors::load());
    let (mut accepted, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("just_") {
            continue;
        }
        let scenario: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut set_id = sets.keys().min().copied().unwrap();
        for op in scenario["ops"].as_array().unwrap() {
            if op["op"] != "sync_header" {
                continue;
            }
            let bytes = hex::decode(op["request"]["encoded_headers"].as_str().unwrap()).unwrap();
            let items = Vec::<HeaderToSync>::decode_all(&mut &bytes[..]).unwrap();
            let last = items.last().unwrap();
            let justification = last.justification.as_ref().unwrap();
            let answer =
                verify(justification, &sets[&set_id], last.header.hash(), last.header.number);
            let said_ok = !op["expect"]["ok"].is_null();
            assert_eq!(answer.is_ok(), said_ok, "{name}: {answer:?}, {}", op["expect"]);
            if said_ok {
                accepted += 1;
                let change = super::super::authorities::scheduled_change(&last.header).unwrap();
                set_id += u64::from(change.is_some());
            } else {
                refused += 1;
            }
        }
    }
    assert!(accepted > 10 && refused > 10, "{accepted} accepted, {refused} refused");
}

proptest! {
    #[test]
    fn a_damaged_justification_is_refused(index in 4_usize..64, at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let vectors = Vectors::load();
        let block = &vectors.relay[index];
        let set = &sets(vectors)[&block.set_id];
        let mut damaged = block.justification.clone();
        let at = at.index(damaged.len());
        damaged[at] ^= 1_u8 << bit;
        prop_assert!(verify(&damaged, set, block.hash, block.number).is_err());
    }

    #[test]
    fn votes_of_a_third_may_be_missing_and_no_more(index in 4_usize..64, missing in 0_usize..=4) {
        let vectors = Vectors::load();
        let block = &vectors.relay[index];
        let set = &sets(vectors)[&block.set_id];
        let mut justification = Justification::decode_all(&mut &block.justification[..]).unwrap();
        prop_assume!(justification.votes_ancestries.is_empty());
        let left = justification.commit.precommits.split_off(missing.min(justification.commit.precommits.len()));
        justification.commit.precommits = left;
        let weight_of = |id: &AuthorityId| -> u64 {
            set.list.iter().filter(|(other, _)| other == id).map(|(_, weight)| weight).sum()
        };
        let voted: HashSet<AuthorityId> =
            justification.commit.precommits.iter().map(|vote| vote.id).collect();
        let weight: u64 = voted.iter().map(weight_of).sum();
        let total: u64 = set.list.iter().map(|(_, weight)| weight).sum();
        let answer = verify(&justification.encode(), set, block.hash, block.number);
        prop_assert_eq!(answer.is_ok(), weight * 3 > total * 2, "{:?}", answer);
    }
}
