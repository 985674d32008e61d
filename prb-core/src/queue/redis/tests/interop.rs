//! npm's bee-queue and dashboard beside prb on the same queue.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::npm::Npm;
use super::*;
use crate::queue::conformance::job;
use crate::queue::wire;

/// Ours, with all jobs enqueued by npm's bee-queue.
struct NpmProduced {
    npm: Arc<Mutex<Npm>>,
    queue: RedisQueue,
}

fn data(job: &Job) -> Value {
    serde_json::from_slice(&wire::encode(job, &key())).unwrap()
}

impl JobQueue for NpmProduced {
    fn enqueue(&self, job: Job) -> BoxFuture<'_, Result<JobId, QueueError>> {
        async move {
            let saved = self.npm.lock().await.ask("save", json!({ "data": data(&job) })).await;
            Ok(JobId(saved["id"].as_str().unwrap().to_owned()))
        }
        .boxed()
    }
    fn reserve(&self, wait: Duration) -> BoxFuture<'_, Result<Option<ReservedJob>, QueueError>> {
        self.queue.reserve(wait)
    }
    fn progress<'a>(
        &'a self,
        id: &'a JobId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.progress(id, progress)
    }
    fn mark_sent(
        &self,
        sent: Vec<(JobId, SentExtrinsic)>,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        self.queue.mark_sent(sent)
    }
    fn release<'a>(
        &'a self,
        id: &'a JobId,
        after: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.release(id, after)
    }
    fn succeed<'a>(
        &'a self,
        id: &'a JobId,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.succeed(id, outcome)
    }
    fn fail<'a>(
        &'a self,
        id: &'a JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.fail(id, failure, retry_after)
    }
    fn job<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<Option<JobRecord>, QueueError>> {
        self.queue.job(id)
    }
    fn list(
        &self,
        state: JobState,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<JobRecord>, QueueError>> {
        self.queue.list(state, limit)
    }
    fn counts(&self) -> BoxFuture<'_, Result<QueueCounts, QueueError>> {
        self.queue.counts()
    }
    fn remove<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        self.queue.remove(id)
    }
    fn retry<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>> {
        self.queue.retry(id)
    }
    fn retry_failed(&self) -> BoxFuture<'_, Result<usize, QueueError>> {
        self.queue.retry_failed()
    }
    fn events(&self) -> broadcast::Receiver<JobEvent> {
        self.queue.events()
    }
    fn put_operator(&self, pid: u64, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), QueueError>> {
        self.queue.put_operator(pid, sealed)
    }
    fn operator(&self, pid: u64) -> BoxFuture<'_, Result<Option<Vec<u8>>, QueueError>> {
        self.queue.operator(pid)
    }
    fn publish_account(
        &self,
        account: [u8; 32],
        status: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'_, Result<(), QueueError>> {
        self.queue.publish_account(account, status, ttl)
    }
    fn published_accounts(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, QueueError>> {
        self.queue.published_accounts()
    }
}

#[tokio::test]
async fn with_npm_bee_queue_as_producer_it_conforms() {
    let server = Server::start().await;
    let npm = Arc::new(Mutex::new(Npm::start(&server.socket()).await));
    conformance::check(async || {
        server.flush().await;
        NpmProduced { npm: Arc::clone(&npm), queue: open(&server) }
    })
    .await;
}

