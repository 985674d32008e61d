//! Gatekeepers, who share a key and a sender.

use prb_core::lifecycle::Phase;
use prb_core::queue::Action;
use prb_devnet::pruntime::DoubleConfig;

use super::bridge::{Bridge, double, network, public_key_of};

/// Of the key that they share.
const MASTER: [u8; 32] = [9; 32];

#[tokio::test(flavor = "multi_thread")]
async fn gatekeepers_join_no_pool_and_what_they_all_say_gets_on_chain_once() {
    let mut config = network();
    config.genesis.gatekeeper_master_key = Some(public_key_of(MASTER).into());
    let bridge = Bridge::start(config).await;
    bridge.pool(1, "//Alice", "").await;
    for name in ["first", "second"] {
        let config = DoubleConfig { master_key_seed: Some(MASTER), ..double() };
        bridge.gatekeeper(name, 1, config).await;
    }
    for name in ["first", "second"] {
        bridge.until(name, Phase::Computing, "registered, as is wanted of a gatekeeper").await;
    }
    bridge.until_gatekeepers_said(10).await;
    assert_eq!(bridge.refused_calls().await, Vec::<String>::new());
    let deeds = bridge.deeds().await;
    assert_eq!(deeds.len(), 2, "{deeds:?}");
    let registers = |deed: &Action| matches!(deed, Action::RegisterWorkerV2 { .. });
    assert!(deeds.iter().all(registers), "{deeds:?}");

    // Whichever of them has spoken for both, the other goes on.
    bridge.double("first").kill();
    bridge.until("first", Phase::Failing, "").await;
    let said = bridge.gatekeepers_said().await;
    bridge.until_gatekeepers_said(said + 5).await;
    bridge.stop().await;
}
