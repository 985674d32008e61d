use parity_scale_codec::Encode;
use sp_core::H256;

use super::*;
use crate::{test_chain::TestChain, types::PersistedValidationData};

fn chain(config: &GenesisConfig) -> TestChain {
    TestChain::new(native(), genesis(config))
}

fn inherents(chain: &TestChain) -> Vec<u8> {
    let head = chain.head();
    Inherents {
        timestamp: u64::from(head.number + 1) * 12_000,
        validation_data: PersistedValidationData {
            parent_head: head.encode(),
            relay_parent_number: head.number * 2 + 1,
            relay_parent_storage_root: H256::repeat_byte(1),
            max_pov_size: 5 * 1024 * 1024,
        },
    }
    .encode()
}

#[test]
fn each_block_stores_what_it_is_built_upon() {
    let mut chain = chain(&GenesisConfig::default());
    for _ in 0..3 {
        let inherents = inherents(&chain);
        chain.build(&inherents, &[]);
    }
    let data = chain.read(parachain_system::ValidationData::<Runtime>::get).unwrap();
    assert_eq!(data.relay_parent_number, 5);
    assert_eq!(data.parent_head, chain.headers[2].encode());
}
