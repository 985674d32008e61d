//! What the stages report, and what follows from it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prb_walkie::proto::data_provider::{Info, Status};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{ChainStatus, Disk, Problem, ProviderStatus, Stage};
use crate::chain::EndpointHealth;
use crate::store::{Heights, KindStats};

/// Collects what the stages report.
pub(in crate::data_provider) struct Progress {
    inner: Mutex<Inner>,
    status: watch::Sender<ProviderStatus>,
}

struct Inner {
    status: ProviderStatus,
    relay_rate: Rate,
    para_rate: Rate,
}

impl Progress {
    pub(in crate::data_provider) fn new(info: Info, serves_only: bool) -> Self {
        let started = Some(SystemTime::now());
        let status = ProviderStatus { info, serves_only, started, ..ProviderStatus::default() };
        let (relay_rate, para_rate) = Default::default();
        Self {
            inner: Mutex::new(Inner { status: status.clone(), relay_rate, para_rate }),
            status: watch::Sender::new(status),
        }
    }

    pub(in crate::data_provider) fn subscribe(&self) -> watch::Receiver<ProviderStatus> {
        self.status.subscribe()
    }

    /// Changes heights that only the stages know.
    pub(in crate::data_provider) fn update(&self, change: impl FnOnce(&mut Info)) {
        let mut inner = self.inner();
        change(&mut inner.status.info);
        self.publish(&inner);
    }

    /// A stage could not go on.
    pub(in crate::data_provider) fn problem(&self, stage: Stage, reason: String) {
        let mut inner = self.inner();
        let problem = inner.status.problems.entry(stage).or_insert_with(|| Problem {
            reason: String::new(),
            since: SystemTime::now(),
            attempts: 0,
        });
        problem.reason = reason;
        problem.attempts = problem.attempts.saturating_add(1);
        *inner.status.failures.entry(stage).or_default() += 1;
        self.publish(&inner);
    }

    /// A stage went on.
    pub(in crate::data_provider) fn went_on(&self, stage: Stage) {
        let mut inner = self.inner();
        if inner.status.problems.remove(&stage).is_some() {
            self.publish(&inner);
        }
    }

    /// A node gave something wrong.
    pub(in crate::data_provider) fn refused(&self) {
        let mut inner = self.inner();
        inner.status.refused += 1;
        self.publish(&inner);
    }

    /// The stages begin anew.
    pub(in crate::data_provider) fn restarted(&self) {
        self.inner().status.restarts += 1;
    }

    /// A block was replaced.
    pub(in crate::data_provider) fn repaired(&self) {
        let mut inner = self.inner();
        inner.status.repaired += 1;
        self.publish(&inner);
    }

    /// Takes how the chains' nodes are.
    pub(in crate::data_provider) fn asked(
        &self,
        relay: Vec<EndpointHealth>,
        para: Vec<EndpointHealth>,
    ) {
        let mut inner = self.inner();
        inner.status.relay.take(relay);
        inner.status.para.take(para);
        self.publish(&inner);
    }

    /// Takes how much is stored, and where.
    pub(in crate::data_provider) fn counted(&self, store: Vec<KindStats>, disk: Option<Disk>) {
        let mut inner = self.inner();
        (inner.status.store, inner.status.disk) = (store, disk);
        self.publish(&inner);
    }

    /// Takes what is stored at `now`, and reckons rates and status from it.
    pub(in crate::data_provider) fn stored(&self, heights: Heights, now: Instant) {
        let stored = |stored: Option<u32>| stored.map_or(-1, height);
        let mut inner = self.inner();
        let Inner { status, relay_rate, para_rate } = &mut *inner;
        let ProviderStatus { info, relay, para, .. } = status;
        let went_on = |chain: &mut ChainStatus, committed: &mut i32, stored: i32| {
            if stored > *committed {
                chain.last_stored = Some(SystemTime::now());
            }
            *committed = stored;
        };
        went_on(relay, &mut info.parent_committed_height, stored(heights.relay));
        went_on(para, &mut info.para_committed_height, stored(heights.blocks));
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
            // -1 says that nothing is known yet.
            Some(()).filter(|()| info.parent_target >= 0).and_then(|()| {
                let relay = seconds(relay_left, info.parent_rate)?;
                let para = seconds(para_left, info.para_rate)?;
                Some(f64::max(relay, para))
            })
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
pub(in crate::data_provider) fn height(number: u32) -> i32 {
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
        let progress = Progress::new(Info::default(), false);
        let start = Instant::now();
        let heights = |relay, blocks| Heights {
            relay: Some(relay),
            blocks: Some(blocks),
            ..Heights::default()
        };
        progress.update(|info| (info.parent_target, info.para_target) = (-1, -1));
        progress.stored(heights(0, 0), start);
        assert_eq!(progress.subscribe().borrow().info.seconds_to_target, None);
        progress.update(|info| (info.parent_target, info.para_target) = (1000, 500));
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
        let progress = Progress::new(Info::default(), false);
        progress.problem(Stage::Relay, "no".to_owned());
        progress.problem(Stage::Relay, "still no".to_owned());
        let problem = progress.subscribe().borrow().problems[&Stage::Relay].clone();
        assert_eq!((problem.reason.as_str(), problem.attempts), ("still no", 2));
        progress.went_on(Stage::Relay);
        assert!(progress.subscribe().borrow().problems.is_empty());
    }
}
