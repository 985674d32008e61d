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
async fn a_redis_that_forgot_the_script_gives_it_too() {
    let server = Server::start().await;
    let waiter = waiter(&server).await;
    server.ask::<()>(&["SCRIPT", "FLUSH"]).await;
    let id = open(&server).enqueue(job(1)).await.unwrap();
    let (consumer, taken) = waiter.await.unwrap();
    assert_eq!(taken.id, id);
    consumer.succeed(&id, outcome()).await.unwrap();
}

/// As if the handle had been gone between the move and the script that claims.
async fn moved_and_not_claimed(server: &Server) -> (RedisQueue, JobId) {
    let producer = open(server);
    let id = producer.enqueue(job(1)).await.unwrap();
    let (from, to) = ("bq:prbmq__main:waiting", "bq:prbmq__main:prb:moved");
    assert_eq!(server.ask::<String>(&["RPOPLPUSH", from, to]).await, id.0);
    (producer, id)
}

#[tokio::test]
async fn what_nobody_claimed_is_the_next_to_be_taken() {
    let server = Server::start().await;
    let (queue, id) = moved_and_not_claimed(&server).await;
    let later = queue.enqueue(job(2)).await.unwrap();
    assert_eq!(queue.counts().await.unwrap().waiting, 2);
    assert_eq!(queue.job(&id).await.unwrap().unwrap().state, JobState::Waiting);
    assert_eq!([take(&queue).await.id, take(&queue).await.id], [id, later]);
}

#[tokio::test]
async fn what_nobody_claimed_waits_again() {
    let server = Server::start().await;
    let (_queue, id) = moved_and_not_claimed(&server).await;
    let waiting = || server.ask::<Vec<String>>(&["LRANGE", "bq:prbmq__main:waiting", "0", "-1"]);
    until("it waits again", async || waiting().await == [id.0.clone()]).await;
}
