//! The trader against the embedded network's chain.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail by panicking too")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use prb_core::queue::{Action, CallOutcome, JobState};
use prb_core::trader::PROXIED_CALLS;
use prb_devnet_runtime::chain::TOKEN;
use sp_keyring::Sr25519Keyring::{Alice, Charlie, Dave, Eve, Ferdie};

use self::world::{Worker, World, eventually};

mod once;
mod operators;
mod pool;
pub(crate) mod remark;
pub(crate) mod world;

const DEADLINE: Duration = Duration::from_mins(1);
/// Enough for a worker of the highest score: 100 · √6000.
const STAKE: u128 = 8_000 * TOKEN;

#[tokio::test(flavor = "multi_thread")]
async fn a_single_call_goes_unwrapped_and_its_result_is_told() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let mut worker = Worker::new(1, Alice);
    let action = worker.messages(1);
    let Action::SyncMessages { messages } = action.clone() else { unreachable!() };
    let id = world.enqueue(1, action).await;
    let record = world.succeeded(&id).await;
    let outcome = record.outcome.unwrap();
    assert_eq!(outcome.calls[0].call, "PhalaMq.sync_offchain_message");
    let hash = world.chain.block_hash(outcome.block_number).await.unwrap().unwrap();
    assert_eq!(format!("{hash:?}"), outcome.block_hash);
    let block = world.chain.block(hash).await.unwrap();
    // Signed part (99 bytes), then era 2, nonce 1, tip 1 and metadata mode 1, then the call.
    let call = [&[85, 0][..], &messages[0]].concat();
    let unwrapped = block.extrinsics.iter().any(|extrinsic| {
        let length = 99 + 5 + call.len();
        extrinsic.ends_with(&call) && extrinsic.len() == length + 2
    });
    assert!(unwrapped, "{:?}", block.extrinsics);
    trader.shutdown(DEADLINE).await.unwrap();
    let status = trader.status();
    let account = &status.accounts[&Alice.to_raw_public()];
    assert_eq!((account.nonce, account.in_flight, &account.pools[..]), (Some(1), 0, &[1][..]));
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_runtime_upgrade_calls_are_signed_for_the_new_runtime() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let mut worker = Worker::new(1, Alice);
    let before = world.enqueue(1, worker.messages(1)).await;
    world.succeeded(&before).await;
    let version = async || world.chain.runtime_version(None).await.unwrap().spec_version;
    let old = version().await;
    world.network.faults().upgrade_runtime();
    eventually("a new runtime", async || (version().await > old).then_some(())).await;
    // What is signed for the old runtime has no valid signature any more.
    let after = world.enqueue(1, worker.messages(2)).await;
    let outcome = world.succeeded(&after).await.outcome.unwrap();
    assert_eq!(outcome.calls[0].call, "PhalaMq.sync_offchain_message");
    assert_eq!(version().await, old + 1);
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pools_proxy_runs_a_worker_for_its_owner() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let mut worker = Worker::new(1, Charlie);
    let refused = world.enqueue(2, Action::AddWorker { public_key: worker.key() }).await;
    let refused = world.ended(&refused).await;
    let failure = refused.failure.unwrap();
    assert_eq!(refused.state, JobState::Failed);
    assert!(!failure.transient);
    let words = format!("could not add worker 0x{} to pool 2", hex::encode(worker.key()));
    assert!(failure.reason.starts_with(&words), "{}", failure.reason);
    assert!(failure.reason.contains("PhalaStakePoolv2.WorkerNotRegistered"), "{}", failure.reason);

    world.admit(&mut worker, 2).await;
    let add = world.enqueue(2, Action::AddWorker { public_key: worker.key() }).await;
    world.succeeded(&add).await;
    let stake = STAKE;
    let start = Action::StartComputing { public_key: worker.key(), stake };
    let start = world.enqueue(2, start).await;
    world.succeeded(&start).await;
    assert_eq!((world.nonce(Dave).await, world.nonce(Charlie).await), (5, 0));
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_of_a_batch_that_the_chain_refuses_fails_alone() {
    let world = World::new().await;
    // Three calls close a batch; nothing else does.
    let trader = world.start(|config| config.max_batch_calls = 3).await;
    let mut worker = Worker::new(1, Charlie);
    world.admit(&mut worker, 2).await;
    trader.shutdown(DEADLINE).await.unwrap();
    let before = world.nonce(Dave).await;
    let trader = world
        .start(|config| {
            config.max_batch_calls = 3;
            config.max_batch_age = DEADLINE;
        })
        .await;
    let public_key = worker.key();
    let add = world.enqueue(2, Action::AddWorker { public_key }).await;
    let reclaim = world.enqueue(2, Action::ReclaimWorker { public_key }).await;
    let stake = STAKE;
    let start = world.enqueue(2, Action::StartComputing { public_key, stake }).await;
    let add = world.succeeded(&add).await.outcome.unwrap();
    let start = world.succeeded(&start).await.outcome.unwrap();
    assert_eq!(add.extrinsic_hash, start.extrinsic_hash, "one batch");
    let reclaim = world.ended(&reclaim).await;
    assert_eq!(reclaim.state, JobState::Failed);
    let failure = reclaim.failure.unwrap();
    let CallOutcome::Error { error, .. } = &failure.calls[0].outcome else { panic!("{failure:?}") };
    assert!(error.starts_with("PhalaComputation."), "{error}");
    assert!(failure.reason.starts_with("could not release the stake of worker 0x"));
    assert_eq!(world.nonce(Dave).await, before + 1);
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_that_the_proxys_filter_refuses_is_told() {
    let world = World::new().await;
    // Two calls close a batch; nothing else does.
    let trader = world
        .start(|config| {
            config.max_batch_calls = 2;
            config.max_batch_age = DEADLINE;
        })
        .await;
    let worker = Worker::new(1, Eve);
    let ids = [
        world.enqueue(3, worker.register()).await,
        world.enqueue(3, Action::AddWorker { public_key: worker.key() }).await,
    ];
    for id in ids {
        let failure = world.ended(&id).await.failure.unwrap();
        assert!(failure.reason.contains("System.CallFiltered"), "{}", failure.reason);
    }
    assert_eq!(world.nonce(Ferdie).await, 1, "one batch");
    let account = eventually("what the proxy may do is known", async || {
        let account = trader.status().accounts[&Ferdie.to_raw_public()].clone();
        account.proxied.iter().any(|proxied| !proxied.kinds.is_empty()).then_some(account)
    })
    .await;
    let admitted = PROXIED_CALLS.iter().filter(|call| account.proxied[0].admits(call)).count();
    assert_eq!((&account.proxied[0].kinds[..], admitted), (&["NonTransfer".to_owned()][..], 0));
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_of_two_producers_go_once_and_in_order() {
    let world = Arc::new(World::new().await);
    let trader = world.start(|config| config.max_batch_calls = 10).await;
    let producers = [1_u8, 101].map(|seed| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let mut workers: Vec<_> = (0..8).map(|n| Worker::new(seed + n, Alice)).collect();
            let mut ids = Vec::new();
            for round in 0..5 {
                for worker in &mut workers {
                    ids.push(world.enqueue(1, worker.messages(1 + round % 3)).await);
                }
            }
            (workers, ids)
        })
    });
    let mut extrinsics = BTreeSet::new();
    for producer in producers {
        let (workers, ids) = producer.await.unwrap();
        for record in world.all_succeeded(&ids).await {
            let outcome = record.outcome.unwrap();
            assert!(outcome.calls.iter().all(|call| call.outcome.is_ok()), "{outcome:?}");
            extrinsics.insert(outcome.extrinsic_hash);
        }
        for worker in &workers {
            assert_eq!(world.ingress(worker).await, 1 + 2 + 3 + 1 + 2);
        }
    }
    assert_eq!(world.nonce(Alice).await as usize, extrinsics.len(), "no extrinsic is wasted");
    assert!(extrinsics.len() < 80, "jobs share extrinsics: {}", extrinsics.len());
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_out_of_turn_is_told_and_holds_up_nothing() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let mut worker = Worker::new(1, Alice);
    let (first, second) = (worker.messages(1), worker.messages(1));
    for (action, words) in [
        (second.clone(), "it is not its turn: message 0 of the sender must come first"),
        (first.clone(), ""),
        (first, "it is there already: the next one is 1"),
        (second, ""),
    ] {
        let id = world.enqueue(1, action).await;
        let record = world.ended(&id).await;
        let reason = record.failure.map(|failure| failure.reason).unwrap_or_default();
        assert_eq!(record.state == JobState::Succeeded, words.is_empty(), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(world.nonce(Alice).await, 2, "nothing was sent in vain");
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_job_is_failed_and_disturbs_nothing() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let garbage = Action::SyncMessages { messages: vec![vec![1, 2, 3]] };
    let garbage = world.enqueue(1, garbage).await;
    let no_operator = world.enqueue(4, Action::AddWorker { public_key: [1; 32] }).await;
    let no_info = Action::RegisterWorkerV2 { runtime_info: vec![7; 40], attestation: vec![0] };
    let no_info = world.enqueue(1, no_info).await;
    let mut worker = Worker::new(1, Alice);
    let good = world.enqueue(1, worker.messages(2)).await;
    world.succeeded(&good).await;
    for (id, words) in [
        (garbage, "message 0 of the job does not decode"),
        (no_operator, "pool 4 has no operator beside the queue"),
        (no_info, "do not fit PhalaRegistry.register_worker_v2"),
    ] {
        let failure = world.ended(&id).await.failure.unwrap();
        assert!(failure.reason.contains(words) && !failure.transient, "{}", failure.reason);
    }
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}
