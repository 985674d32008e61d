//! A trader that signs only what a policy of its own lets through. Whoever reaches the queue can
//! then have no more signed than that.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::error::ErrorClass;
use prb_core::queue::{
    Action, Failure, Job, JobEvent, JobId, JobQueue, JobRecord, JobState, Outcome, Progress,
    QueueCounts, QueueError, ReservedJob, SentExtrinsic,
};
use prb_core::trader::{Trader, TraderConfig, TraderHandle};
use prb_walkie::identity::Identity;
use tokio::sync::broadcast;

/// What this trader signs.
#[derive(Clone, Debug)]
pub struct Policy {
    /// For these pools alone.
    pub pools: BTreeSet<u64>,
    /// No worker is started with more, planck.
    pub most_stake: u128,
}

impl Policy {
    /// Why a job is refused; nothing if it is let through.
    pub fn refuses(&self, job: &Job) -> Option<String> {
        if !self.pools.contains(&job.pid) {
            return Some(format!("pool {} is none of this trader's", job.pid));
        }
        match &job.action {
            Action::StartComputing { stake, .. } | Action::RestartComputing { stake, .. }
                if *stake > self.most_stake =>
            {
                Some(format!("{stake} planck are more than {}", self.most_stake))
            }
            Action::RemoveWorker { .. } => Some("workers are removed by hand".to_owned()),
            _ => None,
        }
    }
}

/// Starts a trader of `queue` that signs what the policy lets through.
pub async fn start(
    para: &str,
    queue: Arc<dyn JobQueue>,
    identity: Arc<Identity>,
    policy: Policy,
) -> Result<TraderHandle> {
    let chain = ChainClient::new(ChainClientConfig::new([Endpoint::new(para)]));
    // Its own pace, too: shorter waits for company than usual.
    let config = TraderConfig { max_batch_age: Duration::from_secs(2), ..TraderConfig::default() };
    let trader = Trader::builder(config)
        .chain(chain)
        .queue(Arc::new(Guarded { queue, policy }))
        .operator_opener(identity)
        .build()?;
    Ok(trader.start().await?)
}

/// A queue out of which only that comes which the policy lets through.
struct Guarded {
    queue: Arc<dyn JobQueue>,
    policy: Policy,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, QueueError>>;

impl JobQueue for Guarded {
    fn reserve(&self, wait: Duration) -> Answer<'_, Option<ReservedJob>> {
        async move {
            while let Some(reserved) = self.queue.reserve(wait).await? {
                // One that was sent before may be on chain: it has to be looked for.
                let refused = reserved.sent.is_none().then(|| self.policy.refuses(&reserved.job));
                let Some(reason) = refused.flatten() else { return Ok(Some(reserved)) };
                let failure = Failure::new(format!("refused: {reason}"), ErrorClass::Operator);
                self.queue.fail(&reserved.id, failure, None).await?;
            }
            Ok(None)
        }
        .boxed()
    }

    fn enqueue(&self, job: Job) -> Answer<'_, JobId> {
        self.queue.enqueue(job)
    }

    fn progress<'a>(&'a self, id: &'a JobId, progress: Progress) -> Answer<'a, ()> {
        self.queue.progress(id, progress)
    }

    fn mark_sent(&self, sent: Vec<(JobId, SentExtrinsic)>) -> Answer<'_, ()> {
        self.queue.mark_sent(sent)
    }

    fn release<'a>(&'a self, id: &'a JobId, after: Duration) -> Answer<'a, ()> {
        self.queue.release(id, after)
    }

    fn succeed<'a>(&'a self, id: &'a JobId, outcome: Outcome) -> Answer<'a, ()> {
        self.queue.succeed(id, outcome)
    }

    fn fail<'a>(
        &'a self,
        id: &'a JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> Answer<'a, ()> {
        self.queue.fail(id, failure, retry_after)
    }

    fn job<'a>(&'a self, id: &'a JobId) -> Answer<'a, Option<JobRecord>> {
        self.queue.job(id)
    }

    fn list(&self, state: JobState, limit: usize) -> Answer<'_, Vec<JobRecord>> {
        self.queue.list(state, limit)
    }

    fn counts(&self) -> Answer<'_, QueueCounts> {
        self.queue.counts()
    }

    fn remove<'a>(&'a self, id: &'a JobId) -> Answer<'a, bool> {
        self.queue.remove(id)
    }

    fn retry<'a>(&'a self, id: &'a JobId) -> Answer<'a, bool> {
        self.queue.retry(id)
    }

    fn retry_failed(&self) -> Answer<'_, usize> {
        self.queue.retry_failed()
    }

    fn events(&self) -> broadcast::Receiver<JobEvent> {
        self.queue.events()
    }

    fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> Answer<'_, ()> {
        self.queue.put_operator(pid, sealed)
    }

    fn operator(&self, pid: u64) -> Answer<'_, Option<Vec<u8>>> {
        self.queue.operator(pid)
    }

    fn publish_account(&self, account: [u8; 32], status: Vec<u8>, ttl: Duration) -> Answer<'_, ()> {
        self.queue.publish_account(account, status, ttl)
    }

    fn published_accounts(&self) -> Answer<'_, Vec<Vec<u8>>> {
        self.queue.published_accounts()
    }
}
