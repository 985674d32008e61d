//! Many workers, some of which are added, changed, kicked and removed: it is of no concern to the
//! others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prb_core::lifecycle::{LifecycleHandle, Phase, WorkerChange};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use super::bridge::{Bridge, PHA, double, network};

const STAKE: u128 = 5_000 * PHA;

/// Notes which workers stopped computing once they had begun.
struct Watch {
    stopped: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Watch {
    fn start(lifecycle: &LifecycleHandle) -> Self {
        let mut changes = lifecycle.subscribe();
        let stopped: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = stopped.clone();
        let task = tokio::spawn(async move {
            let mut phases = HashMap::new();
            loop {
                match changes.recv().await {
                    Ok(WorkerChange::Updated(report)) => {
                        let before = phases.insert(report.uuid, report.phase);
                        if before == Some(Phase::Computing) && report.phase != Phase::Computing {
                            seen.lock().unwrap().push(report.name.clone());
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        seen.lock().unwrap().push("one that was not seen".to_owned());
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Self { stopped, task }
    }

    fn stopped(&self) -> Vec<String> {
        self.stopped.lock().unwrap().clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn names(prefix: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("{prefix}{number}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_workers_are_not_disturbed_by_what_becomes_of_others() {
    let mut config = network();
    // Two processors for thirty workers that verify.
    config.relay_block_time = Duration::from_millis(500);
    let bridge = Bridge::start(config).await;
    let watch = Watch::start(&bridge.lifecycle);
    for pid in [1, 5] {
        bridge.pool(pid, "//Alice", "").await;
    }
    let undisturbed = names("undisturbed ", 0..25);
    let [edited, kicked, removed] =
        ["edited ", "kicked ", "removed "].map(|prefix| names(prefix, 0..5));
    let kicked = &kicked[..3];
    let first: Vec<&String> =
        undisturbed.iter().chain(&edited).chain(kicked).chain(&removed).collect();
    for (index, name) in first.iter().enumerate() {
        bridge.worker(name, [1, 5][index % 2], double(), STAKE).await;
    }
    // Some compute by now, others are on the way.
    bridge.until(&undisturbed[0], Phase::Computing, "").await;
    for name in names("added ", 0..5) {
        bridge.worker(&name, 5, double(), STAKE).await;
    }
    for name in &edited {
        bridge.change_worker(name, |worker| worker.stake = (STAKE + PHA).to_string()).await;
    }
    for name in &removed {
        bridge.change_worker(name, |worker| worker.deleted = true).await;
    }
    for pid in [1, 5] {
        bridge.change_pool(pid, |pool| pool.name = format!("once pool {pid}")).await;
    }
    bridge.lifecycle.kick_workers(kicked).unwrap();
    for name in undisturbed.iter().chain(&names("added ", 0..5)) {
        bridge.until(name, Phase::Computing, "computing with 5000 PHA").await;
    }
    for name in &edited {
        bridge.until(name, Phase::Computing, "computing with 5001 PHA").await;
    }
    // Each is challenged once in 20 blocks.
    let last = bridge.report(&undisturbed[0]).para_block.unwrap();
    bridge.until_block(&undisturbed[0], last + 25).await;

    let stopped = watch.stopped();
    let spoilt: Vec<_> = stopped.iter().filter(|name| undisturbed.contains(name)).collect();
    assert!(spoilt.is_empty(), "{spoilt:?} of {stopped:?}");
    let undisturbed: Vec<&str> = undisturbed.iter().map(String::as_str).collect();
    assert_eq!(bridge.missed_heartbeats(&undisturbed, 1).await, [0_u32; 0]);
    let listed: Vec<_> = bridge.lifecycle.reports();
    assert_eq!(listed.len(), 25 + 5 + 3 + 5);
    assert!(!listed.iter().any(|report| removed.contains(&report.name)));
    for name in kicked {
        assert_eq!(bridge.report(name).phase, Phase::Kicked);
    }
    bridge.stop().await;
}
