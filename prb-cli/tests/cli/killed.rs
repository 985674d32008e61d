//! A manager that is killed again and again, in every phase of its workers' lives.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use subxt::{OnlineClient, SubstrateConfig};

use crate::fixture::Prb;
use crate::machines::Machine;
use crate::services::{Site, dispatched};

mod apart;

/// What must happen once for each worker, and no more often.
const ONCE: [&str; 4] = [
    "PhalaRegistry.WorkerAdded",
    "PhalaStakePoolv2.PoolWorkerAdded",
    "PhalaComputation.SessionBound",
    "PhalaStakePoolv2.WorkingStarted",
];

/// What shows that something was sent that the chain had already, or that was wrong.
const NEVER: [&str; 5] = [
    "System.ExtrinsicFailed",
    "Utility.ItemFailed",
    "Utility.BatchInterrupted",
    "PhalaRegistry.WorkerUpdated",
    "PhalaComputation.WorkerStopped",
];

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[expect(clippy::disallowed_methods, reason = "no executor runs here")]
fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Adds a worker, as an operator on the manager's machine.
fn add_worker(site: &Site<'_>, name: &str, endpoint: &Value) {
    let worker = json!({ "pid": 1, "name": name, "endpoint": endpoint, "enabled": true,
                         "stake": "10000000000000000" });
    site.ask("CreateWorker", &json!({ "workers": [worker] }));
}

/// What the manager keeps: pools and workers, in the order of their ids.
fn inventory(site: &Site<'_>) -> [Value; 2] {
    ["ListPool", "ListWorker"].map(|method| site.ask(method, &json!({})))
}

/// Every event of the parachain, counted by name.
fn events(network: &Value) -> BTreeMap<String, usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = network["para"].as_str().unwrap();
        let client = OnlineClient::<SubstrateConfig>::from_insecure_url(url).await.unwrap();
        let last = client.at_current_block().await.unwrap().block_number();
        let mut counts = BTreeMap::new();
        for number in 1..=last {
            let block = client.at_block(number).await.unwrap();
            for event in block.events().fetch().await.unwrap().iter() {
                let event = event.unwrap();
                let name = format!("{}.{}", event.pallet_name(), event.event_name());
                *counts.entry(name).or_default() += 1;
            }
        }
        counts
    })
}

/// Kills the manager so many times; a worker is added after each of some of them.
fn kill(times: usize, workers: usize, seed: u64) {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site::of_one_machine(&prb);
    std::fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet_with(workers);
    let endpoints = network["workers"].as_array().unwrap();
    let provider = site.start_provider("provider", &this, &network, &site.discovery());
    let mut manager = site.start_manager(&network);
    site.ask(
        "CreatePool",
        &json!({ "pools": [{ "pid": 1, "name": "dev", "enabled": true,
                                                "owner": { "mnemonic": "//Alice" } }] }),
    );
    let (mut random, mut added, mut times_back) = (Random(seed), 0, Vec::new());
    for round in 0..times {
        if added < workers && round * workers >= added * times {
            add_worker(&site, &format!("w{added}"), &endpoints[added]);
            added += 1;
        }
        let before = inventory(&site);
        // From the first moments after a change on.
        pause(random.below(1_500));
        manager.kill();
        if round % 2 == 1 {
            // One that does not come to do much.
            let mut short = site.spawn_manager(&network);
            pause(random.below(1_000));
            short.kill();
        }
        let started = Instant::now();
        manager = site.start_manager(&network);
        assert_eq!(inventory(&site), before, "round {round}, seed {seed}");
        let stood: Vec<_> = site.workers().iter().map(dispatched).collect();
        let what = format!("back to work after kill {round}");
        site.wait_for(&what, &manager, |workers| {
            workers.iter().zip(&stood).any(|(worker, stood)| dispatched(worker) > *stood.max(&0))
        });
        times_back.push(started.elapsed().as_secs_f64());
    }
    site.wait_for("computing", &manager, |states| {
        states.len() == added && states.iter().all(|it| it["status"] == "S_ACTIVE")
    });
    let stood = site.workers().iter().map(dispatched).max().unwrap();
    site.wait_for("computing after 20 more blocks", &manager, |states| {
        states.iter().all(|it| dispatched(it) > stood + 20 && it["status"] == "S_ACTIVE")
    });
    let counts = events(&network);
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    for name in ONCE {
        assert_eq!(count(name), added, "{name}: {counts:?}, seed {seed}");
    }
    for name in NEVER {
        assert_eq!(count(name), 0, "{name}: {counts:?}, seed {seed}");
    }
    times_back.sort_by(f64::total_cmp);
    let (median, longest) = (times_back[times_back.len() / 2], times_back.last().unwrap());
    eprintln!("{times} kills: back to work after {median:.1} s, at most {longest:.1} s");
    for service in [manager, provider, devnet] {
        service.stop();
    }
}

#[test]
fn a_manager_killed_ten_times_spoils_no_worker_and_sends_nothing_twice() {
    kill(10, 3, 1);
}

#[test]
#[ignore = "long: 100 kills"]
fn a_manager_killed_100_times_spoils_no_worker_and_sends_nothing_twice() {
    kill(100, 10, 2);
}
