//! How far a data provider is, and what keeps it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prb_walkie::proto::data_provider::{Info, Status};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::chain::EndpointHealth;
use crate::store::Heights;

/// What a data provider does, step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Finding out what workers start from.
    Genesis,
    /// Following the relay chain.
    Relay,
    /// Fetching parachain headers.
    Headers,
    /// Fetching and replaying parachain blocks.
    Blocks,
    /// Fetching a block anew that a worker could not use.
    Repair,
    /// Writing to the store.
    Store,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Genesis => "genesis",
            Self::Relay => "relay",
            Self::Headers => "headers",
            Self::Blocks => "blocks",
            Self::Repair => "repair",
            Self::Store => "store",
        })
    }
}

/// What keeps a stage from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The latest reason.
    pub reason: String,
    /// Since when it has not gone on.
    pub since: SystemTime,
    /// Attempts that failed since then.
    pub attempts: u32,
}

/// One chain as a data provider reaches it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainStatus {
    /// Its nodes, in the order of the configuration.
    pub endpoints: Vec<EndpointHealth>,
    /// Requests to all of them since the start.
    pub calls: u64,
    /// Requests that were not answered.
    pub failures: u64,
    /// Bytes of JSON in the answers.
    pub bytes: u64,
}

impl From<Vec<EndpointHealth>> for ChainStatus {
    fn from(endpoints: Vec<EndpointHealth>) -> Self {
        let sum = |of: fn(&EndpointHealth) -> u64| endpoints.iter().map(of).sum();
        let (calls, failures, bytes) = (sum(|e| e.calls), sum(|e| e.failures), sum(|e| e.bytes));
        Self { endpoints, calls, failures, bytes }
    }
}

/// Status of a data provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderStatus {
    /// Heights, rates and chunk sizes as they are served.
    pub info: Info,
    /// What keeps it, by stage; empty when all is well.
    pub problems: BTreeMap<Stage, Problem>,
    /// The relay chain.
    pub relay: ChainStatus,
    /// The parachain.
    pub para: ChainStatus,
    /// Answers of nodes that were refused since the start.
    pub refused: u64,
    /// Blocks fetched anew since the start because a worker could not use them.
    pub repaired: u64,
}

/// Collects what the stages report.
pub(super) struct Progress {
    inner: Mutex<Inner>,
    status: watch::Sender<ProviderStatus>,
}

struct Inner {
    status: ProviderStatus,
    relay_rate: Rate,
    para_rate: Rate,
}

