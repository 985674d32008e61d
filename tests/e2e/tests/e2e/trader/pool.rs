//! What becomes of extrinsics that wait in the node's pool for long, and beside them.

use prb_core::queue::CallOutcome;
use prb_core::trader::{DryRun, Verdict};
use prb_devnet_runtime::chain::TOKEN;
use sp_keyring::Sr25519Keyring::Alice;

use super::DEADLINE;
use super::remark::remark;
use super::world::{Worker, World, eventually, operator};

/// Nothing is taken from the pool until the signature holds no more.
#[tokio::test(flavor = "multi_thread")]
async fn what_expires_in_the_pool_is_signed_anew() {
    let world = World::new().await;
    let trader = world.start(|config| config.era_blocks = 16).await;
    world.network.faults().hold_transactions(true);
    let worker = Worker::new(1, Alice);
    let id = world.enqueue(1, worker.register()).await;
    world.in_pool(Alice, 0).await;
    let record = eventually("it has expired", async || {
        let record = world.queue.job(&id).await.unwrap().unwrap();
        (record.attempts > 0).then_some(record)
    })
    .await;
    let reason = record.failure.unwrap().reason;
    assert!(reason.contains("no block took it while its signature held"), "{reason}");
    world.network.faults().hold_transactions(false);
    world.succeeded(&id).await;
    assert_eq!(world.nonce(Alice).await, 1, "one extrinsic took effect");
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

/// Somebody else with the same key pays more for the same nonce.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_outbid_in_the_pool_is_signed_anew() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    world.network.faults().hold_transactions(true);
    let mut worker = Worker::new(1, Alice);
    let register = world.enqueue(1, worker.register()).await;
    world.in_pool(Alice, 0).await;
    let message = world.enqueue(1, worker.messages(1)).await;
    world.in_pool(Alice, 1).await;
    remark(&world.chain, &operator(1, Alice, None), 0, TOKEN).await.unwrap();
    world.network.faults().hold_transactions(false);
    let record = world.succeeded(&register).await;
    assert_eq!(record.attempts, 2, "the first try was outbid");
    world.succeeded(&message).await;
    assert_eq!(world.ingress(&worker).await, 1);
    assert_eq!(world.nonce(Alice).await, 3, "the remark and one extrinsic for each job");
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

/// A busy account always has something in the pool, which the newest state knows nothing of.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_pool_does_not_spoil_a_dry_run() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let mut worker = Worker::new(1, Alice);
    world.admit(&mut worker, 1).await;
    world.network.faults().hold_transactions(true);
    let id = world.enqueue(1, worker.messages(1)).await;
    let nonce = world.nonce(Alice).await;
    world.in_pool(Alice, nonce.into()).await;
    let again = world.queue.job(&id).await.unwrap().unwrap().job.unwrap();
    let told = DryRun::of(&again, &operator(1, Alice, None), &world.chain).await.unwrap();
    assert_eq!((told.verdict, told.nonce), (Verdict::Call(CallOutcome::Ok), nonce));
    assert!(told.fee.is_some_and(|fee| fee > 0), "{:?}", told.fee);
    world.network.faults().hold_transactions(false);
    world.succeeded(&id).await;
    let told = DryRun::of(&again, &operator(1, Alice, None), &world.chain).await.unwrap();
    let Verdict::Invalid(why) = told.verdict else { panic!("its message is used: {told:?}") };
    assert_eq!(why, "its nonce or its message is used already");
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}
