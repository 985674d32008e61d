//! The lifecycle manager with everything it stands between: data provider, trader, workers and
//! both chains, all of them real but the workers, which verify like real ones.

use std::time::Duration;

use prb_core::lifecycle::{CollateralService, Phase};
use prb_core::queue::Action;
use prb_devnet::pruntime::{AttestationMethod, DoubleConfig, Mode};
use prb_walkie::proto::worker_state::Status;

use self::bridge::{Bridge, PHA, double, network};
use self::caching_service::CachingService;

mod bridge;
mod caching_service;
mod crowd;
mod fast_sync;
mod faulty_answers;
mod faulty_processes;
mod gatekeepers;
mod leaving;
mod light_provider;
mod notices;

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_every_generation_reach_computing() {
    let service = CachingService::start().await;
    let bridge = Bridge::start_with(network(), |settings| {
        settings.lifecycle.collateral = Some(CollateralService::new(service.url()));
    })
    .await;
    bridge.pool(1, "//Alice", "").await;
    let epid = DoubleConfig { attestation: AttestationMethod::Epid, ..double() };
    let dcap = DoubleConfig { attestation: AttestationMethod::Dcap, ..double() };
    let old = DoubleConfig { mode: Mode::V0_2, ..epid.clone() };
    for (name, config) in [("epid", epid), ("dcap", dcap), ("old", old)] {
        bridge.worker(name, 1, config, 5_000 * PHA).await;
    }
    bridge.worker("unattested", 1, double(), 5_000 * PHA).await;
    bridge.until("unattested", Phase::Failing, "can attest itself by none of epid and dcap").await;
    for name in ["epid", "dcap", "old"] {
        let report = bridge.until(name, Phase::Computing, "").await;
        assert_eq!(report.message, "computing with 5000 PHA");
    }
    assert!(service.was_asked("tcb?fmspc=10906AED0000"));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computing_worker_agrees_with_the_chain_and_its_heartbeats_are_accepted() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.worker("w", 1, double(), 5_000 * PHA).await;
    bridge.until("w", Phase::Computing, "").await;
    for _ in 0..5 {
        let next = bridge.report("w").para_block.unwrap() + 1;
        bridge.until_block("w", next).await;
        bridge.roots_agree("w").await;
    }
    let (first, second) = (bridge.next_heartbeat("w", 0).await, bridge.report("w"));
    bridge.next_heartbeat("w", first).await;
    assert_eq!(bridge.report("w").since, second.since, "it computed all along");
    let state = bridge.lifecycle.worker_states(&["w".to_owned()]).unwrap().worker_states.remove(0);
    assert_eq!(state.status(), Status::SActive);
    assert!(state.initialized && state.public_key.starts_with("0x"));
    assert!(!state.worker_account_id.is_empty());
    let session: serde_json::Value = serde_json::from_str(&state.session_info_json).unwrap();
    assert_eq!(session["state"], "WorkerIdle");
    assert_eq!(session["runtimeInfo"]["initialized"], true);
    let told = bridge.lifecycle.worker_histories(&["w".to_owned()]).unwrap().remove(0).messages;
    assert!(told.is_sorted_by_key(|message| message.at) && told.len() <= 100, "{told:?}");
    let first = |wanted| told.iter().position(|message| message.phase == wanted);
    let lived = [Phase::Starting, Phase::Syncing, Phase::Preparing, Phase::Computing].map(first);
    assert!(lived.iter().all(Option::is_some) && lived.is_sorted(), "{told:?}");
    assert_eq!(*told.last().unwrap().text, *state.last_message);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_only_synced_never_causes_a_transaction() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.sync_only_worker("w", 1, double()).await;
    bridge.until("w", Phase::Synced, "").await;
    let reached = bridge.report("w").para_block.unwrap();
    bridge.until_block("w", reached + 30).await;
    assert_eq!(bridge.report("w").phase, Phase::Synced);
    assert_eq!(bridge.jobs().await, 0);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_may_be_run_by_its_owners_proxy() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(2, "//Dave", &bridge::address("//Charlie")).await;
    bridge.worker("w", 2, double(), 5_000 * PHA).await;
    bridge.until("w", Phase::Computing, "").await;
    // A proxy for pools may not do this in the owner's name.
    let endpoints = vec!["https://worker.example".to_owned(), "http://10.0.0.1:8000".to_owned()];
    bridge.change_worker("w", |worker| worker.public_endpoints = endpoints.clone()).await;
    bridge.until_published("w", &endpoints).await;
    bridge.until("w", Phase::Computing, "").await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_joins_late_in_a_period_and_one_that_went_back_catch_up() {
    let mut config = network();
    // One long period, whose segments at the tip end wherever there was a justification.
    config.session_blocks = 0;
    config.relay_block_time = Duration::from_millis(100);
    let bridge = Bridge::start(config).await;
    bridge.until_segments(300).await;
    bridge.pool(1, "//Alice", "").await;
    let checkpoints = DoubleConfig { checkpoint_interval: Some(40), ..double() };
    bridge.worker("w", 1, checkpoints, 5_000 * PHA).await;
    bridge.until("w", Phase::Computing, "").await;
    for _ in 0..3 {
        let before = bridge.report("w").para_block.unwrap();
        bridge.double("w").restart_from_checkpoint().await.unwrap();
        bridge.until_block("w", before + 20).await;
        bridge.until("w", Phase::Computing, "").await;
    }
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_and_retried_when_it_goes() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.pool(4, "//Bob", "").await;
    bridge.pool(5, "//Alice", "").await;
    bridge.pool(6, "//Alice", "").await;
    bridge.worker("good", 1, double(), 5_000 * PHA).await;
    bridge.worker("low", 1, double(), PHA).await;
    bridge.worker("poor", 4, double(), 5_000 * PHA).await;
    bridge.worker("lost", 6, double(), 5_000 * PHA).await;
    bridge.until("low", Phase::Failing, "a stake of 1 PHA is below").await;
    bridge.until("poor", Phase::Failing, "pool 4 has 1 PHA of free stake, and 5000 PHA").await;
    bridge.until("lost", Phase::Failing, "there is no pool 6 on chain").await;
    bridge.until("good", Phase::Computing, "").await;
    // Moved to another pool by mistake.
    bridge.change_worker("good", |worker| worker.pid = 5).await;
    bridge.until("good", Phase::Failing, "the worker is in pool 1, not in 5").await;
    bridge.change_worker("good", |worker| worker.pid = 1).await;
    bridge.change_worker("low", |worker| worker.stake = (5_000 * PHA).to_string()).await;
    bridge.deposit_stake(4, 10_000 * PHA).await;
    bridge.create_pool("//Alice").await;
    bridge.deposit_stake(6, 10_000 * PHA).await;
    for worker in ["good", "low", "poor", "lost"] {
        bridge.until(worker, Phase::Computing, "").await;
    }
    bridge.change_worker("good", |worker| worker.stake = (6_000 * PHA).to_string()).await;
    bridge.until("good", Phase::Computing, "computing with 6000 PHA").await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_faults_disturb_nobody_else() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.worker("steady", 1, double(), 5_000 * PHA).await;
    bridge.worker("w", 1, double(), 5_000 * PHA).await;
    for worker in ["steady", "w"] {
        bridge.until(worker, Phase::Computing, "").await;
    }
    let since = bridge.report("steady").since;
    let names = ["w".to_owned()];
    bridge.lifecycle.kick_workers(&names).unwrap();
    bridge.until("w", Phase::Kicked, "").await;
    bridge.lifecycle.restart_workers(&names).await.unwrap();
    bridge.until("w", Phase::Computing, "").await;
    bridge.change_worker("w", |worker| worker.enabled = false).await;
    bridge.until("w", Phase::Disabled, "").await;
    bridge.change_worker("w", |worker| worker.enabled = true).await;
    bridge.until("w", Phase::Computing, "").await;
    bridge.double("w").refuse_next(20);
    let before = bridge.report("w").para_block.unwrap();
    bridge.until_block("w", before + 10).await;
    // Slower than the chain: it never has all blocks.
    bridge.double("w").delay_dispatch(Duration::from_millis(500));
    bridge.until_block("w", before + 20).await;
    bridge.lifecycle.refresh_ra_and_restart_workers(&names).await.unwrap();
    bridge.until("w", Phase::Computing, "").await;
    assert_eq!(bridge.report("steady").since, since, "the other worker computed all along");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_drained_begins_where_it_was_when_its_process_is_started_again() {
    let mut bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    let old = DoubleConfig { mode: Mode::V0_2, ..double() };
    bridge.sync_only_worker("old", 1, old).await;
    // No checkpoint but those that are asked for.
    let config = DoubleConfig { checkpoint_interval: None, ..double() };
    bridge.worker("w", 1, config, 5_000 * PHA).await;
    bridge.until("old", Phase::Synced, "").await;
    bridge.until("w", Phase::Computing, "").await;
    let names = ["w".to_owned()];
    bridge.lifecycle.checkpoint_workers(&names).unwrap();
    bridge.until_message("w", "checkpoint at block").await;
    bridge.double("w").delay_dispatch(Duration::from_millis(500));
    bridge.lifecycle.drain_workers(&["w".to_owned(), "old".to_owned()]).await.unwrap();
    bridge.until("old", Phase::Drained, "no checkpoint").await;
    let drained = bridge.until("w", Phase::Drained, "drained, checkpoint at block").await;
    let next = bridge.double("w").info().await.blocknum;
    assert_eq!(drained.para_block, Some(next - 1), "{drained:?}");
    bridge.double("w").delay_dispatch(Duration::ZERO);
    bridge.double("w").restart_from_checkpoint().await.unwrap();
    assert_eq!(bridge.double("w").info().await.blocknum, next, "the state was saved");

    bridge.restart_manager().await;
    bridge.worker("fed", 1, double(), 5_000 * PHA).await;
    bridge.until_block("fed", next + 10).await;
    for name in ["w", "old"] {
        bridge.until(name, Phase::Drained, "drained earlier").await;
    }
    assert_eq!(bridge.double("w").info().await.blocknum, next, "it is left alone");
    bridge.lifecycle.restart_workers(&names).await.unwrap();
    bridge.change_worker("old", |_| {}).await;
    bridge.until("w", Phase::Computing, "").await;
    bridge.until("old", Phase::Synced, "").await;

    bridge.lifecycle.kick_workers(&names).unwrap();
    bridge.until("w", Phase::Kicked, "").await;
    bridge.restart_manager().await;
    bridge.until("w", Phase::Computing, "").await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_endpoints_with_one_key_one_earns_and_the_other_says_so() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    let same = || DoubleConfig { key_seed: Some([7; 32]), ..double() };
    bridge.worker("first", 1, same(), 5_000 * PHA).await;
    let first = bridge.until("first", Phase::Computing, "").await;
    bridge.worker("second", 1, same(), 5_000 * PHA).await;
    let text = format!("worker {} has the same public key", first.uuid);
    let second = bridge.until("second", Phase::Failing, &text).await;
    assert_eq!(second.public_key, first.public_key);
    bridge.until_block("second", second.para_block.unwrap() + 10).await;
    assert_eq!(bridge.report("first").since, first.since, "it computed all along");
    bridge.lifecycle.kick_workers(&["first".to_owned()]).unwrap();
    bridge.until("second", Phase::Computing, "").await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_that_starts_again_does_nothing_twice() {
    let mut bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.worker("w", 1, double(), 5_000 * PHA).await;
    // In every phase on the way.
    for text in ["register", "add to the pool", "start computing"] {
        bridge.until_told("w", text).await;
        bridge.restart_manager().await;
    }
    bridge.until("w", Phase::Computing, "").await;
    bridge.restart_manager().await;
    let report = bridge.until("w", Phase::Computing, "").await;
    bridge.until_block("w", report.para_block.unwrap() + 10).await;
    let deeds = bridge.deeds().await;
    let count = |is: fn(&Action) -> bool| deeds.iter().filter(|action| is(action)).count();
    assert_eq!(count(|it| matches!(it, Action::AddWorker { .. })), 1, "{deeds:?}");
    assert_eq!(count(|it| matches!(it, Action::StartComputing { .. })), 1, "{deeds:?}");
    bridge.stop().await;
}
