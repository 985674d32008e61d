//! The queue between lifecycle managers, who know what must happen on chain, and traders, who
//! make it happen.
//!
//! A queue need not persist: managers derive every intent from chain state again.
//!
//! ```
//! use std::time::Duration;
//!
//! use prb_core::queue::{
//!     Action, EmbeddedQueue, EmbeddedQueueConfig, Job, JobKey, JobQueue, JobState,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let queue = EmbeddedQueue::open(EmbeddedQueueConfig::at(folder, JobKey::random()))?;
//! let id = queue.enqueue(Job { pid: 7, action: Action::AddWorker { public_key: [1; 32] } }).await?;
//! let reserved = queue.reserve(Duration::from_secs(1)).await?.expect("the job");
//! assert_eq!((reserved.id, reserved.job.pid), (id.clone(), 7));
//! queue.release(&id, Duration::ZERO).await?;
//! assert_eq!(queue.job(&id).await?.expect("it is kept").state, JobState::Waiting);
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::broadcast;

use crate::error::{Classify, ErrorClass};

#[cfg(test)]
mod conformance;
pub mod embedded;
mod endings;
pub mod job;
pub mod lease;
pub mod redis;
pub mod wire;

pub use embedded::{EmbeddedQueue, EmbeddedQueueConfig};
pub use endings::Endings;
pub use job::{
    Action, CallOutcome, CallResult, Failure, Job, JobEvent, JobId, JobRecord, JobState, Outcome,
    Progress, QueueCounts, SentExtrinsic, WorkerKey,
};
pub use redis::{RedisQueue, RedisQueueConfig};
pub use wire::{JobKey, WireError};

/// A job taken by a trader; it stays with that trader until it succeeds, fails or is released.
#[derive(Clone, Debug)]
pub struct ReservedJob {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub job: Job,
    /// How often it was tried before.
    pub attempts: u32,
    /// The extrinsic that carried it when a trader had it before and did not learn its result.
    /// It must be known that this one was not included before the job is sent again.
    pub sent: Option<SentExtrinsic>,
}

/// Where jobs are kept.
///
/// Every implementation passes the same conformance tests.
pub trait JobQueue: Send + Sync + 'static {
    /// Adds a job at the end.
    fn enqueue(&self, job: Job) -> BoxFuture<'_, Result<JobId, QueueError>>;

    /// Takes the oldest waiting job, waiting at most `wait` for one. A job that does not decode, or
    /// is not signed as it should be, is failed with its reason and the next one is taken.
    fn reserve(&self, wait: Duration) -> BoxFuture<'_, Result<Option<ReservedJob>, QueueError>>;

    /// Says how far a reserved job has come.
    fn progress<'a>(
        &'a self,
        id: &'a JobId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Notes durably, before it is submitted, which extrinsic carries each of these reserved jobs.
    fn mark_sent(&self, sent: Vec<(JobId, SentExtrinsic)>)
    -> BoxFuture<'_, Result<(), QueueError>>;

    /// Puts a reserved job back as it was taken, to be reserved again after `after`. What
    /// [`JobQueue::mark_sent`] noted stays with it.
    fn release<'a>(
        &'a self,
        id: &'a JobId,
        after: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Ends a reserved job well: its calls are finalized, each with its own result.
    fn succeed<'a>(
        &'a self,
        id: &'a JobId,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Ends a reserved job badly, or puts it back to be tried again after `retry_after`.
    fn fail<'a>(
        &'a self,
        id: &'a JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// One job with its state, `None` when it is unknown or no longer kept.
    fn job<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, QueueError>>;

    /// The newest jobs in a state, newest first, at most `limit`.
    fn list(
        &self,
        state: JobState,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<JobRecord>, QueueError>>;

    /// How many jobs are in each state.
    fn counts(&self) -> BoxFuture<'_, Result<QueueCounts, QueueError>>;

    /// Forgets a job that nobody has reserved; false if there is none.
    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>>;

    /// Puts a failed job back in the queue; false if it has not failed.
    fn retry<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>>;

    /// Puts all failed jobs back in the queue; how many there were.
    fn retry_failed(&self) -> BoxFuture<'_, Result<usize, QueueError>>;

    /// What happens to jobs from now on, as a hint: a receiver that lags, or a lost connection,
    /// misses events, and [`JobQueue::job`] has what is true. The end of a job can be told before
    /// [`JobQueue::enqueue`] returns its id.
    fn events(&self) -> broadcast::Receiver<JobEvent>;

    /// Keeps the sealed operator of pool `pid` beside the queue; no job ever holds a secret.
    fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// The sealed operator of pool `pid`.
    fn operator(&self, pid: u64) -> BoxFuture<'_, Result<Option<Vec<u8>>, QueueError>>;

    /// Publishes beside the queue what a trader says of a signing account; it is forgotten after
    /// `ttl`, so an account that nobody speaks of any more is not shown.
    fn publish_account(
        &self,
        account: [u8; 32],
        status: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'_, Result<(), QueueError>>;

    /// What traders published of their accounts and is not forgotten, in the accounts' order.
    fn published_accounts(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, QueueError>>;
}

/// Why the queue could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The store behind the queue failed.
    #[error("the queue's store failed: {reason}")]
    Store {
        /// What it said.
        reason: String,
    },
    /// The store behind the queue has no room for more; it has once jobs are worked off, or memory
    /// is given to it.
    #[error("the queue's store is full: {reason}")]
    StoreFull {
        /// What it said.
        reason: String,
    },
    /// The store behind the queue does not let this program in, or is not what it should be.
    #[error("the queue's store refuses this program: {reason}")]
    StoreRefuses {
        /// What it said.
        reason: String,
    },
    /// The queue was shut down.
    #[error("the queue is closed")]
    Closed,
    /// A record does not decode.
    #[error("job {id} is malformed: {reason}")]
    Malformed {
        /// Which job.
        id: JobId,
        /// What does not decode.
        reason: String,
    },
    /// The job is not reserved, so it cannot be ended.
    #[error("job {id} is not being worked on")]
    NotReserved {
        /// Which job.
        id: JobId,
    },
    /// The queue is as long as it may become.
    #[error("the queue is full: it holds {limit} unfinished jobs")]
    Full {
        /// Most unfinished jobs.
        limit: usize,
    },
    /// No block could hold the job's calls.
    #[error("the job has {bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Encoded size.
        bytes: usize,
        /// Most bytes of a job.
        limit: usize,
    },
}

impl Classify for QueueError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Store { .. } | Self::StoreFull { .. } | Self::Full { .. } => {
                ErrorClass::Transient
            }
            Self::StoreRefuses { .. } => ErrorClass::Operator,
            Self::Closed
            | Self::Malformed { .. }
            | Self::NotReserved { .. }
            | Self::TooLarge { .. } => ErrorClass::Permanent,
        }
    }
}
