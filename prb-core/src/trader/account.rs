//! One signing account: its jobs, its nonce, its extrinsics.
//!
//! Everything that decides stands elsewhere: what goes into an extrinsic in `batch`, what is in
//! doubt in `ledger`, what became of calls in `outcome`, how a job ends in `ending`. Here they are
//! driven: by jobs that come, by finalized blocks, by what the node says of a submitted
//! extrinsic, and by time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use subxt::utils::{AccountId32, H256};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::job::{AccountJob, Recovered};
use super::batch::Batcher;
use super::blocks::{Blocks, FinalBlock};
use super::config::TraderConfig;
use super::ending::{Ending, RetryPolicy};
use super::figures::Totals;
use super::ledger::{FinalView, Ledger};
use super::operator::Operator;
use super::runtimes::{FetchError, Runtimes};
use super::status::{AccountStatus, TraderStatus};
use crate::backoff::Backoff;
use crate::chain::client::TransactionStatus;
use crate::chain::{ChainClient, ChainError};
use crate::queue::{JobQueue, QueueError};

pub(super) mod job;
mod proxied;
mod report;
mod search;
mod send;
mod settle;
mod turn;
mod twice;

/// What all accounts of a trader share.
pub(super) struct Shared {
    pub(super) config: TraderConfig,
    pub(super) chain: ChainClient,
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) runtimes: Runtimes,
    pub(super) blocks: Blocks,
    pub(super) status: tokio::sync::watch::Sender<TraderStatus>,
    /// No new extrinsics.
    pub(super) stop: CancellationToken,
    /// Leave everything as it is.
    pub(super) kill: CancellationToken,
    /// What was done for all accounts.
    pub(super) totals: Arc<Totals>,
}

/// Why an account cannot go on for a moment.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Another status of a watched extrinsic.
type Watched = (H256, Result<TransactionStatus, ChainError>);

/// The newest finalized block with what it says of the account.
#[derive(Clone)]
struct Seen {
    block: Arc<FinalBlock>,
    view: FinalView,
}

/// The driver of one signing account.
pub(super) struct Account {
    shared: Arc<Shared>,
    operator: Operator,
    batcher: Batcher<AccountJob>,
    ledger: Ledger<Vec<AccountJob>>,
    recovered: Vec<Recovered>,
    /// Jobs that go into the extrinsic being made.
    outgoing: Vec<AccountJob>,
    /// Jobs whose end the queue does not know yet.
    endings: VecDeque<(AccountJob, Ending)>,
    watched: SelectAll<BoxStream<'static, Watched>>,
    /// The next finalized block to be searched.
    next_block: Option<u32>,
    seen: Option<Seen>,
    /// The newest block and the time when the account last tried to settle.
    tried: Option<(u32, Instant)>,
    /// Calls in one extrinsic; fewer than configured after one was too heavy for a block.
    max_calls: usize,
    failures: u32,
    not_before: Instant,
    /// The block at which the accounts signed for were last looked at.
    proxied_at: Option<u32>,
    status: AccountStatus,
}

const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
/// With nothing else to do the account looks around this often.
const IDLE: Duration = Duration::from_secs(30);

impl Account {
    pub(super) fn new(shared: Arc<Shared>, operator: Operator) -> Self {
        let account = operator.signer();
        Self {
            batcher: Batcher::default(),
            ledger: Ledger::new(shared.config.era_blocks),
            recovered: Vec::new(),
            outgoing: Vec::new(),
            endings: VecDeque::new(),
            watched: SelectAll::new(),
            next_block: None,
            seen: None,
            tried: None,
            max_calls: shared.config.max_batch_calls,
            failures: 0,
            not_before: Instant::now(),
            proxied_at: None,
            status: AccountStatus::new(account),
            shared,
            operator,
        }
    }

