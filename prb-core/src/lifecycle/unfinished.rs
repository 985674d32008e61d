//! Jobs that an earlier manager left in the queue, which are not asked for again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use parity_scale_codec::Decode;
use tokio::sync::OnceCell;

use super::computing::Deed;
use super::egress::Window;
use crate::queue::{Action, Job, JobId, JobQueue, JobRecord, JobState, QueueError};
use crate::scale::messages::{MessageOrigin, SignedMessage};
use crate::scale::registration::WorkerRegistrationInfo;

/// Most jobs of each state that are looked at.
const MAX_JOBS: usize = 10_000;

/// What was unfinished when this manager first looked, or had ended in a block that is not looked
/// at yet.
pub(crate) struct Unfinished {
    queue: Arc<dyn JobQueue>,
    jobs: OnceCell<Mutex<Vec<Left>>>,
}

struct Left {
    id: JobId,
    job: Job,
    /// The block it had ended in.
    ended_in: Option<u32>,
}

impl Unfinished {
    pub(crate) fn new(queue: Arc<dyn JobQueue>) -> Self {
        Self { queue, jobs: OnceCell::new() }
    }

    /// The job that already asks for `deed`, which is lacking in block `seen`.
    pub(crate) async fn deed(
        &self,
        pid: u64,
        public_key: &[u8; 32],
        deed: &Deed,
        seen: u32,
    ) -> Result<Option<JobId>, QueueError> {
        self.take(seen, |job| {
            (job.pid == pid && asks_for(&job.action, public_key, deed)).then_some(())
        })
        .await
        .map(|found| found.map(|(id, ())| id))
    }

    /// The job that already brings messages of `sender`, which are lacking in block `seen`.
    pub(crate) async fn window(
        &self,
        sender: &MessageOrigin,
        seen: u32,
    ) -> Result<Option<(JobId, Window)>, QueueError> {
        self.take(seen, |job| {
            let (of, window) = window(&job.action)?;
            (of == *sender).then_some(window)
        })
        .await
    }

    async fn take<T>(
        &self,
        seen: u32,
        matches: impl Fn(&Job) -> Option<T>,
    ) -> Result<Option<(JobId, T)>, QueueError> {
        let jobs = self.jobs.get_or_try_init(|| self.load()).await?;
        let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // What ended in a block that is looked at by now left its traces there.
        jobs.retain(|left| left.ended_in.is_none_or(|block| block > seen));
        for index in 0..jobs.len() {
            if let Some(found) = matches(&jobs[index].job) {
                return Ok(Some((jobs.swap_remove(index).id, found)));
            }
        }
        Ok(None)
    }

    async fn load(&self) -> Result<Mutex<Vec<Left>>, QueueError> {
        Self::collect(|state| self.queue.list(state, MAX_JOBS)).await.map(Mutex::new)
    }

    async fn collect<'a>(
        list: impl Fn(JobState) -> BoxFuture<'a, Result<Vec<JobRecord>, QueueError>>,
    ) -> Result<Vec<Left>, QueueError> {
        let mut jobs = Vec::new();
        // In the order of a job's life: one that goes on meanwhile is found twice, never missed. One
        // may also be put back once, behind where was looked already; so it is looked there again.
        let unfinished = [JobState::Delayed, JobState::Waiting, JobState::Active];
        for state in unfinished.into_iter().chain(unfinished).chain([JobState::Succeeded]) {
            let records = list(state).await?;
            jobs.extend(records.into_iter().filter_map(|it| {
                let ended_in = it.outcome.map(|outcome| outcome.block_number);
                // What nobody can read nobody will do.
                Some(Left { id: it.id, job: it.job.ok()?, ended_in })
            }));
        }
        let mut known = HashSet::new();
        jobs.retain(|left: &Left| known.insert(left.id.clone()));
        Ok(jobs)
    }
}

fn asks_for(action: &Action, key: &[u8; 32], deed: &Deed) -> bool {
    match (action, deed) {
        (
            Action::RegisterWorker { runtime_info, .. }
            | Action::RegisterWorkerV2 { runtime_info, .. },
            Deed::Register(_),
        ) => {
            // The newer form only appends to the older one.
            let info = WorkerRegistrationInfo::decode(&mut &runtime_info[..]);
            info.is_ok_and(|info| info.pubkey == *key)
        }
        (Action::AddWorker { public_key }, Deed::AddWorker)
        | (Action::ReclaimWorker { public_key }, Deed::Reclaim)
        | (Action::StopComputing { public_key }, Deed::Stop)
        | (Action::RemoveWorker { public_key }, Deed::LeavePool) => public_key == key,
        (Action::StartComputing { public_key, stake }, Deed::Start { stake: wanted })
        | (Action::RestartComputing { public_key, stake }, Deed::Raise { to: wanted, .. }) => {
            public_key == key && stake == wanted
        }
        (Action::UpdateEndpoint { payload, .. }, Deed::Publish) => payload.starts_with(key),
        _ => false,
    }
}

