//! The jobs of a queue as a plain value, fed with time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::record::Record;
use crate::queue::QueueError;
use crate::queue::job::{Failure, JobId, JobState, Outcome, Progress, QueueCounts, SentExtrinsic};

#[cfg(test)]
mod tests;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_unfinished: usize,
    pub(super) keep_succeeded: usize,
    pub(super) keep_failed: usize,
}

/// All jobs, ordered within each state.
#[derive(Debug)]
pub(super) struct Jobs {
    limits: Limits,
    records: BTreeMap<u64, Record>,
    /// (place, id) of the jobs in each state: the first of a state is the next one.
    order: [BTreeSet<(u64, u64)>; 5],
    next_id: u64,
    next_place: u64,
    /// Ids whose record is not yet written, or not yet removed, where it is kept.
    unwritten: BTreeSet<u64>,
}

/// Places begin here, so that a released job finds room before all others.
const FIRST_PLACE: u64 = 1 << 62;

impl Jobs {
    /// The jobs found in a store; active ones become the first waiting ones.
    pub(super) fn restore(limits: Limits, records: BTreeMap<u64, Record>) -> Self {
        let last_place = records
            .values()
            .filter(|record| record.state != JobState::Delayed)
            .map(|record| record.place)
            .max();
        let next_id = records.last_key_value().map_or(1, |(id, _)| id + 1);
        let mut order = <[BTreeSet<_>; 5]>::default();
        for (id, record) in &records {
            order[record.state as usize].insert((record.place, *id));
        }
        let mut jobs = Self {
            limits,
            records,
            order,
            next_id,
            next_place: last_place.map_or(FIRST_PLACE, |place| place + 1),
            unwritten: BTreeSet::new(),
        };
        let stalled = jobs.ids(JobState::Active);
        for id in stalled.into_iter().rev() {
            let place = jobs.place_before_all();
            jobs.update(id, |record| {
                record.state = JobState::Waiting;
                record.place = place;
            });
        }
        jobs
    }

    /// Adds a job at the end.
    pub(super) fn add(&mut self, data: Vec<u8>, now: u64) -> Result<JobId, QueueError> {
        let unfinished = self.count(JobState::Waiting)
            + self.count(JobState::Delayed)
            + self.count(JobState::Active);
        if unfinished >= self.limits.max_unfinished {
            return Err(QueueError::Full { limit: self.limits.max_unfinished });
        }
        let id = self.next_id;
        self.next_id += 1;
        let record = Record::waiting(data, self.place_after_all(), now);
        self.order[JobState::Waiting as usize].insert((record.place, id));
        self.records.insert(id, record);
        self.unwritten.insert(id);
        Ok(JobId(id.to_string()))
    }

    /// Makes delayed jobs wait whose time has come.
    pub(super) fn raise(&mut self, now: u64) {
        while let Some((_, id)) = self.first(JobState::Delayed).filter(|(due, _)| *due <= now) {
            self.set_waiting(id);
        }
    }

