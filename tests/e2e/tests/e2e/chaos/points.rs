//! A trader that dies between any two steps of an extrinsic's way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prb_devnet::network::Network;

use super::fleet::Fleet;
use super::verdict;
use super::world::World;

/// `name hits`: dies when it comes there for the given time.
const POINT: &str = "PRB_TEST_CHAOS_POINT";

/// In the trader's process: dies without a word at the point it was told.
pub(super) fn arm() {
    let Ok(told) = std::env::var(POINT) else { return };
    let (name, hits) = told.split_once(' ').unwrap();
    let left = AtomicU32::new(hits.parse().unwrap());
    fail::cfg_callback(name, move || {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // As by kill -9: nothing is dropped, nothing is flushed.
            std::process::abort();
        }
    })
    .unwrap();
}

const FEW: Fleet = Fleet { accounts: 2, workers_each: 3, messages: 4, era: 16 };

/// The first trader dies at the point, and so do the next two, a little later each.
async fn dies_at(point: &str) {
    let network = Network::builder(FEW.network()).build().unwrap().start().await.unwrap();
    let mut world = World::new(FEW, network).await;
    world.trader.kill();
    for hits in 1..=3 {
        let told = [(POINT, format!("{point} {hits}"))];
        world.trader = world.start_trader(&told);
        let deadline = std::time::Instant::now() + Duration::from_mins(2);
        while world.trader.ended().is_none() {
            assert!(std::time::Instant::now() < deadline, "it never comes to {point}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    world.trader = world.start_trader(&[]);
    let deadline = std::time::Instant::now() + Duration::from_mins(2);
    while world.manager.ended().is_none() {
        assert!(std::time::Instant::now() < deadline, "not all is done after {point}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.manager.ended(), Some(true));
    world.comes_to_rest(point).await;
    verdict::check(&world, point).await;
    world.trader.kill();
    world.network.shutdown().await.unwrap();
}

macro_rules! points {
    ($($name:ident $point:literal),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            dies_at($point).await;
        })*
    };
}

points! {
    before_sign "trader-before-sign",
    after_sign "trader-after-sign",
    before_submit "trader-before-submit",
    after_submit "trader-after-submit",
    before_watch "trader-before-watch",
    after_watch "trader-after-watch",
    before_acknowledge "trader-before-acknowledge",
    after_acknowledge "trader-after-acknowledge",
}
