//! What every [`JobQueue`] must do, as one suite to be run against each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::ErrorClass;
use crate::queue::job::{
    Action, CallOutcome, CallResult, Failure, Job, JobId, JobState, Outcome, Progress,
    SentExtrinsic,
};
use crate::queue::{JobQueue, QueueError, ReservedJob};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the whole suite; `new_queue` makes an empty queue each time it is called.
pub(crate) async fn check<Q, F>(mut new_queue: F)
where
    Q: JobQueue,
    F: AsyncFnMut() -> Q,
{
    first_come_first_served(&new_queue().await).await;
    a_job_is_reserved_once(Arc::new(new_queue().await)).await;
    reserve_waits_for_a_job(Arc::new(new_queue().await)).await;
    success_is_kept(&new_queue().await).await;
    failure_is_kept_and_can_be_retried(&new_queue().await).await;
    all_failed_jobs_can_be_retried_at_once(&new_queue().await).await;
    a_failed_job_comes_back_after_its_delay(&new_queue().await).await;
    a_released_job_comes_back_as_it_was(&new_queue().await).await;
    only_reserved_jobs_can_be_ended(&new_queue().await).await;
    reserved_jobs_are_not_removed(&new_queue().await).await;
    events_tell_what_happens(&new_queue().await).await;
    operators_stand_beside_the_jobs(&new_queue().await).await;
    accounts_are_published_for_a_while(&new_queue().await).await;
}

pub(crate) fn job(pid: u64) -> Job {
    Job { pid, action: Action::AddWorker { public_key: [pid as u8; 32] } }
}

pub(crate) fn sent(nonce: u32) -> SentExtrinsic {
    SentExtrinsic {
        hash: "0x01".to_owned(),
        signer: "0x02".to_owned(),
        nonce,
        birth: 10,
        death: 74,
        proxied: true,
        first_call: 1,
        calls: 1,
        total_calls: 3,
    }
}

fn outcome() -> Outcome {
    Outcome {
        extrinsic_hash: "0x01".to_owned(),
        block_hash: "0x02".to_owned(),
        block_number: 12,
        calls: vec![CallResult {
            call: "PhalaStakePoolv2.add_worker".to_owned(),
            outcome: CallOutcome::Ok,
        }],
    }
}

fn failure() -> Failure {
    Failure::new("the node is asleep", ErrorClass::Transient)
}

async fn take(queue: &dyn JobQueue) -> ReservedJob {
    queue.reserve(PATIENCE).await.unwrap().expect("a job is waiting")
}

async fn nothing_waits(queue: &dyn JobQueue) {
    assert!(queue.reserve(Duration::ZERO).await.unwrap().is_none());
}

async fn state(queue: &dyn JobQueue, id: &JobId) -> JobState {
    queue.job(id).await.unwrap().expect("the job is known").state
}

async fn first_come_first_served(queue: &dyn JobQueue) {
    nothing_waits(queue).await;
    let mut ids = Vec::new();
    for pid in 1..=3 {
        ids.push(queue.enqueue(job(pid)).await.unwrap());
    }
    assert_eq!(queue.counts().await.unwrap().waiting, 3);
    let newest = queue.list(JobState::Waiting, 2).await.unwrap();
    assert_eq!(
        newest.iter().map(|record| record.id.clone()).collect::<Vec<_>>(),
        [ids[2].clone(), ids[1].clone()]
    );
    for (pid, id) in (1..=3).zip(&ids) {
        let reserved = take(queue).await;
        assert_eq!((&reserved.id, reserved.job, reserved.attempts), (id, job(pid), 0));
        assert_eq!(reserved.sent, None);
        assert_eq!(state(queue, id).await, JobState::Active);
    }
    nothing_waits(queue).await;
    assert_eq!(queue.counts().await.unwrap().active, 3);
    assert_eq!(queue.job(&JobId("unknown".to_owned())).await.unwrap(), None);
}

