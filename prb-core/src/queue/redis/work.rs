//! Adding jobs, and what their holder does with them.

use std::time::Duration;

use futures::FutureExt;
use serde::Serialize;

use super::entry::Entry;
use super::gather::Part;
use super::mover::Claimed;
use super::shared::{Shared, now_ms};
use crate::error::ErrorClass;
use crate::queue::job::{Failure, Job, JobId, JobState, Outcome, Progress, SentExtrinsic};
use crate::queue::wire::{self, WireError};
use crate::queue::{QueueError, ReservedJob};

/// An event as the field's programs publish it, with who does.
#[derive(Serialize)]
struct Event<'a, T> {
    by: &'a str,
    data: &'a T,
    #[serde(rename = "event")]
    name: &'static str,
    id: &'a str,
}

impl Shared {
    pub(super) async fn enqueue(&self, id: JobId, job: &Job) -> Result<JobId, QueueError> {
        let data = wire::encode(job, &self.config.key);
        let limit = self.config.max_job_bytes;
        if data.len() > limit {
            return Err(QueueError::TooLarge { bytes: data.len(), limit });
        }
        let entry = Entry::new(data, now_ms())
            .map_err(|reason| QueueError::Malformed { id: id.clone(), reason })?;
        let part = Part::default().arg(&id.0).arg(entry.encode(&id)?);
        if self.enqueues.ask(self, part).await? < 0 {
            return Err(QueueError::Full { limit: self.config.max_unfinished });
        }
        self.commands.has_room();
        self.tell(&id, JobState::Waiting, None);
        Ok(id)
    }

    /// Answers for a job from now on; one that nobody can do is failed.
    pub(super) async fn take_up(
        &self,
        mut claimed: Claimed,
    ) -> Result<Option<ReservedJob>, QueueError> {
        claimed.take_up();
        let id = claimed.id.clone();
        let read = self.read(&claimed.entry, claimed.bytes);
        let (entry, job) = match read {
            Ok(entry) => {
                let job =
                    wire::decode(entry.data(), &self.config.key, self.config.accept_unsigned_jobs);
                (entry, job)
            }
            Err(error) => (Entry::unreadable(now_ms()), Err(error)),
        };
        let notes = entry.notes().clone();
        self.held().insert(id.clone(), entry);
        match job {
            Ok(job) => {
                self.tell(&id, JobState::Active, None);
                Ok(Some(ReservedJob { id, job, attempts: notes.attempts, sent: notes.sent }))
            }
            // In memory of its own: it is rare.
            Err(error) => self.refuse(&id, &error).boxed().await.map(|()| None),
        }
    }

