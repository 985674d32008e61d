//! What many ask for at the same time.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::*;
use crate::queue::conformance::job;

#[tokio::test]
async fn as_many_jobs_are_added_as_there_is_room_for() {
    const ROOM: usize = 300;
    let server = Server::start().await;
    let config = RedisQueueConfig { max_unfinished: ROOM, ..config(&server) };
    let queue = RedisQueue::open(config).unwrap();
    let answers = join_all((0..1_000).map(|pid| queue.enqueue(job(pid)))).await;
    let (added, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|answer| *answer == Err(QueueError::Full { limit: ROOM })));
    let added: BTreeSet<_> = added.into_iter().map(Result::unwrap).collect();
    assert_eq!(added.len(), ROOM);
    let mut taken = BTreeSet::new();
    for _ in 0..ROOM {
        taken.insert(take(&queue).await.id);
    }
    assert_eq!(taken, added);
}

#[tokio::test]
async fn each_job_ends_as_it_is_told_to() {
    const JOBS: u64 = 400;
    let server = Server::start().await;
    // Nothing is found to be stalled, however slow the machine is.
    let config = || RedisQueueConfig { stall_interval: PATIENCE * 100, ..config(&server) };
    let (queue, watcher) =
        (RedisQueue::open(config()).unwrap(), RedisQueue::open(config()).unwrap());
    let mut events = listening(&watcher).await;
    let ids = join_all((0..JOBS).map(|pid| queue.enqueue(job(pid)))).await;
    let ids: Vec<_> = ids.into_iter().map(Result::unwrap).collect();
    let taken = join_all((0..JOBS).map(|_| queue.reserve(PATIENCE))).await;
    assert_eq!(taken.into_iter().filter(|taken| matches!(taken, Ok(Some(_)))).count(), ids.len());

    // One was taken away meanwhile: the others do not suffer from it.
    let claims = "bq:prbmq__main:prb:claims";
    assert_eq!(server.ask::<u64>(&["HDEL", claims, &ids[7].0]).await, 1);
    let end = async |at: usize| match at % 4 {
        0 => queue.fail(&ids[at], failure("no"), None).await,
        1 => queue.fail(&ids[at], failure("later"), Some(Duration::ZERO)).await,
        2 => queue.fail(&ids[at], failure("much later"), Some(PATIENCE * 100)).await,
        _ => queue.succeed(&ids[at], outcome()).await,
    };
    let ended = join_all((0..ids.len()).map(end)).await;
    for (at, ended) in ended.into_iter().enumerate() {
        let refused = matches!(ended, Err(QueueError::NotReserved { .. }));
        assert_eq!((ended.is_ok(), refused), (at != 7, at == 7), "job {at}: {ended:?}");
    }
    let counts = queue.counts().await.unwrap();
    let quarter = JOBS / 4;
    let expected = QueueCounts {
        waiting: quarter,
        active: 1,
        delayed: quarter,
        succeeded: quarter - 1,
        failed: quarter,
    };
    assert_eq!(counts, expected);
    let mut heard = BTreeMap::new();
    let hear = async {
        while heard.values().sum::<u64>() < JOBS - 1 {
            *heard.entry(format!("{:?}", events.recv().await.unwrap().state)).or_default() += 1;
        }
    };
    timeout(PATIENCE, hear).await.expect("each end is told");
    let told: Vec<_> = heard.into_iter().collect();
    let expected = [("Delayed", 2 * quarter), ("Failed", quarter), ("Succeeded", quarter - 1)];
    assert_eq!(told, expected.map(|(state, count)| (state.to_owned(), count)));
}

#[tokio::test]
async fn those_whose_neighbours_end_keep_their_order() {
    let server = Server::start().await;
    let config = RedisQueueConfig { stall_interval: PATIENCE * 100, ..config(&server) };
    let queue = RedisQueue::open(config).unwrap();
    for pid in 0..60 {
        queue.enqueue(job(pid)).await.unwrap();
    }
    for _ in 0..60 {
        take(&queue).await;
    }
    let active = || server.ask::<Vec<String>>(&["LRANGE", "bq:prbmq__main:active", "0", "-1"]);
    let (mut stay, mut end) = (Vec::new(), Vec::new());
    for (at, id) in active().await.into_iter().map(JobId).enumerate() {
        if at % 3 == 0 { stay.push(id.0) } else { end.push(id) }
    }
    let ended = join_all(end.iter().map(|id| queue.succeed(id, outcome()))).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(active().await, stay);
    assert_eq!(queue.counts().await.unwrap().succeeded, end.len() as u64);
}
