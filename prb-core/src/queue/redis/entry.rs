//! A job as it stands in Redis: bee-queue's JSON, with what prb knows more among its options.
//!
//! `{"data": …, "options": {"timestamp": 1, "stacktraces": [], "prb": {…}}, "status": "created",
//! "progress": 0}`. Other programs pass options on as they are, and `data` is never re-encoded.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::queue::QueueError;
use crate::queue::job::{Failure, JobId, JobRecord, JobState, Outcome, Progress, SentExtrinsic};
use crate::queue::wire::{self, JobKey, WireError};

/// How many reasons of failures stay with a job.
const KEPT_REASONS: usize = 10;

/// One job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    data: Box<RawValue>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    status: String,
    #[serde(default)]
    progress: Value,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Options {
    /// Unix milliseconds.
    #[serde(default)]
    timestamp: u64,
    /// Why it failed, the last time first.
    #[serde(default)]
    stacktraces: Vec<Value>,
    #[serde(default)]
    prb: Notes,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What only prb knows of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Notes {
    #[serde(default)]
    pub(super) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<SentExtrinsic>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
}

impl Entry {
    /// A new job of JSON `data`.
    pub(super) fn new(data: Vec<u8>, now_ms: u64) -> Result<Self, String> {
        let data = String::from_utf8(data).map_err(|error| error.to_string())?;
        let data = RawValue::from_string(data).map_err(|error| error.to_string())?;
        let options = Options { timestamp: now_ms, ..Options::default() };
        let status = "created".to_owned();
        Ok(Self { data, options, status, progress: Value::from(0) })
    }

    /// Stands for a job that cannot be read, so that it can be failed where everybody sees it.
    pub(super) fn unreadable(now_ms: u64) -> Self {
        let options = Options { timestamp: now_ms, ..Options::default() };
        let (data, status) = (RawValue::NULL.to_owned(), "created".to_owned());
        Self { data, options, status, progress: Value::from(0) }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        serde_json::from_slice(bytes).map_err(|error| WireError::Json { reason: error.to_string() })
    }

    pub(super) fn encode(&self, id: &JobId) -> Result<Vec<u8>, QueueError> {
        serde_json::to_vec(self)
            .map_err(|error| QueueError::Malformed { id: id.clone(), reason: error.to_string() })
    }

    pub(super) fn data(&self) -> &[u8] {
        self.data.get().as_bytes()
    }

    pub(super) fn notes(&self) -> &Notes {
        &self.options.prb
    }

    pub(super) fn note_sent(&mut self, sent: SentExtrinsic) {
        self.options.prb.sent = Some(sent);
    }

    /// It ended well.
    pub(super) fn succeed(&mut self, outcome: Outcome) {
        self.set("succeeded", Progress::Finished);
        let notes = &mut self.options.prb;
        notes.attempts = notes.attempts.saturating_add(1);
        notes.outcome = Some(outcome);
        notes.failure = None;
    }

    /// It failed, for good or until it is retried.
    pub(super) fn fail(&mut self, failure: Failure, is_final: bool) {
        if is_final {
            self.set("failed", Progress::Failed);
        } else {
            self.set("retrying", Progress::ShouldRetry);
        }
        self.options.stacktraces.insert(0, Value::from(failure.reason.clone()));
        self.options.stacktraces.truncate(KEPT_REASONS);
        let notes = &mut self.options.prb;
        notes.attempts = notes.attempts.saturating_add(1);
        notes.sent = None;
        notes.failure = Some(failure);
    }

    /// A person wants it tried again.
    pub(super) fn retry(&mut self) {
        "created".clone_into(&mut self.status);
        self.options.prb.attempts = 0;
    }

    fn set(&mut self, status: &str, progress: Progress) {
        status.clone_into(&mut self.status);
        self.progress = serde_json::to_value(progress).unwrap_or_default();
    }

    /// The job as others see it.
    pub(super) fn into_record(
        self,
        id: JobId,
        state: JobState,
        key: &JobKey,
        accept_unsigned: bool,
    ) -> JobRecord {
        let job = wire::decode(self.data(), key, accept_unsigned);
        let claimed = job.as_ref().err().and_then(|_| wire::claimed(self.data()).ok());
        let said = self.options.stacktraces.first().and_then(Value::as_str);
        let said = said.filter(|_| state == JobState::Failed).map(|reason| Failure {
            reason: reason.to_owned(),
            transient: false,
            calls: Vec::new(),
        });
        let notes = self.options.prb;
        JobRecord {
            id,
            job,
            claimed,
            state,
            progress: serde_json::from_value(self.progress).ok(),
            attempts: notes.attempts,
            created_at: self.options.timestamp,
            outcome: notes.outcome,
            failure: notes.failure.or(said),
            sent: notes.sent,
        }
    }
}
