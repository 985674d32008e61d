//! The queue of many processes, over Redis.
//!
//! It is laid out as the field's queue library bee-queue does it, so that its producers,
//! consumers and dashboards work on the same queue beside prb:
//!
//! | key after `bq:{name}:` | what |
//! |---|---|
//! | `jobs` | hash: id to job |
//! | `waiting`, `active` | lists of ids, the next one at the tail |
//! | `delayed` | sorted set of ids by the time they are due |
//! | `succeeded`, `failed` | sets of ids |
//! | `stalling`, `stallBlock` | whom nobody is known to work on |
//! | `events`, `earlierDelayed` | channels |
//! | `prb:moved` | list: ids on their way from `waiting` to `active`, for a moment |
//! | `prb:claims` | hash: id of an active job to who holds it and its progress |
//! | `prb:succeeded`, `prb:failed` | when jobs ended, so that the oldest are forgotten |
//! | `prb:operator:{pid}` | the sealed operator of a pool |
//! | `prb:lease:{key}` | the manager that speaks for a worker |
//! | `prb:lease:identity`, `prb:lease:since` | the identity of all managers; since when Redis remembers |
//! | `prb:accounts`, `prb:account:{hex}` | signing accounts, and what a trader says of one |
//!
//! Every change is one script and so happens wholly or not at all. A job belongs to the handle
//! that reserved it: when that handle falls silent the job is put back, and what it says
//! afterwards is refused. Redis need not persist; ids are unique beyond its restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;

use super::job::{
    Failure, Job, JobEvent, JobId, JobRecord, JobState, Outcome, Progress, QueueCounts,
    SentExtrinsic,
};
use super::{JobQueue, QueueError, ReservedJob};

mod awake;
mod config;
mod entry;
mod gather;
mod leases;
mod link;
mod listener;
mod lookup;
mod mover;
mod scripts;
mod shared;
#[cfg(test)]
mod tests;
mod trouble;
mod upkeep;
mod work;

pub use config::RedisQueueConfig;

use mover::{Mover, Wishes};
use shared::Shared;

/// A [`JobQueue`] that any number of processes share.
pub struct RedisQueue {
    shared: Arc<Shared>,
    wishes: Wishes,
    next_id: AtomicU64,
    tasks: TaskTracker,
    _stop: DropGuard,
}

impl RedisQueue {
    /// Starts to use the queue. Redis need not be there yet: calls wait for it as long as the
    /// configured patience.
    pub fn open(config: RedisQueueConfig) -> Result<Self, QueueError> {
        let (shared, gathered) = Shared::new(config)?;
        let shared = Arc::new(shared);
        let (mover, wishes) = Mover::new(Arc::clone(&shared));
        let tasks = TaskTracker::new();
        tasks.spawn(mover.run());
        for gathered in gathered {
            tasks.spawn(gathered.run(Arc::clone(&shared)));
        }
        tasks.spawn(listener::run(Arc::clone(&shared)));
        tasks.spawn(upkeep::run(Arc::clone(&shared)));
        tasks.spawn(stay_awake(Arc::clone(&shared)));
        tasks.close();
        let stop = shared.stop.clone().drop_guard();
        Ok(Self { shared, wishes, next_id: AtomicU64::new(1), tasks, _stop: stop })
    }

    /// Why the queue stands still, as long as it does.
    pub fn trouble(&self) -> watch::Receiver<Option<QueueError>> {
        self.shared.trouble.subscribe()
    }

    /// Whether events of other processes are heard at the moment. They are from soon after
    /// [`events`](JobQueue::events) was first called.
    pub fn listening(&self) -> watch::Receiver<bool> {
        self.shared.listening.subscribe()
    }

    /// Ends the queue's tasks and waits for them. Jobs that are still reserved are found to be
    /// stalled by whoever else is on the queue.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.tasks.wait().await;
    }

    fn new_id(&self) -> JobId {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        JobId(format!("{}-{number}", self.shared.owner))
    }
}

async fn stay_awake(shared: Arc<Shared>) {
    shared.stop.run_until_cancelled(shared.awake.run()).await;
}

impl JobQueue for RedisQueue {
    fn enqueue(&self, job: Job) -> BoxFuture<'_, Result<JobId, QueueError>> {
        let id = self.new_id();
        async move { self.shared.enqueue(id, &job).await }.boxed()
    }

    fn reserve(&self, wait: Duration) -> BoxFuture<'_, Result<Option<ReservedJob>, QueueError>> {
        async move {
            let deadline = Instant::now() + wait;
            while let Some(claimed) = self.wishes.job(deadline).await? {
                if let Some(job) = self.shared.take_up(claimed).await? {
                    return Ok(Some(job));
                }
            }
            Ok(None)
        }
        .boxed()
    }

    fn progress<'a>(
        &'a self,
        id: &'a JobId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.shared.progress(id, progress).boxed()
    }

    fn mark_sent(
        &self,
        sent: Vec<(JobId, SentExtrinsic)>,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        self.shared.mark_sent(sent).boxed()
    }

    fn release<'a>(
        &'a self,
        id: &'a JobId,
        after: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.shared.release(id, after).boxed()
    }

    fn succeed<'a>(
        &'a self,
        id: &'a JobId,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.shared.succeed(id, outcome).boxed()
    }

    fn fail<'a>(
        &'a self,
        id: &'a JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.shared.fail(id, failure, retry_after).boxed()
    }

    fn job<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, QueueError>> {
        async move { Ok(self.shared.look(std::slice::from_ref(id)).await?.pop()) }.boxed()
    }

    fn list(
        &self,
        state: JobState,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<JobRecord>, QueueError>> {
        self.shared.list(state, limit).boxed()
    }

    fn counts(&self) -> BoxFuture<'_, Result<QueueCounts, QueueError>> {
        self.shared.counts().boxed()
    }

    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        self.shared.remove(id).boxed()
    }

    fn retry<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        self.shared.retry(id).boxed()
    }

    fn retry_failed(&self) -> BoxFuture<'_, Result<usize, QueueError>> {
        self.shared.retry_failed().boxed()
    }

    fn events(&self) -> broadcast::Receiver<JobEvent> {
        self.shared.events_wanted.send_if_modified(|wanted| !std::mem::replace(wanted, true));
        self.shared.events.subscribe()
    }

    fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), QueueError>> {
        async move { self.shared.put_operator(pid, &sealed).await }.boxed()
    }

    fn operator(&self, pid: u64) -> BoxFuture<'_, Result<Option<Vec<u8>>, QueueError>> {
        self.shared.operator(pid).boxed()
    }

    fn publish_account(
        &self,
        account: [u8; 32],
        status: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        async move { self.shared.publish_account(account, &status, ttl).await }.boxed()
    }

    fn published_accounts(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, QueueError>> {
        self.shared.published_accounts().boxed()
    }
}
