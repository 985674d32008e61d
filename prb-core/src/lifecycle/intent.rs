//! Something asked of the queue for a worker, followed until the chain shows its effect.
//!
//! One intent of a kind is open at a time. Whether it is still needed is read from the chain; what
//! the queue says only tells when it makes sense to look, or to ask again.

use crate::queue::{CallOutcome, JobId, JobRecord, JobState, Outcome};

use super::machine::Millis;

/// Jobs that the queue does not know any more are asked for again after this long.
const LOST_AFTER: Millis = 60_000;

/// Something asked of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent<T> {
    /// What was asked.
    pub(crate) what: T,
    /// The job that asks for it.
    pub(crate) job: JobId,
    /// When it was put in the queue.
    put_at: Millis,
    /// How often it was asked for before.
    tries: u32,
    /// When it was first seen to have ended.
    ended_at: Option<Millis>,
}

/// What became of a job, as far as the queue knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for a trader.
    Waiting,
    /// A trader has it.
    Underway,
    /// Its calls are in a finalized block.
    Finalized {
        /// The block.
        block: u32,
        /// What the first call that was refused says.
        error: Option<String>,
    },
    /// It came to no finalized block, or to one that executed nothing.
    Failed(String),
    /// The queue does not know it.
    Lost,
}

impl Fate {
    /// Reads the queue's record.
    pub(crate) fn of(record: Option<&JobRecord>) -> Self {
        let Some(record) = record else { return Self::Lost };
        match (record.state, &record.outcome) {
            (JobState::Waiting | JobState::Delayed, _) => Self::Waiting,
            (JobState::Active, _) => Self::Underway,
            (JobState::Succeeded, Some(outcome)) => {
                Self::Finalized { block: outcome.block_number, error: first_error(outcome) }
            }
            (JobState::Succeeded, None) => Self::Lost,
            (JobState::Failed, _) => {
                let failure = record.failure.as_ref();
                Self::Failed(failure.map_or_else(String::new, |failure| failure.reason.clone()))
            }
        }
    }
}

impl Fate {
    /// Whether it ended in a block up to `seen`.
    pub(crate) fn is_over(&self, seen: u32) -> bool {
        matches!(self, Self::Finalized { block, .. } if *block <= seen)
    }
}

fn first_error(outcome: &Outcome) -> Option<String> {
    outcome.calls.iter().find_map(|call| match &call.outcome {
        CallOutcome::Ok => None,
        CallOutcome::Error { error, docs } if docs.is_empty() => {
            Some(format!("{}: {error}", call.call))
        }
        CallOutcome::Error { error, docs } => Some(format!("{}: {error} ({docs})", call.call)),
    })
}

/// Whether to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Put it in the queue; it was asked for this often before.
    Now {
        /// Tries before.
        tries: u32,
    },
    /// Not now.
    Later {
        /// For a person.
        text: String,
        /// It failed before, more than once.
        failing: bool,
    },
}

/// How long to wait before something that failed is asked for again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// After the first failure; doubles.
    pub(crate) first: Millis,
    /// At most.
    pub(crate) longest: Millis,
}

impl Patience {
    fn after(&self, tries: u32) -> Millis {
        self.first.saturating_mul(1 << tries.min(20)).min(self.longest)
    }
}

impl<T: Eq> Intent<T> {
    /// An intent that was just put in the queue as `job`.
    pub(crate) fn new(what: T, job: JobId, tries: u32, now: Millis) -> Self {
        Self { what, job, put_at: now, tries, ended_at: None }
    }

    /// Whether to ask for `what`, which the chain shows to be needed in block `seen`.
    ///
    /// `open` is the last intent of the kind with its fate.
    pub(crate) fn ask(
        open: Option<(&mut Self, &Fate)>,
        what: &T,
        seen: u32,
        now: Millis,
        patience: &Patience,
    ) -> Ask {
        let Some((open, fate)) = open.filter(|(open, _)| open.what == *what) else {
            return Ask::Now { tries: 0 };
        };
        let job = &open.job;
        let why = match fate {
            Fate::Waiting => return open.later(format!("job {job} waits for a trader")),
            Fate::Underway => return open.later(format!("job {job} is being sent")),
            Fate::Finalized { block, .. } if *block > seen => {
                let text = format!("done in block {block}, which is not looked at yet");
                return open.later(text);
            }
            Fate::Lost if now < open.put_at + LOST_AFTER => {
                return open.later(format!("job {job} is not known to the queue"));
            }
            Fate::Lost => return Ask::Now { tries: open.tries },
            Fate::Finalized { error: Some(error), .. } | Fate::Failed(error) => error.clone(),
            Fate::Finalized { block, error: None } => {
                format!("done in block {block}, but the chain does not show it")
            }
        };
        let ended_at = *open.ended_at.get_or_insert(now);
        let again_at = ended_at + patience.after(open.tries);
        if now >= again_at {
            return Ask::Now { tries: open.tries + 1 };
        }
        open.later(format!("{why}; tried again in {} s", (again_at - now).div_ceil(1000)))
    }

    fn later(&self, text: String) -> Ask {
        Ask::Later { text, failing: self.tries > 0 }
    }
}

#[cfg(test)]
mod tests;
