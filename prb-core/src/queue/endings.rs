//! Waiting for jobs to end, where the end can be heard before the job's id is known.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::job::{JobEvent, JobId, JobState};

/// How long and how many ends of unknown jobs are kept.
const MOMENT: Duration = Duration::from_secs(10);
const MOST: usize = 4_096;

/// The jobs whose end is awaited.
///
/// A consumer can be done with a job, and say so, before the call that enqueued it has returned.
/// So the ends of unknown jobs are kept for a moment.
///
/// ```
/// # use std::time::Instant;
/// # use prb_core::queue::{Endings, JobEvent, JobId, JobState};
/// let mut endings = Endings::default();
/// let (now, id) = (Instant::now(), JobId("7".to_owned()));
/// let event = JobEvent { id: id.clone(), state: JobState::Succeeded, progress: None };
/// assert_eq!(endings.heard(event, now), None);
/// assert_eq!(endings.enqueued(id, now), Some(JobState::Succeeded));
/// ```
#[derive(Debug, Default)]
pub struct Endings {
    awaited: HashSet<JobId>,
    early: VecDeque<(Instant, JobId, JobState)>,
}

impl Endings {
    /// A job was enqueued; how it ended if it has already. Otherwise it is awaited.
    pub fn enqueued(&mut self, id: JobId, now: Instant) -> Option<JobState> {
        self.forget(now);
        // Almost always among the last ones.
        if let Some(at) = self.early.iter().rposition(|(_, early, _)| *early == id) {
            return self.early.remove(at).map(|(_, _, state)| state);
        }
        self.awaited.insert(id);
        None
    }

    /// Something happened; the awaited job that it ended.
    pub fn heard(&mut self, event: JobEvent, now: Instant) -> Option<(JobId, JobState)> {
        if !matches!(event.state, JobState::Succeeded | JobState::Failed) {
            return None;
        }
        if self.awaited.remove(&event.id) {
            return Some((event.id, event.state));
        }
        self.forget(now);
        self.early.push_back((now, event.id, event.state));
        None
    }

    /// The jobs that have not ended, for looking at them when events were missed.
    pub fn awaited(&self) -> impl ExactSizeIterator<Item = &JobId> {
        self.awaited.iter()
    }

    fn forget(&mut self, now: Instant) {
        let old = |(at, _, _): &(Instant, _, _)| now.saturating_duration_since(*at) > MOMENT;
        while self.early.len() >= MOST || self.early.front().is_some_and(old) {
            self.early.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(id: usize, state: JobState) -> JobEvent {
        JobEvent { id: JobId(id.to_string()), state, progress: None }
    }

    #[test]
    fn an_awaited_job_ends_once() {
        let (mut endings, now) = (Endings::default(), Instant::now());
        assert_eq!(endings.enqueued(JobId("1".to_owned()), now), None);
        assert_eq!(endings.heard(ended(1, JobState::Active), now), None);
        assert_eq!(endings.awaited().len(), 1);
        let heard = endings.heard(ended(1, JobState::Failed), now);
        assert_eq!(heard, Some((JobId("1".to_owned()), JobState::Failed)));
        assert_eq!(endings.awaited().len(), 0);
        assert_eq!(endings.heard(ended(1, JobState::Failed), now), None);
    }

    #[test]
    fn ends_of_strangers_jobs_are_kept_for_a_moment_only() {
        let (mut endings, now) = (Endings::default(), Instant::now());
        for id in 0..MOST * 2 {
            assert_eq!(endings.heard(ended(id, JobState::Succeeded), now), None);
        }
        assert_eq!(endings.early.len(), MOST);
        let last = JobId((MOST * 2 - 1).to_string());
        assert_eq!(endings.enqueued(last, now), Some(JobState::Succeeded));
        let later = now + MOMENT + Duration::from_secs(1);
        assert_eq!(endings.enqueued(JobId((MOST * 2 - 2).to_string()), later), None);
        assert!(endings.early.is_empty());
    }
}