async fn a_job_is_reserved_once(queue: Arc<dyn JobQueue>) {
    let takers: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(reserved) = queue.reserve(Duration::from_millis(200)).await.unwrap()
                {
                    mine.push(reserved.id);
                }
                mine
            })
        })
        .collect();
    let mut all = Vec::new();
    for pid in 0..100 {
        all.push(queue.enqueue(job(pid)).await.unwrap());
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    // A taker may have given up before the last job came.
    while let Some(reserved) = queue.reserve(Duration::ZERO).await.unwrap() {
        taken.push(reserved.id);
    }
    taken.sort();
    all.sort();
    assert_eq!(taken, all);
}

async fn reserve_waits_for_a_job(queue: Arc<dyn JobQueue>) {
    let begun = Instant::now();
    assert!(queue.reserve(Duration::from_millis(50)).await.unwrap().is_none());
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let taker = {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { take(&*queue).await })
    };
    tokio::task::yield_now().await;
    let id = queue.enqueue(job(1)).await.unwrap();
    assert_eq!(taker.await.unwrap().id, id);
}

async fn success_is_kept(queue: &dyn JobQueue) {
    let id = queue.enqueue(job(1)).await.unwrap();
    take(queue).await;
    queue.progress(&id, Progress::Working).await.unwrap();
    queue.succeed(&id, outcome()).await.unwrap();
    let record = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(record.state, JobState::Succeeded);
    assert_eq!(record.job, Ok(job(1)));
    assert_eq!(record.outcome, Some(outcome()));
    assert_eq!(record.progress, Some(Progress::Finished));
    assert_eq!(record.failure, None);
    assert_eq!(queue.counts().await.unwrap().succeeded, 1);
}

async fn failure_is_kept_and_can_be_retried(queue: &dyn JobQueue) {
    let id = queue.enqueue(job(1)).await.unwrap();
    assert!(!queue.retry(&id).await.unwrap(), "it has not failed yet");
    take(queue).await;
    queue.fail(&id, failure(), None).await.unwrap();
    let record = queue.job(&id).await.unwrap().unwrap();
    assert_eq!((record.state, record.failure), (JobState::Failed, Some(failure())));
    nothing_waits(queue).await;
    assert!(queue.retry(&id).await.unwrap());
    assert_eq!(take(queue).await.id, id);
}

async fn all_failed_jobs_can_be_retried_at_once(queue: &dyn JobQueue) {
    assert_eq!(queue.retry_failed().await.unwrap(), 0);
    let mut ids = Vec::new();
    for pid in 1..=3 {
        ids.push(queue.enqueue(job(pid)).await.unwrap());
    }
    for id in &ids {
        take(queue).await;
        queue.fail(id, failure(), None).await.unwrap();
    }
    let newest = queue.list(JobState::Failed, 10).await.unwrap();
    let oldest_first = newest.into_iter().rev().map(|record| record.id);
    assert_eq!(oldest_first.collect::<Vec<_>>(), ids);
    assert_eq!(queue.retry_failed().await.unwrap(), 3);
    assert_eq!(queue.counts().await.unwrap().failed, 0);
    for id in &ids {
        let reserved = take(queue).await;
        assert_eq!((&reserved.id, reserved.attempts), (id, 0));
    }
}

async fn a_failed_job_comes_back_after_its_delay(queue: &dyn JobQueue) {
    let id = queue.enqueue(job(1)).await.unwrap();
    take(queue).await;
    queue.mark_sent(vec![(id.clone(), sent(1))]).await.unwrap();
    queue.fail(&id, failure(), Some(Duration::from_millis(300))).await.unwrap();
    assert_eq!(state(queue, &id).await, JobState::Delayed);
    nothing_waits(queue).await;
    let later = queue.enqueue(job(2)).await.unwrap();
    assert_eq!(take(queue).await.id, later, "a delayed job holds up no other");
    let back = take(queue).await;
    assert_eq!((&back.id, back.attempts), (&id, 1));
    assert_eq!(back.sent, None, "a failed job's extrinsic is known to be dead");
}

