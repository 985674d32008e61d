//! Manager, trader and Redis as processes of their own, killed in turn.

use std::fs;

use serde_json::json;

use super::{ONCE, Random, add_worker, events, pause};
use crate::fixture::Prb;
use crate::machines::Machine;
use crate::services::Site;
use crate::trader::Redis;

/// What would show that something took effect twice. That a Redis which lost its jobs is told of
/// them again can cost an extrinsic, which the chain refuses.
const NEVER: [&str; 2] = ["PhalaRegistry.WorkerUpdated", "PhalaComputation.WorkerStopped"];

/// Kills one of them so many times; a worker is added now and then until there are so many.
fn kill(times: usize, workers: usize, seed: u64) {
    let prb = Prb::new();
    let this = Machine::this();
    let mut redis = Redis::start(prb.folder.path());
    let site = Site { redis: Some(redis.url()), ..Site::of_one_machine(&prb) };
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet_with(workers);
    let endpoints = network["workers"].as_array().unwrap();
    let mut manager = site.start_manager(&network);
    let mut trader = site.start_trader(&network);
    let provider = site.start_provider("provider", &this, &network, &site.discovery());
    let owner = json!({ "mnemonic": "//Alice" });
    let pool = json!({ "pid": 1, "name": "dev", "enabled": true, "owner": owner });
    site.ask("CreatePool", &json!({ "pools": [pool] }));
    let (mut random, mut added) = (Random(seed), 0);
    for round in 0..times {
        if added < workers && round * workers >= added * times {
            add_worker(&site, &format!("w{added}"), &endpoints[added]);
            added += 1;
        }
        pause(random.below(4_000));
        match round % 3 {
            0 => {
                trader.kill();
                pause(random.below(1_000));
                trader = site.start_trader(&network);
            }
            1 => {
                redis.kill();
                pause(random.below(1_000));
                redis = Redis::start(prb.folder.path());
            }
            _ => {
                manager.kill();
                pause(random.below(1_000));
                manager = site.start_manager(&network);
            }
        }
    }
    site.wait_for("computing", &manager, |states| {
        states.len() == added && states.iter().all(|it| it["status"] == "S_ACTIVE")
    });
    let counts = events(&network);
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    for name in ONCE {
        assert_eq!(count(name), added, "{name}: {counts:?}, seed {seed}");
    }
    for name in NEVER {
        assert_eq!(count(name), 0, "{name}: {counts:?}, seed {seed}");
    }
    for service in [trader, manager, provider, devnet] {
        service.stop();
    }
}

#[test]
fn manager_trader_and_redis_killed_in_turn_let_everything_happen_once() {
    kill(6, 2, 1);
}

#[test]
#[ignore = "long: 90 kills"]
fn manager_trader_and_redis_killed_90_times_let_everything_happen_once() {
    kill(90, 10, 2);
}
