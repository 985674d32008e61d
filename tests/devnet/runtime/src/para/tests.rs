//! The parachain runtime through its entry points.

mod computing;
mod fixture;
mod heartbeat;
mod invariants;
mod layout;
mod message_queue;
mod pool;
mod proxy;
mod registration;
mod worker;

use super::*;
use fixture::Fixture;

#[test]
fn each_block_stores_what_it_is_built_upon() {
    use parity_scale_codec::Encode as _;

    let mut fixture = Fixture::new();
    fixture.blocks(3);
    let data = fixture.read(parachain_system::ValidationData::<Runtime>::get).unwrap();
    assert_eq!(data.relay_parent_number, 5);
    assert_eq!(data.parent_head, fixture.chain.headers[2].encode());
}