#[tokio::test]
async fn an_npm_producer_hears_what_becomes_of_its_jobs() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    let queue = open(&server);
    let saved = npm.ask("save", json!({ "data": data(&job(1)) })).await;
    let mine = take(&queue).await;
    assert_eq!((json!(mine.id.0), mine.job), (saved["id"].clone(), job(1)));
    queue.progress(&mine.id, Progress::Working).await.unwrap();
    assert_eq!(npm.hear("progress").await["data"], json!("RP_WORKING"));
    queue.fail(&mine.id, failure("not today"), Some(Duration::from_millis(1))).await.unwrap();
    assert_eq!(npm.hear("retrying").await["data"], json!("not today"));
    let mine = take(&queue).await;
    queue.fail(&mine.id, failure("no"), None).await.unwrap();
    assert_eq!(npm.hear("failed").await["data"], json!("no"));
    let job = npm.ask("job", json!({ "id": mine.id.0 })).await["job"].clone();
    assert_eq!((&job["status"], &job["progress"]), (&json!("failed"), &json!("RP_FAILED")));
    assert_eq!(job["options"]["stacktraces"], json!(["no", "not today"]));
    let health = npm.ask("health", json!({})).await;
    assert_eq!((&health["failed"], &health["active"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn an_npm_consumer_works_on_jobs_of_prb() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    let queue = open(&server);
    let mut events = listening(&queue).await;
    let mut ids = Vec::new();
    for pid in 1..=3 {
        ids.push(queue.enqueue(job(pid)).await.unwrap());
    }
    npm.ask("consume", json!({ "concurrency": 1 })).await;
    for (pid, id) in (1..=3).zip(&ids) {
        let theirs = npm.hear("job").await;
        assert_eq!((&theirs["id"], &theirs["data"]), (&json!(id.0), &data(&job(pid))));
        assert_eq!(queue.job(id).await.unwrap().unwrap().state, JobState::Active);
        assert!(!queue.remove(id).await.unwrap(), "they work on it");
        npm.ask("progress", json!({ "id": id.0, "data": "RP_WORKING" })).await;
        let (end, with) = match pid {
            2 => ("reject", json!({ "id": id.0, "message": "the pool is gone" })),
            _ => ("resolve", json!({ "id": id.0 })),
        };
        npm.ask(end, with).await;
        let mut heard = Vec::new();
        let last = if pid == 2 { JobState::Failed } else { JobState::Succeeded };
        while heard.last() != Some(&(last, None)) {
            let event = timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
            if event.id == *id {
                heard.push((event.state, event.progress));
            }
        }
        assert!(heard.contains(&(JobState::Active, Some(Progress::Working))), "{heard:?}");
        assert_eq!(queue.job(id).await.unwrap().unwrap().state, last);
    }
    let failed = queue.job(&ids[1]).await.unwrap().unwrap();
    assert!(failed.failure.unwrap().reason.contains("the pool is gone"));
    assert_eq!(queue.retry_failed().await.unwrap(), 1);
    assert_eq!(npm.hear("job").await["id"], json!(ids[1].0), "and they take it again");
}

#[tokio::test]
async fn a_delayed_job_of_prb_is_raised_by_an_npm_consumer() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    let queue = open(&server);
    let id = queue.enqueue(job(1)).await.unwrap();
    take(&queue).await;
    queue.fail(&id, failure("later"), Some(Duration::from_millis(200))).await.unwrap();
    npm.ask("consume", json!({ "concurrency": 1 })).await;
    let theirs = npm.hear("job").await;
    assert_eq!(theirs["id"], json!(id.0));
    npm.ask("resolve", json!({ "id": id.0 })).await;
    npm.hear("succeeded").await;
    let record = queue.job(&id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (JobState::Succeeded, 1), "our notes are kept");
}

#[tokio::test]
async fn an_npm_consumer_and_prb_share_the_jobs() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    let queue = open(&server);
    npm.ask("consume", json!({ "concurrency": 2 })).await;
    let mut all = BTreeSet::new();
    for pid in 0..40 {
        all.insert(queue.enqueue(job(pid)).await.unwrap());
    }
    let mut taken = BTreeSet::new();
    for _ in 0..2 {
        let id = npm.hear("job").await["id"].as_str().unwrap().to_owned();
        assert!(taken.insert(JobId(id.clone())));
        npm.ask("resolve", json!({ "id": id })).await;
    }
    // They hold up to two more, which nobody ends.
    while let Some(mine) = queue.reserve(Duration::from_millis(200)).await.unwrap() {
        assert!(taken.insert(mine.id.clone()), "each once");
        queue.succeed(&mine.id, outcome()).await.unwrap();
    }
    for _ in taken.len()..all.len() {
        let id = npm.hear("job").await["id"].as_str().unwrap().to_owned();
        assert!(taken.insert(JobId(id)), "each once");
    }
    assert_eq!(taken, all);
}

#[tokio::test]
async fn what_others_finished_is_forgotten_too() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    npm.ask("consume", json!({ "concurrency": 1 })).await;
    for _ in 0..10 {
        npm.ask("save", json!({ "data": data(&job(1)) })).await;
        let id = npm.hear("job").await["id"].clone();
        npm.ask("resolve", json!({ "id": id })).await;
        npm.hear("succeeded").await;
    }
    let queue = RedisQueue::open(RedisQueueConfig {
        keep_succeeded: 3,
        stall_interval: Duration::from_millis(100),
        ..config(&server)
    });
    let queue = queue.unwrap();
    until("three are left", async || queue.counts().await.unwrap().succeeded == 3).await;
    assert_eq!(server.ask::<u64>(&["HLEN", "bq:prbmq__main:jobs"]).await, 3);
    assert_eq!(queue.list(JobState::Succeeded, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn bull_arena_shows_the_jobs() {
    let server = Server::start().await;
    let mut npm = Npm::start(&server.socket()).await;
    let queue = open(&server);
    let done = queue.enqueue(job(7)).await.unwrap();
    take(&queue).await;
    queue.succeed(&done, outcome()).await.unwrap();
    let failed = queue.enqueue(job(8)).await.unwrap();
    take(&queue).await;
    queue.fail(&failed, failure("pool 8 is gone"), None).await.unwrap();
    let waiting = queue.enqueue(job(9)).await.unwrap();

    crate::tls::choose_cryptography();
    let port = npm.ask("arena", json!({})).await["port"].clone();
    let page = async |path: &str| {
        let url = format!("http://127.0.0.1:{port}/prb/prbmq__main{path}");
        let answer = reqwest::get(url).await.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    };
    for (state, id) in [("succeeded", &done), ("failed", &failed), ("waiting", &waiting)] {
        assert!(page(&format!("/{state}")).await.contains(&id.0), "{state}");
    }
    let job: Value = serde_json::from_str(&page(&format!("/{failed}?json=true")).await).unwrap();
    assert_eq!(job["data"]["action"], json!("ADD_WORKER"));
    assert_eq!(job["data"]["payload"]["pid"], json!("8"));
    assert_eq!(job["options"]["stacktraces"][0], json!("pool 8 is gone"));
    assert!(page(&format!("/{failed}")).await.contains("pool 8 is gone"));
}
