//! Exactly once, whatever happens to the trader and its connection.

use std::sync::Arc;
use std::time::Duration;

use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::queue::{Job, JobId, JobQueue, JobState};
use prb_core::trader::TraderConfig;
use prb_devnet::rpc::MethodFault;
use sp_keyring::Sr25519Keyring::{Alice, Eve};

use super::DEADLINE;
use super::world::{Worker, World, client, eventually, queue_at, queue_in_memory, start_trader};

/// Workers with a job of one message each.
async fn enqueue(queue: &dyn JobQueue, workers: &mut [Worker]) -> Vec<JobId> {
    let mut ids = Vec::new();
    for worker in workers {
        let job = Job { pid: 1, action: worker.messages(1) };
        ids.push(queue.enqueue(job).await.unwrap());
    }
    ids
}

/// Every job has ended, and as the chain says: a message is on chain if and only if its job
/// succeeded.
async fn all_told_truly(world: &World, workers: &[Worker], ids: &[JobId]) -> usize {
    let mut succeeded = 0;
    for (worker, id) in workers.iter().zip(ids) {
        let record = world.ended(id).await;
        let on_chain = world.ingress(worker).await == 1;
        assert_eq!(record.state == JobState::Succeeded, on_chain, "{record:?}");
        succeeded += usize::from(on_chain);
    }
    succeeded
}

