//! `prb run lifecycle`.

use std::net::SocketAddr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use url::Url;

use super::{DataDirArgs, NoticeArgs, ParaArgs, RedisArgs, ServingArgs, SyncArgs, TradingArgs};

/// A lifecycle manager as a process of its own.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("para_endpoints", |nodes| {
    nodes.required(false).required_unless_present("config_mode")
}))]
pub struct LifecycleArgs {
    /// Its folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// How it keeps workers.
    #[command(flatten)]
    pub managing: ManagingArgs,
    /// Trade in this process, or leave it to a trader with the same Redis and identity. Without
    /// this, it trades if it has a queue of its own.
    #[arg(long, value_name = "BOOL", env = "USE_BUILT_IN_TRADER", action = ArgAction::Set)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub built_in_trader: Option<bool>,
    /// How it is reached and watched.
    #[command(flatten)]
    pub serving: ServingArgs,
    /// One line of JSON on standard output for each change; logs go to standard error.
    #[arg(long)]
    pub json: bool,
}

/// How a manager keeps workers.
#[derive(Clone, Debug, Args)]
pub struct ManagingArgs {
    /// What it does with workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// How it talks to workers and data providers, and what it keeps of that.
    #[command(flatten)]
    pub sync: SyncArgs,
    /// The queue; without one in Redis it has one of its own.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// How the built-in trader trades.
    #[command(flatten)]
    pub trading: TradingArgs,
    /// Who is told of workers in trouble.
    #[command(flatten)]
    pub notices: NoticeArgs,
    /// Where the routes of version 3's worker manager are served, for its monitor and scripts;
    /// nowhere without this. Whoever reaches them may change everything.
    #[arg(long, value_name = "ADDR", env = "PRB_V3_LISTEN", help_heading = "Watching")]
    pub v3_listen: Option<SocketAddr>,
}

/// What a fresh worker begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Start {
    /// The newest state that the data provider keeps, if the worker takes it
    Kept,
    /// The genesis, as one must that is to become a gatekeeper
    Genesis,
}

/// What a manager does with workers.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Workers")]
pub struct WorkerArgs {
    /// Start and register workers without attestation; only development chains take them.
    #[arg(long, env = "PHALA_DEV_SKIP_RA", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub skip_attestation: bool,

    /// Caching service (PCCS) with what the chain needs beside the quotes of workers that attest by
    /// DCAP.
    #[arg(long, value_name = "URL", env = "PCCS_URL", hide_env_values = true)]
    #[arg(default_value = "https://pccs.phala.network/sgx/certification/v4/")]
    pub pccs_url: Url,

    /// Most seconds for one of the four requests to it.
    #[arg(long, value_name = "SECONDS", env = "PCCS_TIMEOUT", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    pub pccs_timeout: u64,

    /// Keep pools and workers and answer, and do nothing else: no worker is called, and neither nodes
    /// nor data providers need be there.
    #[arg(long, env = "PHALA_LIFECYCLE_CONFIG_MODE", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub config_mode: bool,

    /// Keep all workers in sync and do nothing else.
    #[arg(long, env = "PHALA_SYNC_ONLY", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub sync_only: bool,

    /// What fresh workers begin with.
    #[arg(long, value_enum, value_name = "STATE", env = "PRB_START_FROM")]
    #[arg(default_value = "kept")]
    pub start_from: Start,

    /// Smallest score that a worker may compute with, where enforced.
    #[arg(long, value_name = "SCORE", env = "PHALA_MIN_BENCH_SCORE", default_value_t = 50)]
    pub min_bench_score: u32,

    /// Enforce --min-bench-score.
    #[arg(long, env = "PHALA_ENFORCE_MIN_BENCH_SCORE", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub enforce_min_bench_score: bool,
}
