//! `prb trader`.

use clap::{Args, Subcommand};

use super::{ParaArgs, QueueReachArgs, RedisArgs};

/// `prb trader`.
#[derive(Clone, Debug, Args)]
pub struct TraderQueryArgs {
    /// What to ask.
    #[command(subcommand)]
    pub command: TraderCommand,
}

/// What can be asked about trading.
#[derive(Clone, Debug, Subcommand)]
pub enum TraderCommand {
    /// Show the accounts that traders sign with: balance, nonce, what is pending, and what each
    /// may do for the account it is a proxy of.
    Accounts {
        /// Where traders publish it.
        #[command(flatten)]
        redis: RedisArgs,
        /// Answer as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell what would come of a job, without sending it: a node executes it on the newest state
    /// and forgets it.
    DryRun {
        /// The job's id.
        job: String,
        /// Who executes it.
        #[command(flatten)]
        para: ParaArgs,
        /// Which queue.
        #[command(flatten)]
        reach: QueueReachArgs,
    },
}
