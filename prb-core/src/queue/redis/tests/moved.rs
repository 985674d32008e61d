//! Jobs that a blocking move brings to who waits for one.

use futures::future::join_all;

use super::*;
use crate::queue::conformance::job;

/// A handle that waits for a job by a blocking move.
async fn waiter(server: &Server) -> tokio::task::JoinHandle<(RedisQueue, ReservedJob)> {
    let queue = open(server);
    let blocked = || server.ask::<String>(&["INFO", "clients"]);
    let before = blocked().await;
    let waiter = tokio::spawn(async move {
        let job = take(&queue).await;
        (queue, job)
    });
    until("one more is blocked", async || clients(&blocked().await) == clients(&before) + 1).await;
    waiter
}

fn clients(info: &str) -> usize {
    let line = info.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn who_waits_gets_it_and_has_claimed_it() {
    let server = Server::start().await;
    let waiter = waiter(&server).await;
    let producer = open(&server);
    let id = producer.enqueue(job(1)).await.unwrap();
    let (consumer, taken) = waiter.await.unwrap();
    assert_eq!((&taken.id, taken.job), (&id, job(1)));
    consumer.progress(&id, Progress::Working).await.unwrap();
    assert_eq!(producer.job(&id).await.unwrap().unwrap().progress, Some(Progress::Working));
    consumer.succeed(&id, outcome()).await.unwrap();
    assert_eq!(producer.job(&id).await.unwrap().unwrap().state, JobState::Succeeded);
}

#[tokio::test]
async fn each_of_those_who_wait_gets_another() {
    const WAITERS: u64 = 8;
    let server = Server::start().await;
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        waiters.push(waiter(&server).await);
    }
    let producer = open(&server);
    // All are moved before anybody reads what stands at the head: one script adds them.
    let ids = join_all((0..WAITERS).map(|pid| producer.enqueue(job(pid)))).await;
    let mut ids: Vec<_> = ids.into_iter().map(Result::unwrap).collect();
    let mut ended = Vec::new();
    for waiter in waiters {
        let (consumer, taken) = waiter.await.unwrap();
        consumer.succeed(&taken.id, outcome()).await.unwrap();
        ended.push(taken.id);
    }
    ids.sort();
    ended.sort();
    assert_eq!(ended, ids);
}

#[tokio::test]
async fn what_another_claimed_first_is_refused_to_who_got_it() {
    let server = Server::start().await;
    let waiter = waiter(&server).await;
    let producer = open(&server);
    let id = producer.new_id();
    let claims = "bq:prbmq__main:prb:claims";
    server.ask::<()>(&["HSET", claims, &id.0, "another"]).await;
    producer.shared.enqueue(id.clone(), &job(1)).await.unwrap();
    let (consumer, taken) = waiter.await.unwrap();
    assert_eq!(taken.id, id);
    let refused = consumer.progress(&id, Progress::Working).await;
    assert!(matches!(refused, Err(QueueError::NotReserved { .. })), "{refused:?}");
    assert_eq!(server.ask::<String>(&["HGET", claims, &id.0]).await, "another");
}
