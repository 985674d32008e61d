//! A Redis that is restarted, cut off, replaced, full or closed to us.

use std::collections::BTreeMap;

use super::proxy::Proxy;
use super::*;
use crate::error::{Classify, ErrorClass};
use crate::queue::conformance::{job, sent};

/// Short, so that a silent holder is found soon.
const STALL: Duration = Duration::from_millis(200);

fn quick(url: String) -> RedisQueueConfig {
    RedisQueueConfig { stall_interval: STALL, ..RedisQueueConfig::new(url, key()) }
}

#[tokio::test]
async fn a_redis_that_lost_everything_is_used_again() {
    let mut server = Server::start().await;
    let (producer, consumer) = (Arc::new(open(&server)), Arc::new(open(&server)));
    let _events = (producer.events(), consumer.events());
    let lost = producer.enqueue(job(1)).await.unwrap();
    assert_eq!(take(&consumer).await.id, lost);
    let taker = {
        let consumer = Arc::clone(&consumer);
        tokio::spawn(async move {
            loop {
                // As long as Redis is away this is an error that says so.
                match consumer.reserve(PATIENCE).await {
                    Ok(job) => return job.unwrap(),
                    Err(error) => assert_eq!(error.class(), ErrorClass::Transient, "{error}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    server.kill();
    let trouble = consumer.trouble();
    until("the trouble is said", async || trouble.borrow().is_some()).await;
    let enqueuing = {
        let producer = Arc::clone(&producer);
        tokio::spawn(async move { producer.enqueue(job(2)).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.run().await;

    let id = enqueuing.await.unwrap().expect("the call outlasts the restart");
    assert_ne!(id, lost, "ids are never used again");
    let next = taker.await.unwrap();
    assert_eq!((&next.id, next.job), (&id, job(2)));
    assert_eq!(producer.job(&lost).await.unwrap(), None);
    let refused = consumer.succeed(&lost, outcome()).await;
    assert!(matches!(refused, Err(QueueError::NotReserved { .. })), "{refused:?}");
    consumer.succeed(&id, outcome()).await.unwrap();
    assert_eq!(producer.job(&id).await.unwrap().unwrap().state, JobState::Succeeded);
    assert_eq!(*consumer.trouble().borrow(), None);
    until("events are heard again", async || server.listeners().await == 2).await;
    let mut events = producer.events();
    let next = producer.enqueue(job(3)).await.unwrap();
    take(&consumer).await;
    consumer.succeed(&next, outcome()).await.unwrap();
    heard(&mut events, &next, JobState::Succeeded).await;
}

#[tokio::test]
async fn no_job_is_lost_and_none_ends_twice_while_connections_are_cut() {
    const JOBS: u64 = 300;
    let server = Server::start().await;
    let proxy = Proxy::to(server.socket()).await;
    let producer = Arc::new(RedisQueue::open(quick(proxy.url())).unwrap());
    let consumer = Arc::new(RedisQueue::open(quick(proxy.url())).unwrap());
    let producing = tokio::spawn(async move {
        for pid in 0..JOBS {
            producer.enqueue(job(pid)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let consuming = tokio::spawn(async move {
        let mut ends = BTreeMap::<u64, u32>::new();
        while ends.len() < JOBS as usize {
            let taken = match consumer.reserve(Duration::from_secs(1)).await {
                Ok(Some(taken)) => taken,
                Ok(None) => continue,
                Err(error) => {
                    assert_eq!(error.class(), ErrorClass::Transient, "{error}");
                    continue;
                }
            };
            match consumer.succeed(&taken.id, outcome()).await {
                Ok(()) => *ends.entry(taken.job.pid).or_default() += 1,
                // It was put back meanwhile and comes again.
                Err(QueueError::NotReserved { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        ends
    });
    while !consuming.is_finished() {
        tokio::time::sleep(Duration::from_millis(37)).await;
        proxy.cut();
        if producing.is_finished() {
            tokio::time::sleep(STALL * 4).await;
        }
    }
    producing.await.unwrap();
    let ends = consuming.await.unwrap();
    assert!(ends.values().all(|times| *times == 1), "{ends:?}");
    let counts = open(&server).counts().await.unwrap();
    let expected = QueueCounts { succeeded: JOBS, ..QueueCounts::default() };
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_left() {
    let (old, new) = (Server::start().await, Server::start().await);
    let proxy = Proxy::to(old.socket()).await;
    let queue = RedisQueue::open(quick(proxy.url())).unwrap();
    let there = open(&new);
    let mut events = queue.events();
    until("it listens", async || old.listeners().await == 1).await;
    queue.enqueue(job(1)).await.unwrap();
    take(&queue).await;
    old.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    proxy.lead(Some(new.socket()));
    let id = queue.enqueue(job(2)).await.expect("it goes to the new primary");
    assert_eq!(there.job(&id).await.unwrap().unwrap().job, Ok(job(2)));
    assert_eq!(take(&queue).await.id, id);
    queue.succeed(&id, outcome()).await.unwrap();
    until("what happens there is heard", async || new.listeners().await == 1).await;
    let theirs = there.enqueue(job(3)).await.unwrap();
    assert_eq!(take(&there).await.id, theirs);
    there.succeed(&theirs, outcome()).await.unwrap();
    heard(&mut events, &theirs, JobState::Succeeded).await;
}

#[tokio::test]
async fn a_full_redis_is_said_and_can_be_worked_off() {
    let server = Server::start_with(&["--maxmemory", "4mb"]).await;
    let queue = RedisQueue::open(RedisQueueConfig {
        patience: Duration::from_millis(200),
        keep_succeeded: 0,
        ..config(&server)
    });
    let queue = queue.unwrap();
    let large = || Job { pid: 1, action: Action::SyncMessages { messages: vec![vec![7; 50_000]] } };
    let mut enqueued = 0;
    let error = loop {
        match queue.enqueue(large()).await {
            Ok(_) => enqueued += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, QueueError::StoreFull { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(error.to_string().contains("OOM"), "{error}");
    assert_eq!(*queue.trouble().borrow(), Some(error));
    assert!(enqueued > 5, "{enqueued}");
    for _ in 0..enqueued {
        let taken = take(&queue).await;
        queue.progress(&taken.id, Progress::Working).await.unwrap();
        queue.mark_sent(vec![(taken.id.clone(), sent(1))]).await.unwrap();
        queue.succeed(&taken.id, outcome()).await.unwrap();
    }
    queue.enqueue(large()).await.expect("there is room again");
    assert_eq!(*queue.trouble().borrow(), None);
    take(&queue).await;
}

#[tokio::test]
async fn jobs_of_a_dead_holder_come_back_first_and_in_order() {
    let server = Server::start().await;
    let dead = RedisQueue::open(quick(server.url())).unwrap();
    let mut ids = Vec::new();
    for pid in 1..=4 {
        ids.push(dead.enqueue(job(pid)).await.unwrap());
    }
    for _ in 0..3 {
        take(&dead).await;
    }
    dead.mark_sent(vec![(ids[1].clone(), sent(5))]).await.unwrap();
    dead.close().await;
    let queue = RedisQueue::open(quick(server.url())).unwrap();
    until("they are back", async || queue.counts().await.unwrap().waiting == 4).await;
    for (id, sent) in ids.iter().zip([None, Some(sent(5)), None, None]) {
        let taken = take(&queue).await;
        assert_eq!((&taken.id, taken.sent), (id, sent));
    }
    // Who works on a job may take any time over it.
    tokio::time::sleep(STALL * 5).await;
    assert_eq!(queue.counts().await.unwrap().active, 4);
    queue.succeed(&ids[0], outcome()).await.unwrap();
}

#[tokio::test]
async fn a_holder_that_was_cut_off_too_long_is_told_that_it_lost_its_job() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.socket()).await;
    let cut_off = RedisQueue::open(quick(proxy.url())).unwrap();
    let id = cut_off.enqueue(job(1)).await.unwrap();
    take(&cut_off).await;
    proxy.lead(None);
    proxy.cut();
    let other = RedisQueue::open(quick(server.url())).unwrap();
    assert_eq!(take(&other).await.id, id);
    proxy.lead(Some(server.socket()));
    let refused = cut_off.succeed(&id, outcome()).await;
    assert!(matches!(refused, Err(QueueError::NotReserved { .. })), "{refused:?}");
    other.succeed(&id, outcome()).await.unwrap();
    let refused = cut_off.release(&id, Duration::ZERO).await;
    assert!(matches!(refused, Err(QueueError::NotReserved { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_reservation_that_is_given_up_loses_no_job() {
    let server = Server::start().await;
    let queue = open(&server);
    for pid in 0..50 {
        let given_up = timeout(Duration::from_micros(300 * pid), queue.reserve(PATIENCE)).await;
        let id = queue.enqueue(job(pid)).await.unwrap();
        if let Ok(taken) = given_up {
            panic!("there was none: {taken:?}");
        }
        let second = timeout(Duration::from_micros(50 * pid), queue.reserve(PATIENCE)).await;
        let taken = match second {
            Ok(taken) => taken.unwrap().unwrap(),
            Err(_) => take(&queue).await,
        };
        assert_eq!(taken.id, id);
        queue.succeed(&id, outcome()).await.unwrap();
    }
}

#[tokio::test]
async fn scripts_that_redis_forgot_are_loaded_again() {
    let server = Server::start().await;
    let queue = open(&server);
    for pid in 1..=3 {
        server.ask::<()>(&["SCRIPT", "FLUSH"]).await;
        let id = queue.enqueue(job(pid)).await.unwrap();
        server.ask::<()>(&["SCRIPT", "FLUSH"]).await;
        assert_eq!(take(&queue).await.id, id);
        server.ask::<()>(&["SCRIPT", "FLUSH"]).await;
        queue.succeed(&id, outcome()).await.unwrap();
    }
}

#[tokio::test]
async fn only_the_newest_ended_jobs_are_kept() {
    let server = Server::start().await;
    let queue =
        RedisQueue::open(RedisQueueConfig { keep_succeeded: 3, keep_failed: 2, ..config(&server) });
    let queue = queue.unwrap();
    let mut ids = Vec::new();
    for pid in 0..20 {
        ids.push(queue.enqueue(job(pid)).await.unwrap());
        take(&queue).await;
        match pid % 2 {
            0 => queue.succeed(&ids[pid as usize], outcome()).await.unwrap(),
            _ => queue.fail(&ids[pid as usize], failure("no"), None).await.unwrap(),
        }
    }
    let newest = |records: Vec<JobRecord>| records.into_iter().map(|it| it.id).collect::<Vec<_>>();
    let succeeded = newest(queue.list(JobState::Succeeded, 10).await.unwrap());
    assert_eq!(succeeded, [&ids[18], &ids[16], &ids[14]].map(Clone::clone));
    let failed = newest(queue.list(JobState::Failed, 10).await.unwrap());
    assert_eq!(failed, [&ids[19], &ids[17]].map(Clone::clone));
    assert_eq!(server.ask::<u64>(&["HLEN", "bq:prbmq__main:jobs"]).await, 5);
}

#[tokio::test]
async fn a_redis_that_lets_nobody_in_is_for_the_operator() {
    let server = Server::start().await;
    server.ask::<()>(&["CONFIG", "SET", "requirepass", "secret"]).await;
    let queue = open(&server);
    let error = queue.counts().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Operator, "{error}");
    let error = RedisQueue::open(RedisQueueConfig::new("http://:word@nowhere".to_owned(), key()));
    let error = error.err().expect("no URL of Redis");
    assert_eq!(error.class(), ErrorClass::Operator, "{error}");
    assert!(!error.to_string().contains("word"), "{error}");
}

#[tokio::test]
async fn a_full_queue_and_a_huge_job_are_refused() {
    let server = Server::start().await;
    let queue = RedisQueue::open(RedisQueueConfig {
        max_unfinished: 2,
        max_job_bytes: 1_000,
        patience: Duration::from_millis(100),
        ..config(&server)
    });
    let queue = queue.unwrap();
    let huge = Job { pid: 1, action: Action::SyncMessages { messages: vec![vec![0; 1_000]] } };
    assert!(matches!(queue.enqueue(huge).await, Err(QueueError::TooLarge { .. })));
    queue.enqueue(job(1)).await.unwrap();
    queue.enqueue(job(2)).await.unwrap();
    let refused = queue.enqueue(job(3)).await.unwrap_err();
    assert_eq!(refused.to_string(), "the queue is full: it holds 2 unfinished jobs");
}