    /// Runs until stopped and everything sent is resolved, or until killed. What is not ended by
    /// then goes back to the queue.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<AccountJob>) {
        let shared = Arc::clone(&self.shared);
        let mut newest = shared.blocks.newest();
        newest.mark_changed();
        let (mut stopping, mut more_jobs) = (false, true);
        loop {
            let wake = self.next_wake(stopping);
            tokio::select! {
                biased;
                () = shared.kill.cancelled() => break,
                () = shared.stop.cancelled(), if !stopping => {
                    stopping = true;
                    jobs.close();
                    self.release_pending().await;
                }
                job = jobs.recv(), if more_jobs => match job {
                    Some(job) => self.accept(job),
                    None => more_jobs = false,
                },
                changed = newest.changed() => if changed.is_err() { break },
                Some((hash, status)) = self.watched.next() => self.heard(hash, status),
                () = tokio::time::sleep_until(wake) => {}
            }
            // Take all jobs that are there: a batch is not closed between two of a burst.
            while let Ok(job) = jobs.try_recv() {
                self.accept(job);
            }
            if stopping {
                self.release_pending().await;
            }
            if shared.kill.run_until_cancelled(self.advance(stopping)).await.is_none() {
                break;
            }
            self.publish();
            if stopping && !more_jobs && self.is_resolved() {
                break;
            }
        }
        jobs.close();
        while let Ok(job) = jobs.try_recv() {
            self.accept(job);
        }
        self.leave().await;
        self.publish();
    }

    fn is_resolved(&self) -> bool {
        self.ledger.is_empty() && self.recovered.is_empty() && self.endings.is_empty()
    }

    fn accept(&mut self, job: AccountJob) {
        if !self.status.pools.contains(&job.reserved.job.pid) {
            self.status.pools.push(job.reserved.job.pid);
            self.status.pools.sort_unstable();
        }
        self.note_proxied(job.lane);
        match job.reserved.sent.clone() {
            Some(sent) => {
                self.batcher.fly(job.calls.messages.as_ref());
                self.recovered.push(Recovered::new(job, sent));
            }
            None => self.wait_for_batch(job),
        }
    }

    fn wait_for_batch(&mut self, job: AccountJob) {
        let since = job.since;
        self.batcher.push(job.into_item(), since);
    }

    fn next_wake(&self, stopping: bool) -> Instant {
        let idle = Instant::now() + IDLE;
        if self.failures > 0 || !self.endings.is_empty() {
            return self.not_before.min(idle);
        }
        let may_send = !stopping
            && self.seen.is_some()
            && self.ledger.in_doubt().is_none()
            && self.ledger.len() < self.shared.config.max_in_flight;
        let due = may_send.then(|| self.batcher.next_due(&self.limits())).flatten();
        due.map_or(idle, |due| due.max(self.not_before)).min(idle)
    }

    async fn advance(&mut self, stopping: bool) {
        if Instant::now() < self.not_before {
            return;
        }
        match self.try_advance(stopping).await {
            Ok(()) => self.failures = 0,
            Err(error) => {
                for job in std::mem::take(&mut self.outgoing) {
                    self.put_back(job);
                }
                self.not_before = Instant::now() + RETRY.delay(self.failures);
                self.failures = self.failures.saturating_add(1);
                self.note(error.to_string());
            }
        }
    }

    async fn try_advance(&mut self, stopping: bool) -> Result<(), StepError> {
        self.report().await?;
        self.search().await?;
        self.settle().await?;
        if !stopping {
            self.send_due().await?;
        }
        self.report().await
    }

    /// A job that is in no extrinsic (any more) waits again, with the age it has.
    fn put_back(&mut self, job: AccountJob) {
        self.batcher.landed(job.calls.messages.as_ref());
        self.wait_for_batch(job);
    }

    fn end(&mut self, job: AccountJob, ending: Ending) {
        self.batcher.landed(job.calls.messages.as_ref());
        self.endings.push_back((job, ending));
    }

    fn retry_policy(&self) -> RetryPolicy {
        let config = &self.shared.config;
        RetryPolicy { max_attempts: config.max_attempts, first: config.retry_after }
    }

    fn note(&mut self, error: String) {
        tracing::warn!(account = %self.address(), %error, "trading is held up");
        self.status.last_error = Some(error);
    }

    /// When the oldest of the jobs that have not ended came.
    fn oldest(&self) -> Option<Instant> {
        let sent = self.ledger.held().flat_map(|held| &held.load);
        let recovered = self.recovered.iter().map(|recovered| &recovered.job);
        let ended = self.endings.iter().map(|(job, _)| job);
        let jobs = sent.chain(recovered).chain(ended).chain(&self.outgoing);
        jobs.map(|job| job.since).chain(self.batcher.oldest()).min()
    }

    fn address(&self) -> AccountId32 {
        self.operator.signer()
    }

    fn publish(&mut self) {
        self.status.in_flight = self.ledger.len();
        self.status.pending = self.batcher.len() + self.recovered.len();
        let settling = self.ledger.in_doubt().map(ToOwned::to_owned);
        if settling.is_some() && self.status.settling.is_none() {
            self.shared.totals.doubted();
        }
        self.status.settling = settling;
        self.status.oldest = self.oldest();
        let key = self.address().0;
        self.shared.status.send_if_modified(|status| {
            let changed = status.accounts.get(&key) != Some(&self.status);
            if changed {
                status.accounts.insert(key, self.status.clone());
            }
            changed
        });
    }
}
