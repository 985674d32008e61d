//! Workers that an operator stops, takes out of their pool, and starts again.

use prb_core::lifecycle::Phase;
use prb_core::queue::Action;

use super::bridge::{Bridge, PHA, double, network};

/// How often each was done: start, stop, reclaim, add to a pool, leave one.
async fn counts(bridge: &Bridge) -> [usize; 5] {
    let deeds = bridge.deeds().await;
    let count = |is: fn(&Action) -> bool| deeds.iter().filter(|action| is(action)).count();
    [
        count(|it| matches!(it, Action::StartComputing { .. })),
        count(|it| matches!(it, Action::StopComputing { .. })),
        count(|it| matches!(it, Action::ReclaimWorker { .. })),
        count(|it| matches!(it, Action::AddWorker { .. })),
        count(|it| matches!(it, Action::RemoveWorker { .. })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_stopped_started_and_moved_to_another_pool_and_nothing_is_sent_twice() {
    let mut bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.pool(5, "//Alice", "").await;
    bridge.deposit_stake(5, 10_000 * PHA).await;
    bridge.worker("w", 1, double(), 5_000 * PHA).await;
    let names = ["w".to_owned()];
    bridge.until("w", Phase::Computing, "").await;
    assert_eq!(counts(&bridge).await, [1, 0, 0, 1, 0]);

    bridge.lifecycle.stop_workers(&names).await.unwrap();
    // In every phase on the way.
    for text in ["stop computing", "stopped, cooling down", "reclaim", "stopped, in pool 1"] {
        bridge.until_told("w", text).await;
        bridge.restart_manager().await;
    }
    // It is fed on, and neither a change nor a restart is a start.
    bridge.change_worker("w", |worker| worker.stake = (4_000 * PHA).to_string()).await;
    bridge.lifecycle.restart_workers(&names).await.unwrap();
    let stopped = bridge.until("w", Phase::Stopped, "stopped, in pool 1").await;
    bridge.until_block("w", stopped.para_block.unwrap() + 10).await;
    assert_eq!(bridge.report("w").phase, Phase::Stopped);
    assert_eq!(counts(&bridge).await, [1, 1, 1, 1, 0]);

    bridge.lifecycle.start_workers(&names).await.unwrap();
    bridge.until("w", Phase::Computing, "computing with 4000 PHA").await;

    bridge.lifecycle.retire_workers(&names).await.unwrap();
    bridge.until_told("w", "leave the pool").await;
    bridge.restart_manager().await;
    bridge.until("w", Phase::Stopped, "in no pool").await;
    bridge.change_worker("w", |worker| worker.pid = 5).await;
    bridge.lifecycle.start_workers(&names).await.unwrap();
    bridge.until("w", Phase::Computing, "computing with 4000 PHA").await;
    assert_eq!(counts(&bridge).await, [3, 2, 2, 2, 1]);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_machine_is_gone_leaves_its_pool_and_disturbs_nobody() {
    let mut bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    for name in ["steady", "gone"] {
        bridge.worker(name, 1, double(), 5_000 * PHA).await;
        bridge.until(name, Phase::Computing, "").await;
    }
    bridge.double("gone").kill();
    // A manager that never reached it knows it by what an earlier one was told.
    bridge.restart_manager().await;
    bridge.until("gone", Phase::Failing, "").await;
    bridge.until("steady", Phase::Computing, "").await;
    let steady = bridge.report("steady");
    bridge.lifecycle.retire_workers(&["gone".to_owned()]).await.unwrap();
    bridge.until("gone", Phase::Stopped, "in no pool").await;
    assert_eq!(counts(&bridge).await, [2, 1, 1, 2, 1]);
    assert_eq!(bridge.report("steady").since, steady.since, "it computed all along");
    bridge.stop().await;
}
