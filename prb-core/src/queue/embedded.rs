//! The queue of a single process, in memory or in a sled folder.
//!
//! The order of jobs, what is due and what is kept is decided by [`jobs::Jobs`], a plain value;
//! here it is locked, written through and waited for. Jobs that were active when the process
//! died are waiting again after the next [`EmbeddedQueue::open`], before all others, and know the
//! extrinsic that carried them.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Notify, broadcast};

use super::job::{
    Failure, Job, JobEvent, JobId, JobRecord, JobState, Outcome, Progress, QueueCounts,
    SentExtrinsic,
};
use super::wire::{self, JobKey};
use super::{JobQueue, QueueError, ReservedJob};
use crate::error::ErrorClass;

mod accounts;
mod jobs;
mod record;
mod store;

use accounts::Accounts;
use jobs::Jobs;
use store::Store;

/// Settings of an [`EmbeddedQueue`].
#[derive(Clone, Debug)]
pub struct EmbeddedQueueConfig {
    /// Folder of the sled store; none keeps everything in memory.
    pub path: Option<PathBuf>,
    /// Signs jobs.
    pub key: JobKey,
    /// Takes jobs without a signature.
    pub accept_unsigned_jobs: bool,
    /// Most jobs waiting, delayed and active together.
    pub max_unfinished: usize,
    /// Most bytes of one job, encoded.
    pub max_job_bytes: usize,
    /// How many jobs that ended well are kept.
    pub keep_succeeded: usize,
    /// How many jobs that ended badly are kept.
    pub keep_failed: usize,
}

impl EmbeddedQueueConfig {
    /// A queue in memory with default limits.
    pub fn in_memory(key: JobKey) -> Self {
        Self {
            path: None,
            key,
            accept_unsigned_jobs: false,
            max_unfinished: 10_000,
            max_job_bytes: 8 << 20,
            keep_succeeded: 1_000,
            keep_failed: 1_000,
        }
    }

    /// A queue in the folder `path` with default limits.
    pub fn at(path: impl Into<PathBuf>, key: JobKey) -> Self {
        Self { path: Some(path.into()), ..Self::in_memory(key) }
    }
}

/// A [`JobQueue`] for one process.
pub struct EmbeddedQueue {
    key: JobKey,
    accept_unsigned_jobs: bool,
    max_job_bytes: usize,
    jobs: Mutex<Jobs>,
    store: Store,
    accounts: Accounts,
    events: broadcast::Sender<JobEvent>,
    waiting: Notify,
}

/// Events a slow receiver may be behind before it misses some.
const EVENT_BACKLOG: usize = 4_096;

impl EmbeddedQueue {
    /// Opens the queue and puts jobs of a dead process back.
    pub fn open(config: EmbeddedQueueConfig) -> Result<Self, QueueError> {
        let store = match &config.path {
            Some(path) => Store::open(path)?,
            None => Store::memory(),
        };
        let limits = jobs::Limits {
            max_unfinished: config.max_unfinished,
            keep_succeeded: config.keep_succeeded,
            keep_failed: config.keep_failed,
        };
        let mut jobs = Jobs::restore(limits, store.load()?);
        store.write(&mut jobs)?;
        Ok(Self {
            key: config.key,
            accept_unsigned_jobs: config.accept_unsigned_jobs,
            max_job_bytes: config.max_job_bytes,
            jobs: Mutex::new(jobs),
            store,
            accounts: Accounts::default(),
            events: broadcast::channel(EVENT_BACKLOG).0,
            waiting: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        // The state is consistent between any two of its operations, also after a panic.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the jobs, writes what changed and wakes who waits for a job.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Jobs) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let mut jobs = self.lock();
        let answer = change(&mut jobs)?;
        self.store.write(&mut jobs)?;
        if jobs.has_waiting() {
            self.waiting.notify_one();
        }
        Ok(answer)
    }

    fn tell(&self, id: &JobId, state: JobState, progress: Option<Progress>) {
        // Nobody listening is not an error.
        let _ = self.events.send(JobEvent { id: id.clone(), state, progress });
    }

    fn add(&self, job: &Job) -> Result<JobId, QueueError> {
        let data = wire::encode(job, &self.key);
        if data.len() > self.max_job_bytes {
            return Err(QueueError::TooLarge { bytes: data.len(), limit: self.max_job_bytes });
        }
        let id = self.change(|jobs| jobs.add(data, now_ms()))?;
        self.tell(&id, JobState::Waiting, None);
        Ok(id)
    }

    /// The oldest waiting job that decodes; those before it that do not are failed.
    fn take(&self) -> Result<Option<ReservedJob>, QueueError> {
        loop {
            let taken = self.change(|jobs| {
                jobs.raise(now_ms());
                Ok(jobs.take())
            })?;
            let Some((id, record)) = taken else { return Ok(None) };
            match wire::decode(&record.data, &self.key, self.accept_unsigned_jobs) {
                Ok(job) => {
                    self.tell(&id, JobState::Active, None);
                    let (attempts, sent) = (record.attempts, record.sent);
                    return Ok(Some(ReservedJob { id, job, attempts, sent }));
                }
                Err(error) => {
                    let failure = Failure::new(error.to_string(), ErrorClass::Permanent);
                    self.end(&id, failure, None)?;
                }
            }
        }
    }

    async fn wait_for_job(&self, wait: Duration) -> Result<Option<ReservedJob>, QueueError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            if let Some(job) = self.take()? {
                return Ok(Some(job));
            }
            let due = self.lock().next_due();
            let until_due = due.map(|due| Duration::from_millis(due.saturating_sub(now_ms()) + 1));
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let pause = until_due.map_or(left, |until_due| until_due.min(left));
            // Woken by a new job, or not: the job is looked for again in both cases.
            let _ = tokio::time::timeout(pause, self.waiting.notified()).await;
        }
    }