async fn a_released_job_comes_back_as_it_was(queue: &dyn JobQueue) {
    let first = queue.enqueue(job(1)).await.unwrap();
    let second = queue.enqueue(job(2)).await.unwrap();
    take(queue).await;
    queue.mark_sent(vec![(first.clone(), sent(7))]).await.unwrap();
    queue.release(&first, Duration::ZERO).await.unwrap();
    let back = take(queue).await;
    assert_eq!((back.id, back.attempts, back.sent), (first.clone(), 0, Some(sent(7))));
    queue.release(&first, Duration::from_millis(100)).await.unwrap();
    assert_eq!(take(queue).await.id, second, "one released with a delay lets others pass");
    assert_eq!(take(queue).await.sent, Some(sent(7)));
}

async fn only_reserved_jobs_can_be_ended(queue: &dyn JobQueue) {
    let id = queue.enqueue(job(1)).await.unwrap();
    let refused = |answer: Result<(), QueueError>| {
        assert!(matches!(answer, Err(QueueError::NotReserved { .. })), "{answer:?}");
    };
    refused(queue.succeed(&id, outcome()).await);
    refused(queue.fail(&id, failure(), None).await);
    refused(queue.release(&id, Duration::ZERO).await);
    refused(queue.mark_sent(vec![(id.clone(), sent(1))]).await);
    take(queue).await;
    queue.succeed(&id, outcome()).await.unwrap();
    refused(queue.succeed(&id, outcome()).await);
}

async fn reserved_jobs_are_not_removed(queue: &dyn JobQueue) {
    let id = queue.enqueue(job(1)).await.unwrap();
    take(queue).await;
    assert!(!queue.remove(&id).await.unwrap());
    queue.fail(&id, failure(), None).await.unwrap();
    assert!(queue.remove(&id).await.unwrap());
    assert_eq!(queue.job(&id).await.unwrap(), None);
    assert!(!queue.remove(&id).await.unwrap());
    let waiting = queue.enqueue(job(2)).await.unwrap();
    assert!(queue.remove(&waiting).await.unwrap());
    nothing_waits(queue).await;
}

async fn events_tell_what_happens(queue: &dyn JobQueue) {
    let mut events = queue.events();
    let id = queue.enqueue(job(1)).await.unwrap();
    take(queue).await;
    queue.progress(&id, Progress::Working).await.unwrap();
    queue.succeed(&id, outcome()).await.unwrap();
    let mut states = Vec::new();
    while states.last() != Some(&(JobState::Succeeded, None)) {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
        assert_eq!(event.id, id);
        states.push((event.state, event.progress));
    }
    assert!(states.contains(&(JobState::Active, Some(Progress::Working))), "{states:?}");
}

async fn operators_stand_beside_the_jobs(queue: &dyn JobQueue) {
    assert_eq!(queue.operator(2).await.unwrap(), None);
    queue.put_operator(2, vec![1, 2, 3]).await.unwrap();
    queue.put_operator(3, vec![4]).await.unwrap();
    queue.put_operator(2, vec![5, 6]).await.unwrap();
    assert_eq!(queue.operator(2).await.unwrap(), Some(vec![5, 6]));
    assert_eq!(queue.operator(3).await.unwrap(), Some(vec![4]));
    nothing_waits(queue).await;
}

async fn accounts_are_published_for_a_while(queue: &dyn JobQueue) {
    let published = async || queue.published_accounts().await.unwrap();
    assert!(published().await.is_empty());
    let publish = async |account: u8, status: &[u8], ttl| {
        queue.publish_account([account; 32], status.to_vec(), ttl).await.unwrap();
    };
    publish(2, b"two", PATIENCE).await;
    publish(1, b"one", PATIENCE).await;
    publish(1, b"one again", PATIENCE).await;
    publish(3, b"three", Duration::from_millis(50)).await;
    let until = Instant::now() + PATIENCE;
    while published().await != [&b"one again"[..], b"two"] {
        assert!(Instant::now() < until, "the third is never forgotten");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    nothing_waits(queue).await;
}
