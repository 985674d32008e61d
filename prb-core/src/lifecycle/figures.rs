//! A manager as it is watched: its workers and what was done for them as figures, and what keeps it
//! from its work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::machine::Phase;
use super::notice::Health;
use super::report::WorkerReport;
use super::{Heights, LifecycleHandle};
use crate::chain::{EndpointHealth, figures};
use crate::queue::Action;
use crate::telemetry::catalogue::{
    LIFECYCLE_HEIGHT, WORKER_FAILURES, WORKER_HEALTHY, WORKER_HEIGHT, WORKER_JOBS, WORKER_LAG,
    WORKER_LAST_SUCCESS, WORKER_MESSAGES, WORKER_RESTARTS, WORKER_STATE, WORKER_STATE_SINCE,
    WORKERS,
};
use crate::telemetry::{Obstacle, Samples, Source};

/// What was done for all workers since the manager began.
#[derive(Debug, Default)]
pub(crate) struct Totals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    failures: BTreeMap<&'static str, u64>,
    jobs: BTreeMap<&'static str, u64>,
    messages: usize,
    restarts: usize,
}

impl Totals {
    /// An attempt at something failed.
    pub(crate) fn failed(&self, cause: &'static str) {
        self.count(|counts| *counts.failures.entry(cause).or_default() += 1);
    }

    /// A job was put into the queue.
    pub(crate) fn asked(&self, action: &Action) {
        self.count(|counts| {
            if let Action::SyncMessages { messages } = action {
                counts.messages += messages.len();
            }
            *counts.jobs.entry(action.name()).or_default() += 1;
        });
    }

    /// An operator began anew with workers.
    pub(crate) fn restarted(&self, workers: usize) {
        self.count(|counts| counts.restarts += workers);
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn measure(&self, samples: &mut Samples) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (cause, count) in &counts.failures {
            samples.put(&WORKER_FAILURES, [cause], *count as f64);
        }
        for (action, count) in &counts.jobs {
            samples.put(&WORKER_JOBS, [action], *count as f64);
        }
        samples.put(&WORKER_MESSAGES, [], counts.messages as f64);
        samples.put(&WORKER_RESTARTS, [], counts.restarts as f64);
    }
}

/// What can be watched of a manager at one moment.
struct Watched {
    heights: Heights,
    /// Each worker, and when it last said something, Unix milliseconds.
    workers: Vec<(Arc<WorkerReport>, Option<u64>)>,
}

impl Watched {
    fn measure(&self, samples: &mut Samples) {
        let Heights { relay, para, view } = self.heights;
        for (kind, height) in [("relay", relay), ("para", para), ("view", view)] {
            if let Some(height) = height {
                samples.put(&LIFECYCLE_HEIGHT, [kind], height.into());
            }
        }
        for phase in Phase::ALL {
            let workers = self.workers.iter().filter(|(worker, _)| worker.phase == phase);
            samples.put(&WORKERS, [phase.name()], workers.count() as f64);
        }
        for (worker, heard) in &self.workers {
            self.measure_worker(worker, *heard, samples);
        }
    }

    fn measure_worker(&self, report: &WorkerReport, heard: Option<u64>, samples: &mut Samples) {
        let name = report.name.as_str();
        let labels = [name, &report.pid.to_string(), report.phase.name()];
        samples.put(&WORKER_STATE, labels, 1.0);
        samples.put(&WORKER_STATE_SINCE, [name], seconds(report.since));
        if report.health != Health::LeftAlone {
            let healthy = if report.health == Health::Well { 1.0 } else { 0.0 };
            samples.put(&WORKER_HEALTHY, [name], healthy);
        }
        let heights = [
            ("relay_header", report.relay_header),
            ("para_header", report.para_header),
            ("para_block", report.para_block),
        ];
        for (kind, height) in heights {
            if let Some(height) = height {
                samples.put(&WORKER_HEIGHT, [name, kind], height.into());
            }
        }
        if let (Some(tip), Some(block)) = (self.heights.para, report.para_block) {
            samples.put(&WORKER_LAG, [name], tip.saturating_sub(block).into());
        }
        if let Some(heard) = heard {
            samples.put(&WORKER_LAST_SUCCESS, [name], seconds(heard));
        }
    }