impl Progress {
    pub(super) fn new(info: Info) -> Self {
        let status = ProviderStatus { info, ..ProviderStatus::default() };
        let (relay_rate, para_rate) = Default::default();
        Self {
            inner: Mutex::new(Inner { status: status.clone(), relay_rate, para_rate }),
            status: watch::Sender::new(status),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<ProviderStatus> {
        self.status.subscribe()
    }

    /// Changes heights that only the stages know.
    pub(super) fn update(&self, change: impl FnOnce(&mut Info)) {
        let mut inner = self.inner();
        change(&mut inner.status.info);
        self.publish(&inner);
    }

    /// A stage could not go on.
    pub(super) fn problem(&self, stage: Stage, reason: String) {
        let mut inner = self.inner();
        let problem = inner.status.problems.entry(stage).or_insert_with(|| Problem {
            reason: String::new(),
            since: SystemTime::now(),
            attempts: 0,
        });
        problem.reason = reason;
        problem.attempts = problem.attempts.saturating_add(1);
        self.publish(&inner);
    }

    /// A stage went on.
    pub(super) fn went_on(&self, stage: Stage) {
        let mut inner = self.inner();
        if inner.status.problems.remove(&stage).is_some() {
            self.publish(&inner);
        }
    }

    /// A node gave something wrong.
    pub(super) fn refused(&self) {
        let mut inner = self.inner();
        inner.status.refused += 1;
        self.publish(&inner);
    }

    /// A block was replaced.
    pub(super) fn repaired(&self) {
        let mut inner = self.inner();
        inner.status.repaired += 1;
        self.publish(&inner);
    }

    /// Takes how the chains' nodes are.
    pub(super) fn asked(&self, relay: Vec<EndpointHealth>, para: Vec<EndpointHealth>) {
        let mut inner = self.inner();
        (inner.status.relay, inner.status.para) = (relay.into(), para.into());
        self.publish(&inner);
    }

    /// Takes what is stored at `now`, and reckons rates and status from it.
    pub(super) fn stored(&self, heights: Heights, now: Instant) {
        let stored = |stored: Option<u32>| stored.map_or(-1, height);
        let mut inner = self.inner();
        let Inner { status, relay_rate, para_rate } = &mut *inner;
        let info = &mut status.info;
        info.parent_committed_height = stored(heights.relay);
        info.para_committed_height = stored(heights.blocks);
        info.parent_rate = relay_rate.at(now, info.parent_committed_height);
        info.para_rate = para_rate.at(now, info.para_committed_height);
        let relay_left = info.parent_target - info.parent_committed_height;
        let para_left = info.para_target - info.para_committed_height;
        // The tip moves on while we look: a block behind is at the tip.
        let idle = info.parent_target >= 0 && relay_left <= 2 && para_left <= 1;
        info.set_status(if idle { Status::SIdle } else { Status::SSyhching });
        info.seconds_to_target = if idle {
            Some(0.0)
        } else {
            seconds(relay_left, info.parent_rate)
                .zip(seconds(para_left, info.para_rate))
                .map(|(relay, para)| f64::max(relay, para))
        };
        self.publish(&inner);
    }

    fn publish(&self, inner: &Inner) {
        self.status.send_if_modified(|status| {
            let changed = *status != inner.status;
            if changed {
                status.clone_from(&inner.status);
            }
            changed
        });
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code under this lock panics half way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A block number as the wire has it.
pub(super) fn height(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Seconds until `left` blocks are done, `None` when nothing moves.
fn seconds(left: i32, rate: f64) -> Option<f64> {
    if left <= 0 {
        Some(0.0)
    } else if rate > 0.0 {
        Some(f64::from(left) / rate)
    } else {
        None
    }
}

/// Blocks per second over the last minute.
#[derive(Default)]
struct Rate {
    samples: VecDeque<(Instant, i32)>,
}

impl Rate {
    const WINDOW: Duration = Duration::from_mins(1);

    fn at(&mut self, now: Instant, height: i32) -> f64 {
        self.samples.push_back((now, height));
        while self.samples.len() > 2 && now - self.samples[1].0 >= Self::WINDOW {
            self.samples.pop_front();
        }
        let (then, before) = self.samples[0];
        let elapsed = (now - then).as_secs_f64();
        if elapsed > 0.0 { f64::from((height - before).max(0)) / elapsed } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_looks_back_one_minute() {
        let (start, mut rate) = (Instant::now(), Rate::default());
        assert!(rate.at(start, 0).abs() < f64::EPSILON);
        for second in 1..=200_i32 {
            let height = if second <= 100 { second * 10 } else { 1000 + (second - 100) * 2 };
            rate.at(start + Duration::from_secs(second as u64), height);
        }
        let now = rate.at(start + Duration::from_secs(201), 1202);
        assert!((1.9..2.1).contains(&now), "{now}");
        assert!(rate.samples.len() <= 63);
    }

    #[test]
    fn time_to_target_is_that_of_the_slower_chain() {
        let progress = Progress::new(Info::default());
        let start = Instant::now();
        progress.update(|info| (info.parent_target, info.para_target) = (1000, 500));
        let heights = |relay, blocks| Heights {
            relay: Some(relay),
            blocks: Some(blocks),
            ..Heights::default()
        };
        progress.stored(heights(0, 0), start);
        progress.stored(heights(100, 10), start + Duration::from_secs(10));
        let status = progress.subscribe().borrow().clone();
        assert_eq!(status.info.status(), Status::SSyhching);
        assert_eq!(status.info.seconds_to_target, Some(490.0));
        progress.stored(heights(999, 500), start + Duration::from_secs(20));
        let status = progress.subscribe().borrow().clone();
        assert_eq!(status.info.status(), Status::SIdle);
    }

    #[test]
    fn a_problem_lasts_until_the_stage_goes_on() {
        let progress = Progress::new(Info::default());
        progress.problem(Stage::Relay, "no".to_owned());
        progress.problem(Stage::Relay, "still no".to_owned());
        let problem = progress.subscribe().borrow().problems[&Stage::Relay].clone();
        assert_eq!((problem.reason.as_str(), problem.attempts), ("still no", 2));
        progress.went_on(Stage::Relay);
        assert!(progress.subscribe().borrow().problems.is_empty());
    }
}
