//! `prb queue`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::RedisArgs;

/// `prb queue`.
#[derive(Clone, Debug, Args)]
pub struct QueueArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: QueueCommand,
}

/// What can be done with the queue.
#[derive(Clone, Debug, Subcommand)]
pub enum QueueCommand {
    /// List the newest jobs.
    List {
        /// Jobs in this state only.
        #[arg(value_name = "STATE")]
        state: Option<State>,
        /// Most jobs of each state.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Show all of one job: what it asks for, where it stands, and the result of each call.
    Show {
        /// The job's id.
        job: String,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Put failed jobs back in the queue.
    Retry {
        /// The jobs' ids.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Put all failed jobs back in the queue.
    RetryFailed {
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Forget jobs that nobody works on.
    Remove {
        /// The jobs' ids.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Forget all jobs of a state. Managers ask again for what the chain still lacks.
    Clear {
        /// Jobs in this state.
        #[arg(value_name = "STATE")]
        state: State,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
    /// Count the jobs in each state.
    Stats {
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// To be done.
    Waiting,
    /// A trader works on it.
    Active,
    /// To be tried again later.
    Delayed,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
}

/// Which queue, and how to answer.
#[derive(Clone, Debug, Args)]
pub struct QueueReachArgs {
    /// Where it is.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// Folder of the lifecycle manager's identity key, which tells its jobs from others.
    #[arg(long, value_name = "DIR", env = "PHALA_PEER_ID_PREFIX")]
    #[arg(default_value = "/var/data/keys/id")]
    pub key_dir: PathBuf,
    /// Answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl QueueCommand {
    /// Which queue is meant.
    pub(crate) fn reach(&self) -> &QueueReachArgs {
        match self {
            Self::List { reach, .. }
            | Self::Show { reach, .. }
            | Self::Retry { reach, .. }
            | Self::RetryFailed { reach }
            | Self::Remove { reach, .. }
            | Self::Clear { reach, .. }
            | Self::Stats { reach } => reach,
        }
    }
}
