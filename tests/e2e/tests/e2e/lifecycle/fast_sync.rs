//! Fresh workers begin with a state that the data provider keeps, where they may.

use prb_core::lifecycle::Phase;
use prb_devnet::pruntime::{DoubleConfig, Fault, Method, Mode};

use super::bridge::{Bridge, PHA, double, network};

/// A bridge whose data provider keeps a full state every 20 blocks.
async fn bridge() -> Bridge {
    Bridge::start_with(network(), |settings| {
        settings.lifecycle.skip_attestation = true;
        settings.provider.state_interval = 20;
    })
    .await
}

/// The block whose state a worker began with; 0 for the genesis.
async fn began_at(bridge: &Bridge, name: &str) -> u32 {
    bridge.double(name).info().await.system.map_or(0, |system| system.genesis_block)
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_workers_begin_with_a_kept_state_and_compute() {
    let bridge = bridge().await;
    bridge.pool(1, "//Alice", "").await;
    let kept = bridge.kept_state(0).await;
    let names = ["a", "b", "c", "d"];
    for name in names {
        bridge.worker(name, 1, double(), 5_000 * PHA).await;
    }
    let old = DoubleConfig { mode: Mode::V0_2, ..double() };
    bridge.worker("old", 1, old, 5_000 * PHA).await;
    for name in names {
        bridge.until(name, Phase::Computing, "").await;
        assert!(began_at(&bridge, name).await >= kept, "{name}");
        bridge.roots_agree(name).await;
    }
    // It knows no other start than the genesis, and gets there nevertheless.
    bridge.until_block("old", kept + 5).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_takes_no_state_begins_with_the_genesis() {
    let bridge = bridge().await;
    bridge.pool(1, "//Alice", "").await;
    bridge.kept_state(0).await;
    let refusal = Fault::Refusal("Failed to set synchronizer state".to_owned());
    let too_large = Fault::Raw(413, b"Entity too large".to_vec());
    for (name, fault) in [("refuses", refusal), ("too small", too_large)] {
        let faults = vec![(Method::LoadChainState, fault)];
        bridge.worker(name, 1, DoubleConfig { faults, ..double() }, 5_000 * PHA).await;
    }
    // One whose memory is too small for it ends, and is started again.
    let ends = || DoubleConfig { faults: vec![(Method::LoadChainState, Fault::End)], ..double() };
    let key_seed = Some([5; 32]);
    bridge.worker("ends", 1, DoubleConfig { key_seed, ..ends() }, 5_000 * PHA).await;
    for _ in 0..2 {
        bridge.double("ends").wait().await;
        bridge.replace("ends", DoubleConfig { key_seed, ..ends() }).await;
    }
    for name in ["refuses", "too small", "ends"] {
        bridge.until(name, Phase::Computing, "").await;
        assert_eq!(began_at(&bridge, name).await, 0, "{name}");
    }
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_worker_begins_before_its_registration_or_with_the_genesis() {
    let bridge = bridge().await;
    bridge.pool(1, "//Alice", "").await;
    let first = bridge.kept_state(0).await;
    bridge.worker("w", 1, double(), 5_000 * PHA).await;
    bridge.until("w", Phase::Computing, "").await;
    let registered = bridge.report("w").para_block.unwrap();
    assert!(began_at(&bridge, "w").await >= first);
    // The states from before its registration are kept no longer.
    let kept = bridge.kept_state(registered).await;
    bridge.kept_state(kept).await;
    bridge.double("w").restart_from_checkpoint().await.unwrap();
    bridge.until_block("w", kept + 20).await;
    bridge.until("w", Phase::Computing, "").await;
    assert_eq!(began_at(&bridge, "w").await, 0);
    bridge.stop().await;
}
