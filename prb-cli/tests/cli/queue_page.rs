//! The queue page on a real Redis, and nothing else: no chain, no service, no identity.

use std::time::Duration;

use prb_core::error::ErrorClass;
use prb_core::queue::{
    Action, CallOutcome, CallResult, Failure, Job, JobId, JobKey, JobQueue, JobState, Outcome,
    Progress, RedisQueue, RedisQueueConfig,
};
use serde_json::{Value, json};

use crate::fixture::Prb;
use crate::http::{Answer, ask, get};
use crate::services::{LONG, Service, eventually};
use crate::trader::Redis;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What stands in the queue: one job of each end, one under way, one waiting.
struct Jobs {
    failed: JobId,
    succeeded: JobId,
    active: JobId,
    waiting: JobId,
}

async fn fill(queue: &RedisQueue) -> Jobs {
    let key = |byte| [byte; 32];
    let stake = 10_000_000_000_000_000;
    let actions = [
        Action::AddWorker { public_key: key(0xf1) },
        Action::StartComputing { public_key: key(0x51), stake },
        Action::AddWorker { public_key: key(0xa1) },
        Action::StopComputing { public_key: key(0x61) },
    ];
    let mut ids = Vec::new();
    for action in actions {
        ids.push(queue.enqueue(Job { pid: 7, action }).await.unwrap());
    }
    let wait = Duration::from_mins(1);
    for _ in 0..3 {
        queue.reserve(wait).await.unwrap().unwrap();
    }
    let [failed, succeeded, active, waiting] = <[JobId; 4]>::try_from(ids).unwrap();
    let calls = |call: &str, outcome| vec![CallResult { call: call.into(), outcome }];
    let error = "PhalaStakePoolv2.UnauthorizedPoolOwner".to_owned();
    let docs = "The caller is not <the> owner of the pool".to_owned();
    let reason = "the chain refused it: <script>alert(1)</script>";
    let mut failure = Failure::new(reason, ErrorClass::Permanent);
    failure.calls = calls("PhalaStakePoolv2.add_worker", CallOutcome::Error { error, docs });
    queue.fail(&failed, failure, None).await.unwrap();
    let outcome = Outcome {
        extrinsic_hash: format!("0x{}", "e1".repeat(32)),
        block_hash: format!("0x{}", "b1".repeat(32)),
        block_number: 4711,
        calls: calls("PhalaStakePoolv2.start_computing", CallOutcome::Ok),
    };
    queue.succeed(&succeeded, outcome).await.unwrap();
    queue.progress(&active, Progress::Working).await.unwrap();
    let account = json!({
        "account": "43Mq", "pools": [7], "nonce": 3, "balance": "1500000000000",
        "lowBalance": true, "inFlight": 1, "pending": 2, "settling": null, "proxied": [],
        "lastError": null, "at": 1,
    });
    let account = account.to_string().into_bytes();
    queue.publish_account([1; 32], account, Duration::from_mins(10)).await.unwrap();
    Jobs { failed, succeeded, active, waiting }
}

fn post(at: &str, path: &str, message: &Value) -> Answer {
    ask(at, &format!("POST {path}"), &[JSON], &message.to_string())
}

#[track_caller]
fn shows(page: &Answer, words: &[&str]) {
    for words in words {
        assert!(page.body.contains(words), "no {words:?} in {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_told_in_words_and_put_back_and_removed() {
    let prb = Prb::new();
    let mut redis = Redis::start(prb.folder.path());
    let queue = RedisQueue::open(RedisQueueConfig::new(redis.url(), JobKey::random())).unwrap();
    let jobs = fill(&queue).await;
    let words = format!(
        "run queue-page --listen 127.0.0.1:0 --key-dir {}/none",
        prb.folder.path().display()
    );
    let mut command = prb.command(&words);
    command.env("REDIS_ENDPOINT", redis.url());
    let mut service = Service::spawn(&prb, "queue", command);
    let at = service.says("where it is", |line| {
        Some(line.split_once("the queue is at http://")?.1.trim().to_owned())
    });

    let page = get(&at, "/");
    assert_eq!(page.code, 200);
    shows(
        &page,
        &[
            "add worker 0xf1f1f1…f1f1 to pool 7",
            "start worker 0x515151…5151",
            "10000 PHA",
            "the chain refused it: &lt;script&gt;",
            "in block 4711",
            "0xe1e1e1…e1e1",
            ">sent<",
            "<b>1</b>failed",
            "<b>1</b>succeeded",
            "1.5000 PHA",
            "the balance is low",
        ],
    );
    let one = get(&at, &format!("/jobs/{}", jobs.failed));
    shows(&one, &["UnauthorizedPoolOwner", "The caller is not &lt;the&gt; owner", "ADD_WORKER"]);
    assert_eq!(get(&at, "/jobs/none").code, 404);

    let in_json = |words: &str, code| {
        let said = prb.run(&format!("queue {words} --json --redis {}", redis.url()));
        assert_eq!(said.status.code(), Some(code), "{words}: {said:?}");
    };
    for words in ["list", "stats", &format!("show {}", jobs.failed)] {
        in_json(words, 0);
    }

    let foreign = ask(&at, "POST /retry-failed", &[JSON, ("Origin", "http://evil.example")], "{}");
    assert_eq!(foreign.code, 403);
    let unsure = ask(&at, "POST /retry-failed", &[], "{}");
    assert_eq!(unsure.code, 415);
    let state = async |id: &JobId| queue.job(id).await.unwrap().map(|record| record.state);
    assert_eq!(state(&jobs.failed).await, Some(JobState::Failed));

    let said = post(&at, "/retry", &json!({ "ids": [jobs.failed] })).json();
    assert_eq!(said["said"], "1 job put back");
    assert_eq!(state(&jobs.failed).await, Some(JobState::Waiting));
    let again = post(&at, "/retry", &json!({ "ids": [jobs.failed, jobs.succeeded] }));
    assert_eq!(again.code, 409);
    assert!(again.json()["error"]["message"].as_str().unwrap().contains("has not failed"));
    let all = post(&at, "/retry-failed", &json!({})).json();
    assert_eq!(all["said"], "0 jobs put back");

    let said = post(&at, "/remove", &json!({ "ids": [jobs.waiting, jobs.succeeded] })).json();
    assert_eq!(said["said"], "2 jobs removed");
    assert_eq!(state(&jobs.waiting).await, None);
    assert_eq!(post(&at, "/remove", &json!({ "ids": [jobs.active] })).code, 409);
    assert_eq!(post(&at, "/remove", &json!({ "ids": [] })).code, 400);

    in_json(&format!("retry {}", jobs.active), 1);
    in_json(&format!("remove {}", jobs.failed), 0);
    in_json("retry-failed", 0);
    in_json("clear succeeded", 0);

    queue.close().await;
    redis.kill();
    let said = || get(&at, "/").body.contains("Nothing is known now").then_some(());
    assert!(eventually(LONG, said).is_some(), "{:?}", get(&at, "/"));
    service.stop();
}
