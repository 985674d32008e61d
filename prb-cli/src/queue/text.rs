//! Jobs as JSON, and as lines for people.

use std::fmt::Write as _;

use prb_core::queue::{JobKey, JobRecord, wire};
use serde_json::{Value, json};

use crate::view::text::single_line;

/// A job with all that is known of it.
pub(crate) fn job(record: &JobRecord) -> Value {
    // As others see it; the signature means nothing to people.
    let signed = record.asks().map(|job| wire::encode(job, &JobKey::random()));
    let asks: Value =
        signed.ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let refused = record.job.as_ref().err().map(ToString::to_string);
    json!({
        "id": record.id.0,
        "state": record.state,
        "action": asks["action"],
        "payload": asks["payload"],
        "refused": refused,
        "progress": record.progress,
        "attempts": record.attempts,
        "createdAt": record.created_at,
        "outcome": record.outcome,
        "failure": record.failure,
        "sent": record.sent,
    })
}

/// An answer for people.
pub(super) fn of(answer: &Value) -> String {
    let mut text = String::new();
    let jobs = answer["jobs"].as_array();
    for job in jobs.into_iter().flatten() {
        let _infallible = writeln!(text, "{}", line(job));
    }
    if jobs.is_some_and(Vec::is_empty) {
        text.push_str("no jobs\n");
    }
    if answer["job"].is_object() {
        // A job has more than a line can hold; its JSON is written to be read.
        let _infallible =
            writeln!(text, "{}", serde_json::to_string_pretty(&answer["job"]).unwrap_or_default());
    }
    for (name, count) in answer["stats"].as_object().into_iter().flatten() {
        let _infallible = writeln!(text, "{name:<10} {count}");
    }
    for what in ["retried", "removed"] {
        if let Some(count) = answer[what].as_u64() {
            let _infallible = writeln!(text, "{what} {count} jobs");
        }
    }
    text
}

fn line(job: &Value) -> String {
    let field = |value: &Value| single_line(value.as_str().unwrap_or("-"));
    let why = job["failure"]["reason"].as_str().or(job["refused"].as_str()).unwrap_or_default();
    let line = format!(
        "{:<9} {:<22} pool {:<6} {:<24} tried {}  {}",
        field(&job["state"]),
        field(&job["id"]),
        field(&job["payload"]["pid"]),
        field(&job["action"]),
        job["attempts"],
        single_line(why),
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_takes_a_line_with_what_went_wrong() {
        let failed = json!({
            "id": "a-1", "state": "failed", "action": "ADD_WORKER", "attempts": 1,
            "payload": { "pid": "7" }, "failure": { "reason": "the pool\u{1b} is gone\n" },
        });
        let refused = json!({ "id": "2", "state": "failed", "attempts": 0, "refused": "not JSON" });
        let text = of(&json!({ "jobs": [failed, refused] }));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("pool 7      ADD_WORKER               tried 1  the pool"), "{text}");
        assert!(text.lines().nth(1).unwrap().ends_with("tried 0  not JSON"), "{text}");
        assert_eq!(of(&json!({ "jobs": [] })), "no jobs\n");
        assert_eq!(of(&json!({ "stats": { "waiting": 3 } })), "waiting    3\n");
    }
}