    fn end(
        &self,
        id: &JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> Result<(), QueueError> {
        let state = self.change(|jobs| jobs.fail(id, failure, retry_after, now_ms()))?;
        self.tell(id, state, None);
        Ok(())
    }

    fn record(&self, id: JobId, record: record::Record) -> JobRecord {
        let job = wire::decode(&record.data, &self.key, self.accept_unsigned_jobs);
        record.into_job_record(id, job)
    }
}

impl JobQueue for EmbeddedQueue {
    fn enqueue(&self, job: Job) -> BoxFuture<'_, Result<JobId, QueueError>> {
        async move { self.add(&job) }.boxed()
    }

    fn reserve(&self, wait: Duration) -> BoxFuture<'_, Result<Option<ReservedJob>, QueueError>> {
        self.wait_for_job(wait).boxed()
    }

    fn progress<'a>(
        &'a self,
        id: &'a JobId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        async move {
            self.change(|jobs| jobs.progress(id, progress))?;
            self.tell(id, JobState::Active, Some(progress));
            Ok(())
        }
        .boxed()
    }

    fn mark_sent(
        &self,
        sent: Vec<(JobId, SentExtrinsic)>,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        async move {
            self.change(|jobs| sent.into_iter().try_for_each(|(id, sent)| jobs.sent(&id, sent)))?;
            self.store.flush().await
        }
        .boxed()
    }

    fn release<'a>(
        &'a self,
        id: &'a JobId,
        after: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        async move {
            let state = self.change(|jobs| jobs.release(id, after, now_ms()))?;
            self.tell(id, state, None);
            Ok(())
        }
        .boxed()
    }

    fn succeed<'a>(
        &'a self,
        id: &'a JobId,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        async move {
            self.change(|jobs| jobs.succeed(id, outcome))?;
            self.tell(id, JobState::Succeeded, None);
            Ok(())
        }
        .boxed()
    }

    fn fail<'a>(
        &'a self,
        id: &'a JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        async move { self.end(id, failure, retry_after) }.boxed()
    }

    fn job<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, QueueError>> {
        async move {
            let record = self.lock().get(id).cloned();
            Ok(record.map(|record| self.record(id.clone(), record)))
        }
        .boxed()
    }

    fn list(
        &self,
        state: JobState,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<JobRecord>, QueueError>> {
        async move {
            let records = self.lock().newest(state, limit);
            Ok(records.into_iter().map(|(id, record)| self.record(id, record)).collect())
        }
        .boxed()
    }

    fn counts(&self) -> BoxFuture<'_, Result<QueueCounts, QueueError>> {
        async move { Ok(self.lock().counts()) }.boxed()
    }

    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        async move { self.change(|jobs| Ok(jobs.remove(id))) }.boxed()
    }

    fn retry<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        async move {
            let retried = self.change(|jobs| Ok(jobs.retry(id)))?;
            if retried {
                self.tell(id, JobState::Waiting, None);
            }
            Ok(retried)
        }
        .boxed()
    }

    fn retry_failed(&self) -> BoxFuture<'_, Result<usize, QueueError>> {
        async move {
            let retried = self.change(|jobs| Ok(jobs.retry_failed()))?;
            for id in &retried {
                self.tell(id, JobState::Waiting, None);
            }
            Ok(retried.len())
        }
        .boxed()
    }

    fn events(&self) -> broadcast::Receiver<JobEvent> {
        self.events.subscribe()
    }

    fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), QueueError>> {
        async move {
            self.store.put_operator(pid, sealed)?;
            self.store.flush().await
        }
        .boxed()
    }

    fn operator(&self, pid: u64) -> BoxFuture<'_, Result<Option<Vec<u8>>, QueueError>> {
        async move { self.store.operator(pid) }.boxed()
    }

    fn publish_account(
        &self,
        account: [u8; 32],
        status: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        self.accounts.publish(account, status, ttl);
        async { Ok(()) }.boxed()
    }

    fn published_accounts(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, QueueError>> {
        let published = self.accounts.published();
        async { Ok(published) }.boxed()
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests;
