//! Jobs as version 3 shows its transactions.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::Result;
use prb_core::queue::{JobQueue, JobRecord, JobState};
use serde_json::{Value, json};

/// Most jobs of each kind.
const MOST: usize = 100;

/// What runs, what waits, and what has ended of late.
pub(super) async fn status(queue: &dyn JobQueue) -> Result<Value> {
    let counts = queue.counts().await?;
    let mut pending = queue.list(JobState::Waiting, MOST).await?;
    pending.extend(queue.list(JobState::Delayed, MOST).await?);
    let mut past = queue.list(JobState::Succeeded, MOST).await?;
    past.extend(queue.list(JobState::Failed, MOST).await?);
    let running = queue.list(JobState::Active, MOST).await?;
    let shown = |jobs: &[JobRecord]| jobs.iter().map(transaction).collect::<Vec<_>>();
    Ok(json!({
        "tx_count": counts.waiting + counts.active + counts.delayed + counts.succeeded + counts.failed,
        "running_txs": shown(&running),
        "pending_txs": shown(&pending),
        "past_txs": shown(&past),
    }))
}

/// A time in Unix milliseconds, in words.
fn at(milliseconds: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(milliseconds)).to_string()
}

fn transaction(record: &JobRecord) -> Value {
    let created = at(record.created_at);
    let state = match (record.state, &record.failure) {
        (JobState::Waiting | JobState::Delayed, _) => json!("Pending"),
        (JobState::Active, _) => json!("Running"),
        (JobState::Failed, failure) => json!({ "Error": {
            "updated_at": created,
            "message": failure.as_ref().map_or("", |failure| failure.reason.as_str()),
        } }),
        (_, _) => json!({ "Success": { "updated_at": created } }),
    };
    let (pid, desc) = match &record.job {
        Ok(job) => (Some(job.pid), job.action.name().to_owned()),
        Err(error) => (None, error.to_string()),
    };
    json!({ "id": record.id.0, "state": state, "pid": pid, "created_at": created, "desc": desc })
}