#[test]
fn a_trader_killed_in_the_middle_is_followed_by_one_that_knows() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tokio::runtime::Runtime::new().unwrap();
    let world = outside.block_on(World::with_queue(queue_at(folder.path())));
    let mut workers: Vec<_> = (0..60).map(|seed| Worker::new(seed, Alice)).collect();
    let ids = outside.block_on(enqueue(&*world.queue, &mut workers));
    let World { network, queue, .. } = world;

    // A process of its own, as far as tasks and connections go: it ends without a word.
    let inside = tokio::runtime::Runtime::new().unwrap();
    let chain = client(&network);
    inside.block_on(async {
        let few = |config: &mut TraderConfig| {
            config.max_batch_calls = 5;
            config.max_in_flight = 3;
        };
        let trader = start_trader(chain, Arc::clone(&queue), few).await;
        eventually("some are final and some are in flight", async || {
            let counts = queue.counts().await.unwrap();
            let in_flight = trader.status().accounts.values().any(|account| account.in_flight > 0);
            (counts.succeeded > 5 && in_flight).then_some(())
        })
        .await;
        std::mem::forget(trader);
    });
    inside.shutdown_timeout(Duration::from_secs(5));
    let dead = outside.block_on(queue.counts()).unwrap();
    assert!(dead.active > 0 && dead.succeeded < 60, "{dead:?}");
    drop(queue);

    outside.block_on(async {
        let world = World { chain: client(&network), network, queue: queue_at(folder.path()) };
        let trader = world.start(|_| {}).await;
        assert!(all_told_truly(&world, &workers, &ids).await > 50);
        assert_eq!(world.queue.counts().await.unwrap().active, 0);
        trader.shutdown(DEADLINE).await.unwrap();
        world.network.shutdown().await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_handle_leaves_what_was_sent_to_the_next_trader() {
    let world = World::new().await;
    let mut workers: Vec<_> = (0..40).map(|seed| Worker::new(seed, Alice)).collect();
    let ids = enqueue(&*world.queue, &mut workers).await;
    let trader = world.start(|config| config.max_batch_calls = 5).await;
    eventually("some are in flight", async || {
        let in_flight = trader.status().accounts.values().any(|account| account.in_flight > 1);
        in_flight.then_some(())
    })
    .await;
    drop(trader);
    let next = world.start(|_| {}).await;
    all_told_truly(&world, &workers, &ids).await;
    let counts = world.queue.counts().await.unwrap();
    assert_eq!((counts.active, counts.succeeded), (0, 40), "nothing was lost on the way");
    next.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_gives_unsent_jobs_back() {
    let world = World::new().await;
    let mut workers: Vec<_> = (0..20).map(|seed| Worker::new(seed, Alice)).collect();
    let trader = world.start(|config| config.max_batch_age = DEADLINE).await;
    let ids = enqueue(&*world.queue, &mut workers).await;
    eventually("all are taken", async || {
        (world.queue.counts().await.unwrap().active == 20).then_some(())
    })
    .await;
    trader.shutdown(DEADLINE).await.unwrap();
    let counts = world.queue.counts().await.unwrap();
    assert_eq!((counts.active, counts.waiting), (0, 20));
    let next = world.start(|_| {}).await;
    world.all_succeeded(&ids).await;
    next.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_during_submission_are_settled() {
    let world = World::new().await;
    let mut workers: Vec<_> = (0..30).map(|seed| Worker::new(seed, Alice)).collect();
    let trader = world.start(|config| config.max_batch_calls = 3).await;
    let faults = world.network.faults().para_rpc();
    let ids = enqueue(&*world.queue, &mut workers).await;
    for _ in 0..4 {
        faults.set("author_submitAndWatchExtrinsic", MethodFault::Drop);
        tokio::time::sleep(Duration::from_millis(400)).await;
        faults.clear_all();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(all_told_truly(&world, &workers, &ids).await, 30);
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

/// The node takes an extrinsic long after the trader has given up waiting for the answer.
#[tokio::test(flavor = "multi_thread")]
async fn late_answers_are_settled() {
    let mut world = World::new().await;
    let mut config = ChainClientConfig::new([Endpoint::new(&world.network.para_url())]);
    config.request_timeout = Duration::from_millis(500);
    world.chain = ChainClient::new(config);
    let mut workers: Vec<_> = (0..30).map(|seed| Worker::new(seed, Alice)).collect();
    let faults = world.network.faults().para_rpc();
    let late = MethodFault::Delay(Duration::from_millis(1_200));
    faults.set("author_submitAndWatchExtrinsic", late);
    let trader = world.start(|config| config.max_batch_calls = 3).await;
    let ids = enqueue(&*world.queue, &mut workers).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    faults.clear_all();
    assert_eq!(all_told_truly(&world, &workers, &ids).await, 30);
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}

/// Two traders that know nothing of each other sign with one account.
#[tokio::test(flavor = "multi_thread")]
async fn another_user_of_the_account_costs_time_but_no_truth() {
    let world = World::new().await;
    let other = World { queue: queue_in_memory(), ..world.clone() };
    other.put_operators().await;
    let few = |config: &mut TraderConfig| {
        config.max_batch_calls = 4;
        config.era_blocks = 16;
    };
    let traders = [world.start(few).await, other.start(few).await];
    let mut enqueued = Vec::new();
    for (world, first) in [(&world, 0), (&other, 100)] {
        let mut workers: Vec<_> = (first..first + 30).map(|n| Worker::new(n, Alice)).collect();
        let ids = enqueue(&*world.queue, &mut workers).await;
        enqueued.push((world, workers, ids));
    }
    for (world, workers, ids) in enqueued {
        let told = all_told_truly(world, &workers, &ids).await;
        assert!(told > 0, "{told} of 30");
    }
    for trader in traders {
        trader.shutdown(DEADLINE).await.unwrap();
    }
    world.network.shutdown().await.unwrap();
}

/// As a queue does that lost its jobs: it asks again for what is on chain.
#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_comes_again_is_not_sent_again() {
    let world = World::new().await;
    let trader = world.start(|_| {}).await;
    let (worker, other) = (Worker::new(1, Alice), Worker::new(2, Alice));
    let first = world.enqueue(1, worker.register()).await;
    world.succeeded(&first).await;
    let again = world.enqueue(1, worker.register()).await;
    let failure = world.ended(&again).await.failure.unwrap();
    assert_eq!(failure.reason, "the same registration is on its way or on chain already");
    let both = [world.enqueue(1, other.register()).await, world.enqueue(1, other.register()).await];
    let states = [world.ended(&both[0]).await.state, world.ended(&both[1]).await.state];
    assert_eq!(states, [JobState::Succeeded, JobState::Failed], "also of two at once");
    assert_eq!(world.nonce(Alice).await, 2);
    // The same worker for another operator is another registration.
    let moved = Worker::new(1, Eve);
    let moved = world.enqueue(1, moved.register()).await;
    world.succeeded(&moved).await;
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}
