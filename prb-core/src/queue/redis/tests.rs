use tokio::time::timeout;

use super::*;
use crate::error::ErrorClass as Class;
use crate::queue::conformance;
use crate::queue::job::Action;
use crate::queue::wire::JobKey;

mod bad_jobs;
mod faults;
mod interop;
mod leases;
mod moved;
mod npm;
mod proxy;
mod server;
mod together;

use server::Server;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn key() -> JobKey {
    JobKey::new([3; 32])
}

fn config(server: &Server) -> RedisQueueConfig {
    RedisQueueConfig::new(server.url(), key())
}

fn open(server: &Server) -> RedisQueue {
    RedisQueue::open(config(server)).unwrap()
}

async fn take(queue: &RedisQueue) -> ReservedJob {
    queue.reserve(PATIENCE).await.unwrap().expect("a job is waiting")
}

fn failure(reason: &str) -> Failure {
    Failure::new(reason, Class::Permanent)
}

fn outcome() -> Outcome {
    Outcome {
        extrinsic_hash: "0x01".to_owned(),
        block_hash: "0x02".to_owned(),
        block_number: 12,
        calls: Vec::new(),
    }
}

/// Events, once they are heard.
async fn listening(queue: &RedisQueue) -> broadcast::Receiver<JobEvent> {
    let events = queue.events();
    let mut listening = queue.listening();
    timeout(PATIENCE, listening.wait_for(|listening| *listening)).await.unwrap().unwrap();
    events
}

async fn heard(events: &mut broadcast::Receiver<JobEvent>, id: &JobId, state: JobState) {
    let hear = async {
        loop {
            let event = events.recv().await.unwrap();
            if event.id == *id && event.state == state {
                return;
            }
        }
    };
    timeout(PATIENCE, hear).await.expect("it is heard");
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn over_redis_it_conforms() {
    let server = Server::start().await;
    conformance::check(async || {
        server.flush().await;
        open(&server)
    })
    .await;
}
