//! `prb queue`: what stands in the queue, and a person's wishes about it.

use std::path::Path;

use prb_core::queue::{JobId, JobKey, JobQueue, JobState, RedisQueue, RedisQueueConfig};
use prb_walkie::identity::{Identity, IdentityError, Name};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{QueueCommand, State};
use crate::logging::{self, Log, Target};
use crate::{output, process};

mod text;

pub(crate) use text::job as job_as_json;

/// Jobs looked for in one step of clearing.
const PAGE: usize = 500;

/// `prb queue`.
pub(crate) fn run(command: &QueueCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    let url = command.reach().redis.needed_by("prb queue")?;
    process::block_on(async {
        let queue = open(&command.reach().key_dir, &url)?;
        let answer = act(&queue, command).await;
        queue.close().await;
        let (answer, unmet) = answer?;
        output::answer(command.reach().json, &answer, &text::of(&answer))?;
        if unmet.is_empty() { Ok(()) } else { Err(Failure::Unmet(unmet)) }
    })
}

/// Jobs are looked at also where the identity that signed them is not: they are then shown as
/// another's.
pub(crate) fn open(key_dir: &Path, url: &str) -> Result<RedisQueue, Failure> {
    let key = match Identity::load(key_dir, Name::Lifecycle) {
        Ok(identity) => JobKey::new(*identity.mac_key("job")),
        Err(IdentityError::Missing { .. }) => JobKey::random(),
        Err(error) => return Err(error.into()),
    };
    let config = RedisQueueConfig::new(url.to_owned(), key);
    Ok(RedisQueue::open(RedisQueueConfig { accept_unsigned_jobs: true, ..config })?)
}

/// The answer, and what could not be done.
async fn act(queue: &RedisQueue, command: &QueueCommand) -> Result<(Value, Vec<String>), Failure> {
    let mut unmet = Vec::new();
    let answer = match command {
        QueueCommand::List { state, limit, .. } => {
            let states = state.map_or_else(|| State::ALL.to_vec(), |state| vec![state]);
            let mut jobs = Vec::new();
            for state in states {
                let records = queue.list(state.into(), *limit).await?;
                jobs.extend(records.iter().map(text::job));
            }
            json!({ "jobs": jobs })
        }
        QueueCommand::Show { job, .. } => match queue.job(&JobId(job.clone())).await? {
            Some(record) => json!({ "job": text::job(&record) }),
            None => return Err(Failure::Unmet(vec![format!("job {job} is not known")])),
        },
        QueueCommand::Retry { jobs, .. } => {
            let mut retried = Vec::new();
            for job in jobs {
                if queue.retry(&JobId(job.clone())).await? {
                    retried.push(job);
                } else {
                    unmet.push(format!("job {job} has not failed, or is not known"));
                }
            }
            json!({ "retried": retried.len() })
        }
        QueueCommand::RetryFailed { .. } => json!({ "retried": queue.retry_failed().await? }),
        QueueCommand::Remove { jobs, .. } => {
            let mut removed = 0;
            for job in jobs {
                if queue.remove(&JobId(job.clone())).await? {
                    removed += 1;
                } else {
                    unmet.push(format!("job {job} is being worked on, or is not known"));
                }
            }
            json!({ "removed": removed })
        }
        QueueCommand::Clear { state: State::Active, .. } => {
            return Err(Failure::Usage("jobs that are worked on cannot be cleared".into()));
        }
        QueueCommand::Clear { state, .. } => json!({ "removed": clear(queue, *state).await? }),
        QueueCommand::Stats { .. } => json!({ "stats": queue.counts().await? }),
    };
    Ok((answer, unmet))
}

/// Removes all jobs that are in this state now; how many.
async fn clear(queue: &RedisQueue, state: State) -> Result<usize, Failure> {
    let mut removed = 0;
    loop {
        let mut progressed = false;
        for record in queue.list(state.into(), PAGE).await? {
            if queue.remove(&record.id).await? {
                removed += 1;
                progressed = true;
            }
        }
        if !progressed {
            return Ok(removed);
        }
    }
}

impl State {
    const ALL: [Self; 5] =
        [Self::Waiting, Self::Active, Self::Delayed, Self::Succeeded, Self::Failed];
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Active => Self::Active,
            State::Delayed => Self::Delayed,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
        }
    }
}
