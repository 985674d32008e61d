//! A trader as it is watched: its accounts and what was done for them as figures, and what keeps
//! it from its work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::TraderHandle;
use super::ending::Ending;
use super::status::{AccountStatus, TraderStatus};
use crate::chain::address::{Network, ss58};
use crate::chain::{ChainClient, ChainError, EndpointHealth, figures};
use crate::queue::{JobQueue, QueueCounts};
use crate::telemetry::catalogue::{
    OPERATOR_BALANCE, OPERATOR_BALANCE_LOW, TRADER_HEIGHT, TX_EXTRINSICS, TX_IN_FLIGHT, TX_JOBS,
    TX_NONCE_RESYNCS, TX_OLDEST, TX_PENDING, TX_QUEUE, TX_SECONDS, TX_SETTLING,
};
use crate::telemetry::{Obstacle, Samples, Source};

#[cfg(test)]
mod tests;

/// How often the jobs in the queue are counted.
const COUNTED: Duration = Duration::from_secs(10);
/// Planck of one PHA.
const PHA: f64 = 1e12;

/// What a handle shows besides its accounts.
#[derive(Clone)]
pub(super) struct Figures {
    pub(super) totals: Arc<Totals>,
    pub(super) chain: ChainClient,
    /// The newest finalized block.
    pub(super) newest: watch::Receiver<Option<u32>>,
}

/// What was done for all accounts since the trader began.
#[derive(Debug, Default)]
pub(super) struct Totals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// By result and class.
    jobs: BTreeMap<(&'static str, &'static str), u64>,
    with_trader: Duration,
    extrinsics: BTreeMap<&'static str, u64>,
    doubts: u64,
    queue: Option<QueueCounts>,
}

impl Totals {
    /// A job ended, or one try of it, after so long with the trader.
    pub(super) fn ended(&self, ending: &Ending, with_trader: Duration) {
        let name = match ending {
            Ending::Succeeded(_) => ("succeeded", "none"),
            Ending::Failed { failure, retry_after } => {
                let result = if retry_after.is_some() { "repeated" } else { "failed" };
                (result, if failure.transient { "transient" } else { "permanent" })
            }
        };
        let mut counts = self.lock();
        *counts.jobs.entry(name).or_default() += 1;
        counts.with_trader += with_trader;
    }

    /// A node was given an extrinsic.
    pub(super) fn submitted<T>(&self, said: &Result<T, ChainError>) {
        let result = match said {
            Ok(_) => "taken",
            Err(ChainError::Refused { .. }) => "refused",
            Err(_) => "unanswered",
        };
        *self.lock().extrinsics.entry(result).or_default() += 1;
    }

    /// It is not known any more what became of an account's extrinsics.
    pub(super) fn doubted(&self) {
        self.lock().doubts += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(&self, samples: &mut Samples) {
        let counts = self.lock();
        for ((result, class), count) in &counts.jobs {
            samples.put(&TX_JOBS, [result, class], *count as f64);
        }
        for (result, count) in &counts.extrinsics {
            samples.put(&TX_EXTRINSICS, [result], *count as f64);
        }
        samples.put(&TX_SECONDS, [], counts.with_trader.as_secs_f64());
        samples.put(&TX_NONCE_RESYNCS, [], counts.doubts as f64);
        if let Some(queue) = counts.queue {
            let states = [
                ("waiting", queue.waiting),
                ("active", queue.active),
                ("delayed", queue.delayed),
                ("succeeded", queue.succeeded),
                ("failed", queue.failed),
            ];
            for (state, jobs) in states {
                samples.put(&TX_QUEUE, [state], jobs as f64);
            }
        }
    }
}

/// Counts the jobs in the queue now and then.
pub(super) async fn count_jobs(
    queue: Arc<dyn JobQueue>,
    totals: Arc<Totals>,
    until: CancellationToken,
) {
    let counting = async {
        loop {
            // What cannot be counted is not shown as it once was.
            let counts = queue.counts().await.ok();
            totals.lock().queue = counts;
            tokio::time::sleep(COUNTED).await;
        }
    };
    until.run_until_cancelled(counting).await;
}

impl TraderStatus {
    fn measure(&self, now: Instant, samples: &mut Samples) {
        for account in self.accounts.values() {
            account.measure(now, samples);
        }
    }
}

impl AccountStatus {
    fn measure(&self, now: Instant, samples: &mut Samples) {
        let name = ss58(&self.account, Network::Phala);
        let labels = [name.as_str()];
        let flag = |set: bool| if set { 1.0 } else { 0.0 };
        samples.put(&TX_PENDING, labels, self.pending as f64);
        samples.put(&TX_IN_FLIGHT, labels, self.in_flight as f64);
        let age = self.oldest.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        samples.put(&TX_OLDEST, labels, age.as_secs_f64());
        samples.put(&TX_SETTLING, labels, flag(self.settling.is_some()));
        if let Some(planck) = self.balance {
            samples.put(&OPERATOR_BALANCE, labels, planck as f64 / PHA);
            samples.put(&OPERATOR_BALANCE_LOW, labels, flag(self.low_balance));
        }
    }
}

/// Without a finalized block nothing can be signed, and without nodes nothing is heard of any.
fn obstacles(newest: Option<u32>, nodes: &[EndpointHealth]) -> Vec<Obstacle> {
    let part = "parachain".to_owned();
    if newest.is_none() {
        let reason = "no finalized block is known yet".to_owned();
        return vec![Obstacle { part, reason, since: None }];
    }
    match EndpointHealth::none_answers(nodes) {
        Some(reason) => vec![Obstacle { part, reason, since: None }],
        None => Vec::new(),
    }
}

impl Source for TraderHandle {
    fn measure(&self, samples: &mut Samples) {
        self.status().measure(Instant::now(), samples);
        self.figures.totals.measure(samples);
        if let Some(newest) = *self.figures.newest.borrow() {
            samples.put(&TRADER_HEIGHT, [], newest.into());
        }
        figures::measure("para", &self.figures.chain.endpoints_health(), samples);
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        let newest = *self.figures.newest.borrow();
        obstacles(newest, &self.figures.chain.endpoints_health())
    }
}
