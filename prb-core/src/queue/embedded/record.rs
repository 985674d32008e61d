//! What is kept of a job.

use serde::{Deserialize, Serialize};

use crate::queue::job::{
    Failure, Job, JobId, JobRecord, JobState, Outcome, Progress, SentExtrinsic,
};
use crate::queue::wire::{self, WireError};

/// One job as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The signed job.
    #[serde(with = "text")]
    pub(super) data: Vec<u8>,
    pub(super) state: JobState,
    /// Its place among the jobs of its state: for delayed jobs the time in Unix milliseconds when
    /// they are due, for others a number that grows.
    pub(super) place: u64,
    pub(super) progress: Option<Progress>,
    pub(super) attempts: u32,
    /// Unix milliseconds.
    pub(super) created_at: u64,
    pub(super) outcome: Option<Outcome>,
    pub(super) failure: Option<Failure>,
    pub(super) sent: Option<SentExtrinsic>,
}

impl Record {
    /// A new job.
    pub(super) fn waiting(data: Vec<u8>, place: u64, created_at: u64) -> Self {
        Self {
            data,
            state: JobState::Waiting,
            place,
            progress: None,
            attempts: 0,
            created_at,
            outcome: None,
            failure: None,
            sent: None,
        }
    }

    /// The record as others see it.
    pub(super) fn into_job_record(self, id: JobId, job: Result<Job, WireError>) -> JobRecord {
        JobRecord {
            id,
            claimed: job.as_ref().err().and_then(|_| wire::claimed(&self.data).ok()),
            job,
            state: self.state,
            progress: self.progress,
            attempts: self.attempts,
            created_at: self.created_at,
            outcome: self.outcome,
            failure: self.failure,
            sent: self.sent,
        }
    }
}

/// A job is JSON, so it is kept as text.
mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ptr_arg, reason = "serde hands over the field's own type")]
    pub(super) fn serialize<S: Serializer>(data: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&String::from_utf8_lossy(data))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(from).map(String::into_bytes)
    }
}
