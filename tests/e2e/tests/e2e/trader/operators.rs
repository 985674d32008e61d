//! Operators beside the queue that a trader cannot or must not use.

use std::sync::Arc;
use std::time::Duration;

use prb_core::queue::{Action, JobQueue, JobState};
use prb_core::trader::{Operator, Trader, TraderConfig};
use prb_walkie::identity::Identity;
use sp_core::{Pair, sr25519};
use sp_keyring::Sr25519Keyring::Alice;

use super::DEADLINE;
use super::world::{Worker, World};

#[tokio::test(flavor = "multi_thread")]
async fn of_another_identity_or_pool_they_sign_nothing() {
    let world = World::new().await;
    let (ours, theirs) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let (_, seed) = sr25519::Pair::from_string_with_seed(&Alice.to_seed(), None).unwrap();
    let operator = |pid| Operator::new(pid, &seed.unwrap(), None).unwrap();
    for (pid, sealed) in [
        (1, operator(1).seal(&ours).unwrap()),
        (2, operator(2).seal(&theirs).unwrap()),
        (3, operator(1).seal(&ours).unwrap()),
        (4, b"no seal at all".to_vec()),
    ] {
        world.queue.put_operator(pid, sealed).await.unwrap();
    }
    let config = TraderConfig { max_batch_age: Duration::from_millis(200), ..Default::default() };
    let trader = Trader::builder(config)
        .chain(world.chain.clone())
        .queue(Arc::clone(&world.queue) as Arc<dyn JobQueue>)
        .operator_opener(Arc::new(ours));
    let trader = trader.build().unwrap().start().await.unwrap();

    let mut worker = Worker::new(1, Alice);
    let mut bad = Vec::new();
    for (pid, words) in [
        (2, "the operator of pool 2 cannot be opened"),
        (3, "the operator kept for pool 3 belongs to pool 1"),
        (4, "the operator of pool 4 cannot be opened"),
        (5, "pool 5 has no operator beside the queue"),
    ] {
        bad.push((world.enqueue(pid, Action::AddWorker { public_key: worker.key() }).await, words));
    }
    let good = world.enqueue(1, worker.messages(1)).await;
    world.succeeded(&good).await;
    for (id, words) in bad {
        let record = world.ended(&id).await;
        let failure = record.failure.unwrap();
        assert_eq!(record.state, JobState::Failed);
        assert!(failure.reason.starts_with(words) && !failure.transient, "{}", failure.reason);
    }
    assert_eq!(world.nonce(Alice).await, 1, "nothing but the good job was signed");
    trader.shutdown(DEADLINE).await.unwrap();
    world.network.shutdown().await.unwrap();
}
