//! Jobs that nobody can do, as any program with access to Redis may leave them.

use serde_json::{Value, json};

use super::*;
use crate::queue::conformance::job;
use crate::queue::wire;

/// A job's data, altered.
fn signed(change: impl FnOnce(&mut Value)) -> String {
    let mut data = serde_json::from_slice(&wire::encode(&job(7), &key())).unwrap();
    change(&mut data);
    entry(&data)
}

fn entry(data: &Value) -> String {
    json!({ "data": data, "options": {}, "status": "created", "progress": 0 }).to_string()
}

async fn leave(server: &Server, id: &str, entry: &str) {
    server.ask::<()>(&["HSET", "bq:prbmq__main:jobs", id, entry]).await;
    server.ask::<()>(&["LPUSH", "bq:prbmq__main:waiting", id]).await;
}

/// Leaves each of the jobs and a good one, which must be taken; the reasons of the bad ones.
async fn reasons(accept_unsigned_jobs: bool, bad: &[String]) -> Vec<String> {
    let server = Server::start().await;
    let queue = RedisQueue::open(RedisQueueConfig { accept_unsigned_jobs, ..config(&server) });
    let queue = queue.unwrap();
    for (at, entry) in bad.iter().enumerate() {
        leave(&server, &at.to_string(), entry).await;
    }
    leave(&server, "good", &signed(|_| {})).await;
    assert_eq!(take(&queue).await.id.0, "good");
    let mut reasons = Vec::new();
    for at in 0..bad.len() {
        let record = queue.job(&JobId(at.to_string())).await.unwrap().unwrap();
        assert_eq!(record.state, JobState::Failed);
        assert!(record.job.is_err());
        let failure = record.failure.unwrap();
        assert!(!failure.transient);
        reasons.push(failure.reason);
    }
    let counts = queue.counts().await.unwrap();
    let failed = bad.len() as u64;
    assert_eq!(counts, QueueCounts { active: 1, failed, ..QueueCounts::default() });
    reasons
}

#[tokio::test]
async fn they_are_failed_with_their_reason_and_hold_up_no_other() {
    let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let bad = [
        ("{", "not JSON"),
        (&entry(&json!(7)), "\"action\" is no string"),
        (&json!({ "options": {} }).to_string(), "missing field `data`"),
        (&signed(|data| data["mac"] = Value::Null), "signature is wrong"),
        (&signed(|data| data["mac"] = json!("0x00")), "signature is wrong"),
        (&signed(|data| data["payload"]["pid"] = json!("8")), "signature is wrong"),
        (
            &signed(|data| {
                data.as_object_mut().unwrap().remove("mac");
            }),
            "not signed",
        ),
        (
            &entry(&serde_json::from_slice(&wire::encode(&job(7), &JobKey::new([4; 32]))).unwrap()),
            "another identity",
        ),
        (&deep, "recursion limit"),
        (&signed(|data| data["payload"]["more"] = json!("0".repeat(10_000_000))), "more than the"),
    ];
    let entries: Vec<String> = bad.iter().map(|(entry, _)| (*entry).to_owned()).collect();
    for (reason, (_, expected)) in reasons(false, &entries).await.iter().zip(bad) {
        assert!(reason.contains(expected), "{reason}: {expected}");
    }
}

#[tokio::test]
async fn unsigned_ones_are_read_as_strictly() {
    let unsigned =
        |action: &str, payload: Value| entry(&json!({ "action": action, "payload": payload }));
    let key = format!("0x{}", "07".repeat(32));
    let bad = [
        (unsigned("DANCE", json!({ "pid": "1" })), "\"DANCE\" is unknown"),
        (unsigned("ADD_WORKER", json!({ "publicKey": key })), "no \"pid\""),
        (unsigned("ADD_WORKER", json!({ "pid": "1" })), "no \"publicKey\""),
        (unsigned("ADD_WORKER", json!({ "pid": "1", "publicKey": "0xzz" })), "no hex"),
        (unsigned("ADD_WORKER", json!({ "pid": "1", "publicKey": "0x07" })), "has 32"),
        (unsigned("ADD_WORKER", json!({ "pid": "-1", "publicKey": key })), "no number in range"),
        (unsigned("ADD_WORKER", json!({ "pid": 1.5, "publicKey": key })), "no number in range"),
        (unsigned("ADD_WORKER", json!({ "pid": [1], "publicKey": key })), "neither a number"),
        (unsigned("ADD_WORKER", json!("pid 1")), "\"payload\" is no object"),
        (
            entry(&json!({
                "action": "ADD_WORKER", "payload": { "pid": "1", "publicKey": key }, "mac": "0x01",
            })),
            "signature is wrong",
        ),
    ];
    let entries: Vec<String> = bad.iter().map(|(entry, _)| entry.clone()).collect();
    for (reason, (_, expected)) in reasons(true, &entries).await.iter().zip(bad) {
        assert!(reason.contains(expected), "{reason}: {expected}");
    }
}

#[tokio::test]
async fn a_pool_may_be_a_number_or_a_string() {
    let server = Server::start().await;
    let queue =
        RedisQueue::open(RedisQueueConfig { accept_unsigned_jobs: true, ..config(&server) });
    let queue = queue.unwrap();
    for (id, pid) in [("a", json!(7)), ("b", json!("7"))] {
        let payload = json!({ "pid": pid, "publicKey": format!("0x{}", "07".repeat(32)) });
        leave(&server, id, &entry(&json!({ "action": "ADD_WORKER", "payload": payload }))).await;
        let taken = take(&queue).await;
        assert_eq!((taken.id.0.as_str(), taken.job), (id, job(7)));
    }
}

#[tokio::test]
async fn an_id_without_a_job_is_let_go() {
    let server = Server::start().await;
    let queue = open(&server);
    server.ask::<()>(&["LPUSH", "bq:prbmq__main:waiting", "gone"]).await;
    let id = queue.enqueue(job(1)).await.unwrap();
    assert_eq!(take(&queue).await.id, id);
    queue.succeed(&id, outcome()).await.unwrap();
    assert!(queue.reserve(Duration::ZERO).await.unwrap().is_none());
    let counts = queue.counts().await.unwrap();
    assert_eq!(counts, QueueCounts { succeeded: 1, ..QueueCounts::default() });
}

#[tokio::test]
async fn keys_of_another_program_are_for_the_operator() {
    use crate::error::{Classify, ErrorClass};
    let server = Server::start().await;
    server.ask::<()>(&["SET", "bq:prbmq__main:waiting", "mine"]).await;
    let error = open(&server).enqueue(job(1)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Operator, "{error}");
}