    /// Without blocks nobody can be fed, and without the chain's state nobody can be judged.
    fn obstacles(&self) -> Vec<Obstacle> {
        let missing = [
            ("data provider", self.heights.relay, "no data provider has anything to feed with yet"),
            ("chain", self.heights.view, "the chain's state is not known yet"),
        ];
        let obstacles = missing.into_iter().filter(|(_, height, _)| height.is_none());
        let obstacle = |(part, _, reason): (&str, _, &str)| Obstacle {
            part: part.to_owned(),
            reason: reason.to_owned(),
            since: None,
        };
        obstacles.map(obstacle).collect()
    }
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1_000.0
}

impl LifecycleHandle {
    fn watched(&self) -> Watched {
        Watched { heights: self.heights(), workers: self.heard() }
    }
}

impl Source for LifecycleHandle {
    fn measure(&self, samples: &mut Samples) {
        self.watched().measure(samples);
        let shared = self.shared();
        shared.totals.measure(samples);
        figures::measure("para", &shared.nodes(), samples);
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        if self.shared().config.config_mode {
            return Vec::new();
        }
        let mut obstacles = self.watched().obstacles();
        if let Some(reason) = EndpointHealth::none_answers(&self.shared().nodes()) {
            obstacles.push(Obstacle { part: "parachain".to_owned(), reason, since: None });
        }
        obstacles
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn workers_are_counted_by_state_and_shown_one_by_one() {
        let worker = |id: u128, phase, health| {
            let report = WorkerReport::new(Uuid::from_u128(id), format!("w{id}"), 7, 5_000);
            Arc::new(WorkerReport { phase, health, para_block: Some(90), ..report })
        };
        let watched = Watched {
            heights: Heights { relay: Some(200), para: Some(100), view: None },
            workers: vec![
                (worker(1, Phase::Computing, Health::Well), Some(9_500)),
                (worker(2, Phase::Failing, Health::Offline), None),
                (worker(3, Phase::Drained, Health::LeftAlone), None),
            ],
        };
        let mut samples = Samples::default();
        watched.measure(&mut samples);
        let get = |metric, labels| samples.get(metric, labels);
        assert_eq!(samples.get(&WORKER_STATE, ["w1", "7", "computing"]), Some(1.0));
        assert_eq!(samples.get(&WORKER_STATE, ["w1", "7", "failing"]), None);
        assert_eq!(get(&WORKERS, ["computing"]), Some(1.0));
        assert_eq!(get(&WORKERS, ["syncing"]), Some(0.0));
        assert_eq!(get(&WORKER_LAG, ["w1"]), Some(10.0));
        assert_eq!(get(&WORKER_LAST_SUCCESS, ["w1"]), Some(9.5));
        assert_eq!(get(&WORKER_STATE_SINCE, ["w1"]), Some(5.0));
        let healthy = ["w1", "w2", "w3"].map(|name| get(&WORKER_HEALTHY, [name]));
        assert_eq!(healthy, [Some(1.0), Some(0.0), None]);
        assert_eq!(watched.obstacles()[0].part, "chain");
        assert_eq!(watched.obstacles().len(), 1);
    }

    #[test]
    fn what_is_done_for_workers_is_counted() {
        let totals = Totals::default();
        totals.failed("unreachable");
        totals.asked(&Action::SyncMessages { messages: vec![vec![1], vec![2]] });
        totals.asked(&Action::AddWorker { public_key: [0; 32] });
        totals.restarted(3);
        let mut samples = Samples::default();
        totals.measure(&mut samples);
        assert_eq!(samples.get(&WORKER_FAILURES, ["unreachable"]), Some(1.0));
        assert_eq!(samples.get(&WORKER_MESSAGES, []), Some(2.0));
        assert_eq!(samples.get(&WORKER_JOBS, ["sync_messages"]), Some(1.0));
        assert_eq!(samples.get(&WORKER_JOBS, ["add_worker"]), Some(1.0));
        assert_eq!(samples.get(&WORKER_RESTARTS, []), Some(3.0));
    }
}