    /// When the next delayed job is due, in Unix milliseconds.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.first(JobState::Delayed).map(|(due, _)| due)
    }

    /// Whether a job can be taken.
    pub(super) fn has_waiting(&self) -> bool {
        self.first(JobState::Waiting).is_some()
    }

    /// Takes the first waiting job.
    pub(super) fn take(&mut self) -> Option<(JobId, Record)> {
        let (_, id) = self.first(JobState::Waiting)?;
        let place = self.place_after_all();
        self.update(id, |record| {
            record.state = JobState::Active;
            record.place = place;
            record.progress = None;
        });
        Some((JobId(id.to_string()), self.records.get(&id)?.clone()))
    }

    /// Notes how far an active job has come.
    pub(super) fn progress(&mut self, id: &JobId, progress: Progress) -> Result<(), QueueError> {
        let active = self.active(id)?;
        self.update(active, |record| record.progress = Some(progress));
        Ok(())
    }

    /// Notes the extrinsic that carries an active job.
    pub(super) fn sent(&mut self, id: &JobId, sent: SentExtrinsic) -> Result<(), QueueError> {
        let active = self.active(id)?;
        self.update(active, |record| record.sent = Some(sent));
        Ok(())
    }

    /// Puts an active job back: before all others, or delayed.
    pub(super) fn release(
        &mut self,
        id: &JobId,
        after: Duration,
        now: u64,
    ) -> Result<JobState, QueueError> {
        let active = self.active(id)?;
        if after.is_zero() {
            let place = self.place_before_all();
            self.update(active, |record| {
                record.state = JobState::Waiting;
                record.place = place;
            });
            return Ok(JobState::Waiting);
        }
        self.delay(active, after, now);
        Ok(JobState::Delayed)
    }

    /// Ends an active job well.
    pub(super) fn succeed(&mut self, id: &JobId, outcome: Outcome) -> Result<(), QueueError> {
        let active = self.active(id)?;
        let place = self.place_after_all();
        self.update(active, |record| {
            record.state = JobState::Succeeded;
            record.place = place;
            record.progress = Some(Progress::Finished);
            record.attempts += 1;
            record.outcome = Some(outcome);
            record.failure = None;
        });
        self.forget_oldest(JobState::Succeeded, self.limits.keep_succeeded);
        Ok(())
    }

    /// Ends an active job badly, or delays it.
    pub(super) fn fail(
        &mut self,
        id: &JobId,
        failure: Failure,
        retry_after: Option<Duration>,
        now: u64,
    ) -> Result<JobState, QueueError> {
        let active = self.active(id)?;
        self.update(active, |record| {
            record.attempts += 1;
            record.failure = Some(failure);
            record.sent = None;
        });
        if let Some(after) = retry_after {
            self.update(active, |record| record.progress = Some(Progress::ShouldRetry));
            self.delay(active, after, now);
            return Ok(JobState::Delayed);
        }
        let place = self.place_after_all();
        self.update(active, |record| {
            record.state = JobState::Failed;
            record.place = place;
            record.progress = Some(Progress::Failed);
        });
        self.forget_oldest(JobState::Failed, self.limits.keep_failed);
        Ok(JobState::Failed)
    }

    /// One job.
    pub(super) fn get(&self, id: &JobId) -> Option<&Record> {
        self.records.get(&number(id)?)
    }

    /// The newest jobs of a state, newest first.
    pub(super) fn newest(&self, state: JobState, limit: usize) -> Vec<(JobId, Record)> {
        let mut ids = self.ids(state);
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let newest = ids.into_iter().take(limit);
        newest
            .filter_map(|id| Some((JobId(id.to_string()), self.records.get(&id)?.clone())))
            .collect()
    }

    /// How many jobs are in each state.
    pub(super) fn counts(&self) -> QueueCounts {
        let count = |state| self.count(state) as u64;
        QueueCounts {
            waiting: count(JobState::Waiting),
            active: count(JobState::Active),
            delayed: count(JobState::Delayed),
            succeeded: count(JobState::Succeeded),
            failed: count(JobState::Failed),
        }
    }

    /// Forgets a job that is not active.
    pub(super) fn remove(&mut self, id: &JobId) -> bool {
        let Some(number) = number(id) else { return false };
        match self.records.get(&number) {
            Some(record) if record.state != JobState::Active => {
                self.forget(number);
                true
            }
            _ => false,
        }
    }

    /// Puts a failed job at the end of the waiting ones.
    pub(super) fn retry(&mut self, id: &JobId) -> bool {
        let failed = |id: &u64| self.records.get(id).is_some_and(|r| r.state == JobState::Failed);
        let Some(number) = number(id).filter(failed) else { return false };
        self.update(number, |record| record.attempts = 0);
        self.set_waiting(number);
        true
    }

    /// Puts all failed jobs at the end of the waiting ones, the oldest first.
    pub(super) fn retry_failed(&mut self) -> Vec<JobId> {
        let failed = self.ids(JobState::Failed).into_iter().map(|id| JobId(id.to_string()));
        failed.filter(|id| self.retry(id)).collect()
    }

    /// What must be written since the last call: a record, or `None` where it is gone.
    pub(super) fn drain_unwritten(&mut self) -> Vec<(u64, Option<&Record>)> {
        let ids = std::mem::take(&mut self.unwritten);
        ids.into_iter().map(|id| (id, self.records.get(&id))).collect()
    }

    fn set_waiting(&mut self, id: u64) {
        let place = self.place_after_all();
        self.update(id, |record| {
            record.state = JobState::Waiting;
            record.place = place;
        });
    }

    fn delay(&mut self, id: u64, after: Duration, now: u64) {
        let due = now.saturating_add(after.as_millis() as u64);
        self.update(id, |record| {
            record.state = JobState::Delayed;
            record.place = due;
        });
    }

    fn update(&mut self, id: u64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(&id) {
            self.order[record.state as usize].remove(&(record.place, id));
            change(record);
            self.order[record.state as usize].insert((record.place, id));
            self.unwritten.insert(id);
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(record) = self.records.remove(&id) {
            self.order[record.state as usize].remove(&(record.place, id));
            self.unwritten.insert(id);
        }
    }

    fn forget_oldest(&mut self, state: JobState, keep: usize) {
        while self.count(state) > keep {
            let Some((_, id)) = self.first(state) else { return };
            self.forget(id);
        }
    }

    fn active(&self, id: &JobId) -> Result<u64, QueueError> {
        let active = |id: &u64| self.records.get(id).is_some_and(|r| r.state == JobState::Active);
        number(id).filter(active).ok_or_else(|| QueueError::NotReserved { id: id.clone() })
    }

    fn ids(&self, state: JobState) -> Vec<u64> {
        self.order[state as usize].iter().map(|(_, id)| *id).collect()
    }

    fn first(&self, state: JobState) -> Option<(u64, u64)> {
        self.order[state as usize].first().copied()
    }

    fn count(&self, state: JobState) -> usize {
        self.order[state as usize].len()
    }

    fn place_after_all(&mut self) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        place
    }

    fn place_before_all(&self) -> u64 {
        self.first(JobState::Waiting).map_or(FIRST_PLACE, |(place, _)| place.min(FIRST_PLACE)) - 1
    }
}

fn number(id: &JobId) -> Option<u64> {
    id.0.parse().ok()
}
