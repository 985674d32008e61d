//! Telling the queue what became of jobs.

use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;
use tokio::time::timeout;

use super::{Account, StepError};
use crate::queue::{JobId, QueueError};
use crate::trader::ending::Ending;

/// Longest wait for the queue when the account is given up.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Account {
    /// Reports the jobs that have ended. One the queue no longer knows is let go.
    pub(super) async fn report(&mut self) -> Result<(), StepError> {
        let queue = Arc::clone(&self.shared.queue);
        while let Some((job, ending)) = self.endings.front() {
            let id = job.id();
            fail_point!("trader-before-acknowledge");
            let told = match ending {
                Ending::Succeeded(outcome) => queue.succeed(id, outcome.clone()).await,
                Ending::Failed { failure, retry_after } => {
                    tracing::warn!(job = %id, pool = job.reserved.job.pid,
                        retry = retry_after.is_some(), reason = failure.reason, "job failed");
                    queue.fail(id, failure.clone(), *retry_after).await
                }
            };
            fail_point!("trader-after-acknowledge");
            match told {
                Ok(()) => self.shared.totals.ended(ending, job.since.elapsed()),
                Err(error @ (QueueError::NotReserved { .. } | QueueError::Malformed { .. })) => {
                    tracing::warn!(job = %id, %error, "the queue does not take a job's result");
                }
                Err(error) => return Err(error.into()),
            }
            self.endings.pop_front();
        }
        Ok(())
    }

    /// Gives back the jobs that are in no extrinsic.
    pub(super) async fn release_pending(&mut self) {
        let pending = self.batcher.drain().into_iter().map(|item| item.job.id().clone());
        let pending: Vec<_> = pending.collect();
        self.release(pending).await;
    }

    /// Reports what has ended and gives back everything else; what was sent goes back with the
    /// note of its extrinsic.
    pub(super) async fn leave(&mut self) {
        if !matches!(timeout(LAST_WORDS, self.report()).await, Ok(Ok(()))) {
            tracing::warn!(account = %self.address(), jobs = self.endings.len(),
                "results could not be reported; the next trader finds them on chain");
        }
        self.release_pending().await;
        let mut rest: Vec<_> = self.outgoing.drain(..).map(|job| job.id().clone()).collect();
        rest.extend(self.recovered.drain(..).map(|recovered| recovered.job.id().clone()));
        rest.extend(self.ledger.held().flat_map(|held| &held.load).map(|job| job.id().clone()));
        rest.extend(self.endings.drain(..).map(|(job, _)| job.id().clone()));
        self.release(rest).await;
    }

    /// Gives jobs back so that they are taken in this order again.
    async fn release(&mut self, ids: Vec<JobId>) {
        let queue = Arc::clone(&self.shared.queue);
        for id in ids.into_iter().rev() {
            let released = timeout(LAST_WORDS, queue.release(&id, Duration::ZERO)).await;
            if let Ok(Err(error)) = released {
                tracing::warn!(job = %id, %error, "a job could not be given back");
            }
        }
    }
}
