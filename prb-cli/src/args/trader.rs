//! `prb run trader`.

use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use super::{DataDirArgs, ParaArgs, RedisArgs, ServingArgs};

/// A trader as a process of its own.
#[derive(Clone, Debug, Args)]
pub struct TraderArgs {
    /// Its folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// Where its jobs come from.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// Take jobs without a signature, as version 2 and other programs leave them: whoever reaches
    /// Redis then decides what is signed.
    #[arg(long, env = "PRB_ACCEPT_UNSIGNED_JOBS", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new(), help_heading = "Queue")]
    pub accept_unsigned_jobs: bool,
    /// How it trades.
    #[command(flatten)]
    pub trading: TradingArgs,
    /// How it is reached and watched.
    #[command(flatten)]
    pub serving: ServingArgs,
}

/// How a trader trades.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Trading")]
pub struct TradingArgs {
    /// Longest wait of a call for others to share its extrinsic, in milliseconds: one block.
    #[arg(long, value_name = "MS", env = "PRB_TRADER_BATCH_AGE", default_value_t = 12_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(10..=600_000))]
    pub batch_age: u64,
}

impl TradingArgs {
    /// Longest wait of a call for others.
    pub fn batch_age(&self) -> Duration {
        Duration::from_millis(self.batch_age)
    }
}