    /// Fails a job that nobody can do.
    async fn refuse(&self, id: &JobId, error: &WireError) -> Result<(), QueueError> {
        tracing::warn!(job = %id, %error, "job refused");
        let failure = Failure::new(error.to_string(), ErrorClass::Permanent);
        let failed = self.fail(id, failure, None).await;
        // Nobody else knows of it: if it is not failed now it is found to be stalled.
        self.held().remove(id);
        match failed {
            Ok(()) | Err(QueueError::NotReserved { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The job in `bytes`, unless there are too many of them.
    pub(super) fn read(&self, entry: &[u8], bytes: usize) -> Result<Entry, WireError> {
        let limit = self.config.max_job_bytes;
        if bytes > self.max_entry_bytes() {
            return Err(WireError::TooLarge { bytes, limit });
        }
        let entry = Entry::decode(entry)?;
        match entry.data().len() {
            bytes if bytes > limit => Err(WireError::TooLarge { bytes, limit }),
            _ => Ok(entry),
        }
    }

    pub(super) async fn progress(&self, id: &JobId, progress: Progress) -> Result<(), QueueError> {
        self.entry(id)?;
        let word = serde_json::to_value(progress).unwrap_or_default();
        let mut script = self.scripts.progress();
        script.arg(&self.owner).arg(&id.0).arg(word.as_str().unwrap_or_default());
        script.arg(self.event(id, "progress", &word)?);
        let known: i64 = self.commands.insist_script(&script, self.config.patience).await?;
        self.still_held(id, known != 0)?;
        self.tell(id, JobState::Active, Some(progress));
        Ok(())
    }

    pub(super) async fn mark_sent(
        &self,
        sent: Vec<(JobId, SentExtrinsic)>,
    ) -> Result<(), QueueError> {
        if sent.is_empty() {
            return Ok(());
        }
        let mut script = self.scripts.mark();
        script.arg(&self.owner);
        let mut entries = Vec::with_capacity(sent.len());
        for (id, sent) in sent {
            let mut entry = self.entry(&id)?;
            entry.note_sent(sent);
            script.arg(&id.0).arg(entry.encode(&id)?);
            entries.push((id, entry));
        }
        let unknown: usize = self.commands.insist_script(&script, self.config.patience).await?;
        if let Some((id, _)) = unknown.checked_sub(1).and_then(|at| entries.get(at)) {
            return self.still_held(id, false);
        }
        self.held().extend(entries);
        Ok(())
    }

    pub(super) async fn release(&self, id: &JobId, after: Duration) -> Result<(), QueueError> {
        self.entry(id)?;
        let mut script = self.scripts.release();
        script.arg(&self.owner).arg(&id.0).arg(after.as_millis() as u64);
        let known: i64 = self.commands.insist_script(&script, self.config.patience).await?;
        self.still_held(id, known != 0)?;
        self.held().remove(id);
        let state = if after.is_zero() { JobState::Waiting } else { JobState::Delayed };
        self.tell(id, state, None);
        Ok(())
    }

    pub(super) async fn succeed(&self, id: &JobId, outcome: Outcome) -> Result<(), QueueError> {
        let mut entry = self.entry(id)?;
        let event = self.event(id, "succeeded", &outcome)?;
        entry.succeed(outcome);
        self.finish(id, &entry, "succeeded", event, Duration::ZERO).await?;
        self.tell(id, JobState::Succeeded, None);
        Ok(())
    }

    pub(super) async fn fail(
        &self,
        id: &JobId,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> Result<(), QueueError> {
        let mut entry = self.entry(id)?;
        let (word, state) = match retry_after {
            None => ("failed", JobState::Failed),
            Some(_) => ("retrying", JobState::Delayed),
        };
        let event = self.event(id, word, &failure.reason)?;
        entry.fail(failure, retry_after.is_none());
        self.finish(id, &entry, word, event, retry_after.unwrap_or_default()).await?;
        self.tell(id, state, None);
        Ok(())
    }

    async fn finish(
        &self,
        id: &JobId,
        entry: &Entry,
        word: &str,
        event: Vec<u8>,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let part = Part::default().arg(&id.0).arg(entry.encode(id)?).arg(word).arg(event);
        let part = part.arg(delay.as_millis() as u64);
        let known = self.finishes.ask(self, part).await?;
        self.still_held(id, known != 0)?;
        self.held().remove(id);
        Ok(())
    }

    /// A job this handle has reserved.
    fn entry(&self, id: &JobId) -> Result<Entry, QueueError> {
        let entry = self.held().get(id).cloned();
        entry.ok_or_else(|| QueueError::NotReserved { id: id.clone() })
    }

    /// A job that was taken away is no longer answered for.
    fn still_held(&self, id: &JobId, held: bool) -> Result<(), QueueError> {
        if held {
            return Ok(());
        }
        self.held().remove(id);
        Err(QueueError::NotReserved { id: id.clone() })
    }

    /// What everybody on the queue is told.
    fn event(
        &self,
        id: &JobId,
        name: &'static str,
        data: &impl Serialize,
    ) -> Result<Vec<u8>, QueueError> {
        serde_json::to_vec(&Event { by: &self.owner, data, name, id: &id.0 })
            .map_err(|error| QueueError::Malformed { id: id.clone(), reason: error.to_string() })
    }
}
