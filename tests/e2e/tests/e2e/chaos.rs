//! Exactly once, whatever dies: jobs of many accounts, while trader, manager and Redis are killed,
//! connections are cut and slow, answers are lost, blocks are reverted, the runtime is upgraded,
//! and somebody else signs with two of the accounts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is not as expected fails the test"
)]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::queue::{JobKey, RedisQueue, RedisQueueConfig};
use prb_devnet::network::Network;

use self::fleet::Fleet;
use self::process::Process;
use self::random::Random;
use self::world::World;
use crate::trader::world::start_trader;

mod ends;
mod fleet;
mod line;
mod manager;
mod points;
mod process;
mod random;
mod stranger;
mod stuck;
mod verdict;
mod world;

const QUEUE: &str = "PRB_TEST_CHAOS_QUEUE";
const NODE: &str = "PRB_TEST_CHAOS_NODE";

fn queue(url: &str) -> Arc<RedisQueue> {
    let config = RedisQueueConfig::new(url.to_owned(), JobKey::new([1; 32]));
    let config = RedisQueueConfig { stall_interval: Duration::from_secs(1), ..config };
    Arc::new(RedisQueue::open(config).unwrap())
}

fn chain(url: &str) -> ChainClient {
    let mut config = ChainClientConfig::new([Endpoint::new(url)]);
    config.request_timeout = Duration::from_secs(3);
    ChainClient::new(config)
}

/// What a process of this test was told: the fleet, the node and the queue.
fn told() -> Option<(Fleet, ChainClient, Arc<RedisQueue>)> {
    let variable = |name| std::env::var(name).ok();
    Some((Fleet::from_env()?, chain(&variable(NODE)?), queue(&variable(QUEUE)?)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by those that kill it"]
async fn the_trader() {
    let Some((fleet, chain, queue)) = told() else { return };
    points::arm();
    let trader = start_trader(chain, queue, |config| {
        config.era_blocks = fleet.era;
        config.max_batch_calls = 20;
    });
    trader.await.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by those that kill it"]
async fn the_manager() {
    let Some((fleet, chain, queue)) = told() else { return };
    manager::run(fleet, chain, queue).await;
}

/// One thing that goes wrong.
async fn disturb(world: &mut World, random: &mut Random) {
    let moment = Duration::from_millis(200 + random.below(800));
    match random.below(14) {
        0 | 1 => {
            world.trader.kill();
            tokio::time::sleep(moment).await;
            world.trader = world.start_trader(&[]);
        }
        2 => {
            world.manager.kill();
            tokio::time::sleep(moment).await;
            world.manager = world.start_manager();
        }
        3 => {
            world.redis.kill();
            tokio::time::sleep(moment / 2).await;
            world.redis = Process::redis(world.folder.path());
        }
        4 => world.to_redis.cut(),
        5 => {
            world.to_redis.delay(moment / 4);
            tokio::time::sleep(moment).await;
            world.to_redis.delay(Duration::ZERO);
        }
        6 => world.to_node.cut(),
        7 => {
            world.to_node.delay(moment / 4);
            tokio::time::sleep(moment).await;
            world.to_node.delay(Duration::ZERO);
        }
        8 => world.lose_answers(moment).await,
        9 => world.network.faults().fork_para(),
        10 => world.expire_pool().await,
        11 => world.outbid(random.below(2) as usize, moment).await,
        12 if world.upgrades < 3 => {
            world.upgrades += 1;
            world.network.faults().upgrade_runtime();
        }
        _ => world.stranger.sign(random.below(2) as usize).await,
    }
}

/// Lets everything go wrong `disturbances` times, and then looks what is true.
#[expect(clippy::print_stderr, reason = "what a seed met is a long test's log")]
async fn run(seed: u64, fleet: Fleet, disturbances: u64, patience: Duration) {
    let network = Network::builder(fleet.network()).build().unwrap().start().await.unwrap();
    let mut world = World::new(fleet, network).await;
    let mut random = Random(seed);
    let (mut happened, began) = (0, Instant::now());
    while world.manager.ended().is_none() {
        if began.elapsed() > patience {
            let left = stuck::report(&world).await;
            panic!("seed {seed}: not done after {patience:?} and {happened} disturbances:\n{left}");
        }
        tokio::time::sleep(Duration::from_millis(100 + random.below(900))).await;
        if happened < disturbances {
            happened += 1;
            disturb(&mut world, &mut random).await;
        }
        assert_eq!(world.trader.ended(), None, "seed {seed}: the trader ended by itself");
    }
    assert_eq!(world.manager.ended(), Some(true), "seed {seed}: the manager failed");
    let said = format!("seed {seed}, {happened} disturbances, {} jobs", fleet.jobs());
    world.comes_to_rest(&said).await;
    verdict::check(&world, &said).await;
    world.trader.kill();
    world.network.shutdown().await.unwrap();
    eprintln!("{said}: each once, after {:?}", began.elapsed());
}

/// 20 accounts in short.
const SHORT: Fleet = Fleet { accounts: 20, workers_each: 2, messages: 7, era: 16 };
/// The first and the last seed, for fewer than a hundred.
const SEEDS: &str = "PRB_TEST_CHAOS_SEEDS";
/// Seeds that run at the same time.
const AT_ONCE: usize = 2;
/// 5,000 jobs. What so many processes do takes longer than the shortest era.
const WHOLE: Fleet = Fleet { accounts: 20, workers_each: 10, messages: 22, era: 64 };

macro_rules! seeds {
    ($($name:ident $seed:literal),*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            run($seed, SHORT, 25, Duration::from_mins(4)).await;
        })*
    };
}

seeds!(seed_1 1, seed_2 2, seed_3 3, seed_4 4, seed_5 5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: 5,000 jobs for each of 100 seeds"]
async fn a_hundred_seeds() {
    let told = std::env::var(SEEDS).ok();
    let told = told.as_deref().and_then(|told| told.split_once(' '));
    let (first, last) = told.map_or((1, 100), |(a, b)| (a.parse().unwrap(), b.parse().unwrap()));
    let runs = (first..=last).map(async |seed| {
        let run = run(seed, WHOLE, 150, Duration::from_mins(30));
        AssertUnwindSafe(run).catch_unwind().await.is_err().then_some(seed)
    });
    // They wait more than they work.
    let failed: Vec<_> = futures::stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<u64> = failed.into_iter().flatten().collect();
    assert!(failed.is_empty(), "these seeds failed: {failed:?}");
}
