use parity_scale_codec::{Decode, Encode};
use sp_consensus_grandpa::{AuthorityId, AuthorityList, ConsensusLog, GRANDPA_ENGINE_ID};
use sp_core::crypto::UncheckedFrom;
use sp_runtime::DigestItem;

use super::*;
use crate::test_chain::TestChain;

fn authorities(seed: u8, count: u8) -> AuthorityList {
    (0..count)
        .map(|index| {
            let mut key = [seed; 32];
            key[0] = index;
            (AuthorityId::from(sp_core::ed25519::Public::unchecked_from(key)), 1)
        })
        .collect()
}

fn chain(config: &GenesisConfig) -> TestChain {
    TestChain::new(native(), genesis(config))
}

fn raw(chain: &mut TestChain, key: &[u8]) -> Option<Vec<u8>> {
    chain.read(|| sp_io::storage::get(key).map(|value| value.to_vec()))
}

fn hex_key(text: &str) -> Vec<u8> {
    sp_core::bytes::from_hex(&format!("0x{text}")).unwrap()
}

const AUTHORITIES: &str = "5f9cc45b7a00c5899361e1c6099678dc5e0621c4869aa60c02be9adcc98a0d1d";
const CURRENT_SET_ID: &str = "5f9cc45b7a00c5899361e1c6099678dc8a2d09463effcc78a22d75b9cb87dffc";
const HEADS: &str = "cd710b30bd2eab0352ddcc26417aa1941b3c252fcb29d88eff4f3de5de4476c3";

#[test]
fn genesis_stores_set_heads_and_list_under_the_live_keys() {
    let list = authorities(1, 4);
    let mut config = GenesisConfig::new(list.clone());
    config.set_id = 7;
    config.heads = vec![(2004, b"head".to_vec())];
    let mut chain = chain(&config);
    assert_eq!(raw(&mut chain, &hex_key(AUTHORITIES)), Some(list.encode()));
    assert_eq!(raw(&mut chain, b":grandpa_authorities"), Some((1u8, list).encode()));
    assert_eq!(raw(&mut chain, &hex_key(CURRENT_SET_ID)), Some(7u64.encode()));
    let head_key = hex_key(&format!("{HEADS}9f434b9dae0bfb8ed4070000"));
    assert_eq!(raw(&mut chain, &head_key), Some(b"head".to_vec().encode()));
    let phala_key = paras::Heads::<Runtime>::hashed_key_for(2035);
    assert_eq!(phala_key, hex_key(&format!("{HEADS}160394315fe95b98f3070000")));
}

#[test]
fn a_change_block_has_the_new_set_in_its_state_and_digest() {
    let mut chain = chain(&GenesisConfig::new(authorities(1, 4)));
    let plain = chain.build(&Inherents { timestamp: 1_000, ..Default::default() }.encode(), &[]);
    assert!(plain.header.digest.logs.is_empty());

    let next = authorities(2, 5);
    let inherents =
        Inherents { timestamp: 7_000, next_authorities: Some(next.clone()), ..Default::default() };
    let change = chain.build(&inherents.encode(), &[]);
    let [DigestItem::Consensus(GRANDPA_ENGINE_ID, log)] = change.header.digest.logs.as_slice()
    else {
        panic!("one GRANDPA digest, got {:?}", change.header.digest)
    };
    let Ok(ConsensusLog::<u32>::ScheduledChange(scheduled)) =
        ConsensusLog::decode(&mut log.as_slice())
    else {
        panic!("a scheduled change")
    };
    assert_eq!((scheduled.next_authorities, scheduled.delay), (next.clone(), 0));
    assert_eq!(raw(&mut chain, &hex_key(AUTHORITIES)), Some(next.encode()));
    assert_eq!(raw(&mut chain, b":grandpa_authorities"), Some((1u8, next).encode()));
    assert_eq!(raw(&mut chain, &hex_key(CURRENT_SET_ID)), Some(1u64.encode()));
}

#[test]
fn an_omitted_authority_key_stays_omitted() {
    for (keys, in_pallet, well_known) in
        [(AuthorityKeys::WellKnownOnly, false, true), (AuthorityKeys::PalletOnly, true, false)]
    {
        let config =
            GenesisConfig { authority_keys: keys, ..GenesisConfig::new(authorities(1, 4)) };
        let mut chain = chain(&config);
        let next_authorities = Some(authorities(2, 4));
        let inherents = Inherents { timestamp: 1, next_authorities, ..Default::default() };
        chain.build(&inherents.encode(), &[]);
        assert_eq!(raw(&mut chain, &hex_key(AUTHORITIES)).is_some(), in_pallet, "{keys:?}");
        assert_eq!(raw(&mut chain, b":grandpa_authorities").is_some(), well_known, "{keys:?}");
    }
}

#[test]
fn heads_move_only_when_a_block_includes_some() {
    let mut chain = chain(&GenesisConfig::new(authorities(1, 4)));
    let include = |timestamp, heads| Inherents { timestamp, heads, ..Default::default() }.encode();
    chain.build(&include(1, vec![(2004, vec![1])]), &[]);
    chain.build(&include(2, vec![]), &[]);
    assert_eq!(chain.read(|| paras::Heads::<Runtime>::get(2004)), Some(vec![1]));
    chain.build(&include(3, vec![(2004, vec![2])]), &[]);
    assert_eq!(chain.read(|| paras::Heads::<Runtime>::get(2004)), Some(vec![2]));
}

#[test]
fn a_thousand_authorities_fit_into_a_block() {
    let many: AuthorityList = (0..1_000u16)
        .map(|index| {
            let mut key = [3; 32];
            key[..2].copy_from_slice(&index.to_le_bytes());
            (AuthorityId::from(sp_core::ed25519::Public::unchecked_from(key)), 1)
        })
        .collect();
    let mut chain = chain(&GenesisConfig::new(authorities(1, 4)));
    let next_authorities = Some(many.clone());
    let inherents = Inherents { timestamp: 1, next_authorities, ..Default::default() };
    let block = chain.build(&inherents.encode(), &[]);
    assert!(block.header.digest.encode().len() > 40_000);
    assert_eq!(chain.read(grandpa::Authorities::<Runtime>::get), Some(many));
}