fn window(action: &Action) -> Option<(MessageOrigin, Window)> {
    let Action::SyncMessages { messages } = action else { return None };
    let decode = |bytes: &Vec<u8>| SignedMessage::decode(&mut &bytes[..]).ok();
    let (first, last) = (decode(messages.first()?)?, decode(messages.last()?)?);
    let window = Window { from: first.sequence, end: last.sequence.checked_add(1)? };
    Some((first.message.sender, window))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use parity_scale_codec::Encode;

    use super::*;
    use crate::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey, Outcome};
    use crate::scale::messages::Message;

    fn message(sequence: u64) -> Vec<u8> {
        let sender = MessageOrigin::Worker([1; 32]);
        let message = Message { sender, destination: b"t".to_vec(), payload: vec![] };
        SignedMessage { message, sequence, signature: vec![] }.encode()
    }

    #[tokio::test]
    async fn each_job_is_taken_up_once_by_the_worker_it_is_for() {
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
        let queue: Arc<dyn JobQueue> = Arc::new(queue);
        let enqueue = async |action| queue.enqueue(Job { pid: 2, action }).await.unwrap();
        let add = enqueue(Action::AddWorker { public_key: [1; 32] }).await;
        let start = enqueue(Action::StartComputing { public_key: [1; 32], stake: 5 }).await;
        let sync = enqueue(Action::SyncMessages { messages: vec![message(3), message(4)] }).await;
        let unfinished = Unfinished::new(queue.clone());
        let deed = async |key, deed| unfinished.deed(2, &[key; 32], &deed, 9).await.unwrap();
        assert_eq!(deed(7, Deed::AddWorker).await, None);
        assert_eq!(deed(1, Deed::AddWorker).await, Some(add));
        assert_eq!(deed(1, Deed::AddWorker).await, None, "once");
        assert_eq!(deed(1, Deed::Start { stake: 6 }).await, None);
        assert_eq!(deed(1, Deed::Start { stake: 5 }).await, Some(start));
        assert_eq!(unfinished.window(&MessageOrigin::Gatekeeper, 9).await.unwrap(), None);
        let window = unfinished.window(&MessageOrigin::Worker([1; 32]), 9).await.unwrap();
        assert_eq!(window, Some((sync, Window { from: 3, end: 5 })));
    }

    #[tokio::test]
    async fn a_job_that_ended_in_a_block_not_looked_at_yet_is_not_asked_for_again() {
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
        let action = Action::AddWorker { public_key: [1; 32] };
        let add = queue.enqueue(Job { pid: 2, action }).await.unwrap();
        let reserved = queue.reserve(Duration::from_secs(5)).await.unwrap().unwrap();
        assert_eq!(reserved.id, add);
        let (extrinsic_hash, block_hash) = (String::new(), String::new());
        let outcome = Outcome { extrinsic_hash, block_hash, block_number: 9, calls: vec![] };
        queue.succeed(&add, outcome).await.unwrap();
        let queue: Arc<dyn JobQueue> = Arc::new(queue);
        for (seen, expected) in [(9, None), (8, Some(&add))] {
            let unfinished = Unfinished::new(queue.clone());
            let found = unfinished.deed(2, &[1; 32], &Deed::AddWorker, seen).await.unwrap();
            assert_eq!(found.as_ref(), expected, "{seen}");
        }
    }

    #[tokio::test]
    async fn a_job_that_is_put_back_meanwhile_is_not_missed() {
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
        let action = Action::AddWorker { public_key: [1; 32] };
        let job = queue.enqueue(Job { pid: 2, action }).await.unwrap();
        queue.reserve(Duration::from_secs(5)).await.unwrap().unwrap();
        let listed = Unfinished::collect(|state| {
            let (queue, job) = (&queue, &job);
            async move {
                if state == JobState::Active && queue.counts().await?.active == 1 {
                    queue.release(job, Duration::ZERO).await?;
                }
                queue.list(state, MAX_JOBS).await
            }
            .boxed()
        });
        let found = listed.await.unwrap();
        assert_eq!(found.iter().map(|left| &left.id).collect::<Vec<_>>(), [&job]);
        assert_eq!(queue.counts().await.unwrap().waiting, 1, "it was behind the look");
    }
}
