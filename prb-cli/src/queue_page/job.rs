//! A job as a row, and with all that is known of it.

use maud::{Markup, html};
use prb_core::queue::{CallOutcome, CallResult, JobRecord, JobState};

use super::words::{self, Words, shorten};
use crate::queue;
use crate::web::time::utc;

/// What a row shows, in order: what it is sorted by, and its name.
pub(super) const COLUMNS: [(&str, &str); 8] = [
    ("id", "Job"),
    ("state", "State"),
    ("does", "What it does"),
    ("amount", "Amount"),
    ("pool", "Pool"),
    ("tried", "Tried"),
    ("chain", "Extrinsic"),
    ("created", "Since"),
];

/// Whether a column is of numbers.
pub(super) fn is_number(key: &str) -> bool {
    matches!(key, "amount" | "pool" | "tried" | "created")
}

/// The id of its row.
pub(super) fn element(record: &JobRecord) -> String {
    format!("job-{}", record.id)
}

fn state(state: JobState) -> (&'static str, &'static str) {
    match state {
        JobState::Waiting => ("waiting", "idle"),
        JobState::Active => ("active", "busy"),
        JobState::Delayed => ("delayed", "busy"),
        JobState::Succeeded => ("succeeded", "good"),
        JobState::Failed => ("failed", "bad"),
    }
}

fn told(record: &JobRecord) -> (Words, String) {
    match record.asks() {
        Ok(job) => (words::of(job), job.pid.to_string()),
        Err(error) => {
            let does = format!("cannot be told: {error}");
            (Words { call: String::new(), does, amount: None }, String::new())
        }
    }
}

pub(super) fn row(record: &JobRecord) -> Markup {
    let (state, tone) = state(record.state);
    let (Words { call, does, amount }, pool) = told(record);
    let unfinished = matches!(record.state, JobState::Active | JobState::Delayed);
    let ids = serde_json::json!({ "ids": [record.id] });
    html! {
        tr #(element(record)) data-state=(state) {
            td { input type="checkbox" data-select value=(record.id) aria-label={ "Select job " (record.id) }; }
            td data-k="id" data-label="Job" { a.mono href={ "/jobs/" (record.id) } { (record.id) } }
            td data-k="state" data-label="State" {
                span class={ "tag " (tone) } { (state) }
                @if let (true, Some(progress)) = (unfinished, record.progress) {
                    div.soft.small { (words::progress(progress)) }
                }
            }
            td.text data-k="does" data-label="What it does" {
                span title=(does) { (shorten(&does)) }
                @if !call.is_empty() { div.soft.small { (call) } }
                @if let Some(reason) = reason(record) { div.wrong.small { (reason) } }
            }
            td.number data-k="amount" data-label="Amount" { @if let Some(amount) = amount { (amount) } }
            td.number data-k="pool" data-label="Pool" { (pool) }
            td.number data-k="tried" data-label="Tried" { (record.attempts) }
            td data-k="chain" data-label="Extrinsic" { (on_chain(record)) }
            td.number.small data-k="created" data-label="Since" data-v=(record.created_at) { (utc(record.created_at)) }
            td.acts {
                @if record.state == JobState::Failed {
                    button data-post="/retry" data-body=(ids) { "Retry" }
                    " "
                }
                @if record.state != JobState::Active {
                    button.danger data-post="/remove" data-body=(ids) { "Remove" }
                }
            }
        }
    }
}

/// Why it failed the last time, in a line.
fn reason(record: &JobRecord) -> Option<String> {
    if record.state == JobState::Succeeded {
        let calls = &record.outcome.as_ref()?.calls;
        let refused = calls.iter().filter(|it| !it.outcome.is_ok()).count();
        return (refused > 0).then(|| format!("{refused} of {} calls were refused", calls.len()));
    }
    record.failure.as_ref().map(|failure| failure.reason.clone())
}

fn on_chain(record: &JobRecord) -> Markup {
    let (hash, block) = match (&record.outcome, &record.sent) {
        (Some(outcome), _) => (&outcome.extrinsic_hash, Some(outcome.block_number)),
        (None, Some(sent)) => (&sent.hash, None),
        (None, None) => return html! {},
    };
    html! {
        span.mono title=(hash) { (shorten(hash)) }
        @if let Some(block) = block { div.soft.small { "in block " (block) } }
    }
}

/// All that is known of it.
pub(super) fn page(record: &JobRecord) -> Markup {
    let (state, tone) = state(record.state);
    let (Words { call, does, amount }, pool) = told(record);
    let ids = serde_json::json!({ "ids": [record.id] });
    let mut json = queue::job_as_json(record);
    if record.claimed.is_some() {
        // The page may not have the key by which its traders judge.
        json["refused"].take();
    }
    let json = serde_json::to_string_pretty(&json).unwrap_or_default();
    html! {
        h1 { "Job " (record.id) " " span class={ "tag " (tone) } { (state) } }
        section.card {
            dl {
                dt { "What it does" } dd { (does) }
                @if let Some(amount) = amount { dt { "Amount" } dd { (amount) } }
                @if !call.is_empty() { dt { "Call" } dd { (call) } }
                dt { "Pool" } dd { (pool) }
                dt { "Since" } dd { (utc(record.created_at)) " UTC" }
                dt { "Tried" } dd { (record.attempts) }
                @if let Some(progress) = record.progress { dt { "Progress" } dd { (words::progress(progress)) } }
                @if let Some(sent) = &record.sent {
                    dt { "Last sent in" } dd.mono { (sent.hash) }
                    dt { "Signed by" } dd.mono { (sent.signer) " with nonce " (sent.nonce) }
                }
                @if let Some(outcome) = &record.outcome {
                    dt { "Final in" } dd.mono { "block " (outcome.block_number) " " (outcome.block_hash) }
                    dt { "Extrinsic" } dd.mono { (outcome.extrinsic_hash) }
                }
            }
        }
        @if let Some(failure) = &record.failure {
            p.trouble { (failure.reason) }
        }
        @let of_outcome = record.outcome.as_ref().map(|it| it.calls.as_slice());
        @let of_failure = record.failure.as_ref().map(|it| it.calls.as_slice());
        @let calls = of_outcome.or(of_failure).unwrap_or_default();
        @if !calls.is_empty() {
            section.card { h2 { "Calls" } ul.plain { @for it in calls { li { (result(it)) } } } }
        }
        div.tools {
            @if record.state == JobState::Failed {
                button.main data-post="/retry" data-body=(ids) data-then="/" { "Retry" }
            }
            @if record.state != JobState::Active {
                button.danger data-post="/remove" data-body=(ids) data-then="/" { "Remove" }
            }
        }
        details.card { summary { "As it stands in the queue" } pre { (json) } }
    }
}

fn result(result: &CallResult) -> Markup {
    html! {
        (result.call) " "
        @match &result.outcome {
            CallOutcome::Ok => span.tag.good { "executed" },
            CallOutcome::Error { error, docs } => {
                span.tag.bad { "refused" } " " b { (error) } " " span.soft { (docs) }
            },
        }
    }
}
