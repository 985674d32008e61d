use super::*;
use crate::queue::conformance::{self, job, sent};
use crate::queue::job::Action;

fn key() -> JobKey {
    JobKey::new([3; 32])
}

#[tokio::test]
async fn in_memory_it_conforms() {
    conformance::check(async || {
        EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(key())).unwrap()
    })
    .await;
}

#[tokio::test]
async fn in_a_folder_it_conforms() {
    let folders = std::cell::RefCell::new(Vec::new());
    conformance::check(async || {
        let folder = tempfile::tempdir().unwrap();
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::at(folder.path(), key())).unwrap();
        folders.borrow_mut().push(folder);
        queue
    })
    .await;
}

#[tokio::test]
async fn jobs_of_a_dead_process_come_back_first_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let config = EmbeddedQueueConfig::at(folder.path(), key());
    let queue = EmbeddedQueue::open(config.clone()).unwrap();
    let mut ids = Vec::new();
    for pid in 1..=4 {
        ids.push(queue.enqueue(job(pid)).await.unwrap());
    }
    for _ in 0..3 {
        queue.reserve(Duration::ZERO).await.unwrap();
    }
    queue.mark_sent(vec![(ids[1].clone(), sent(5))]).await.unwrap();
    queue.put_operator(2, vec![9]).await.unwrap();
    drop(queue);

    let queue = EmbeddedQueue::open(config).unwrap();
    for (id, sent) in ids.iter().zip([None, Some(sent(5)), None, None]) {
        let reserved = queue.reserve(Duration::ZERO).await.unwrap().unwrap();
        assert_eq!((&reserved.id, reserved.sent), (id, sent));
    }
    assert_eq!(queue.operator(2).await.unwrap(), Some(vec![9]));
    assert_eq!(queue.enqueue(job(5)).await.unwrap(), JobId("5".to_owned()));
}

#[tokio::test]
async fn a_job_of_another_identity_is_failed_and_the_next_one_taken() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = EmbeddedQueueConfig::at(folder.path(), JobKey::new([4; 32]));
    let queue = EmbeddedQueue::open(foreign).unwrap();
    let bad = queue.enqueue(job(1)).await.unwrap();
    drop(queue);
    let queue = EmbeddedQueue::open(EmbeddedQueueConfig::at(folder.path(), key())).unwrap();
    let good = queue.enqueue(job(2)).await.unwrap();
    assert_eq!(queue.reserve(Duration::ZERO).await.unwrap().unwrap().id, good);
    let record = queue.job(&bad).await.unwrap().unwrap();
    assert_eq!(record.state, JobState::Failed);
    assert!(record.failure.unwrap().reason.contains("another identity"));
    assert_eq!(record.job, Err(wire::WireError::WrongMac));
}

#[tokio::test]
async fn a_full_queue_and_a_huge_job_are_refused() {
    let config = EmbeddedQueueConfig {
        max_unfinished: 2,
        max_job_bytes: 1_000,
        ..EmbeddedQueueConfig::in_memory(key())
    };
    let queue = EmbeddedQueue::open(config).unwrap();
    let huge = Job { pid: 1, action: Action::SyncMessages { messages: vec![vec![0; 1_000]] } };
    assert!(matches!(queue.enqueue(huge).await, Err(QueueError::TooLarge { .. })));
    queue.enqueue(job(1)).await.unwrap();
    queue.enqueue(job(2)).await.unwrap();
    let refused = queue.enqueue(job(3)).await.unwrap_err();
    assert_eq!(refused.to_string(), "the queue is full: it holds 2 unfinished jobs");
}

#[test]
fn a_folder_in_use_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = EmbeddedQueueConfig::at(folder.path(), key());
    let _queue = EmbeddedQueue::open(config.clone()).unwrap();
    let error = EmbeddedQueue::open(config).err().unwrap().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
}
