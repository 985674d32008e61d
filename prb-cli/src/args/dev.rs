//! `prb run --dev`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Listen;

/// The whole bridge on the embedded network, in one process.
#[derive(Clone, Debug, Args)]
pub struct DevArgs {
    /// Run everything on an embedded network: chains, workers, and the bridge between them.
    #[arg(long)]
    pub dev: bool,

    /// How many workers to run.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "dev")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub workers: u16,

    /// How many parachain blocks to make before the bridge starts.
    #[arg(long, value_name = "BLOCKS", default_value_t = 100, requires = "dev")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub history: u32,

    /// Time between parachain blocks, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000, requires = "dev")]
    #[arg(value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub block_time: u64,

    /// Stop once this is reached: exit code 0 if it was, 1 with the reasons if time ran out.
    #[arg(long, value_enum, value_name = "GOAL", requires = "dev")]
    pub until: Option<Goal>,

    /// How long to wait for the goal of --until, in seconds.
    #[arg(long, value_name = "S", default_value_t = 300, requires = "until")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,

    /// One line of JSON on standard output for each change, also on a terminal.
    #[arg(long, requires = "dev")]
    pub json: bool,

    /// Where the monitor is, or off; on port 3000 of loopback without this, or on a free one if
    /// that is busy. With --until there are no pages.
    #[arg(long, value_name = "ADDR", requires = "dev", conflicts_with = "until")]
    pub monitor_listen: Option<Listen>,

    /// Where the queue page is, or off; likewise on port 4567.
    #[arg(long, value_name = "ADDR", requires = "dev", conflicts_with = "until")]
    pub queue_listen: Option<Listen>,

    /// Folder for all data, absent or empty; without it a temporary one, removed at the end.
    #[arg(long, value_name = "DIR", requires = "dev")]
    pub data_dir: Option<PathBuf>,
}

/// What `--until` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Goal {
    /// Every worker is computing on chain.
    Computing,
}

impl DevArgs {
    /// Time between parachain blocks.
    pub fn block_time(&self) -> Duration {
        Duration::from_millis(self.block_time)
    }

    /// How long to wait for the goal.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}
