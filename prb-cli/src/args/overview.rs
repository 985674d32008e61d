//! `prb status` and `prb top`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{DataDirArgs, DiscoveryArgs, ReachArgs, RedisArgs};

/// How a bridge is, on one screen: what is wrong first, then the chains, data providers, managers
/// with their workers by state, traders, queue and accounts.
///
/// The services of this host are asked over gRPC, all others are found among the peers. What is not
/// named, such as Redis, is not asked.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong; 3 something is, as the first lines say; 1 \
                        and 2 as for all commands."
)]
pub struct OverviewArgs {
    /// Answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// How long to look for peers, in seconds; 0 asks the services of this host alone.
    #[arg(long, value_name = "S", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=600))]
    pub wait: u64,
    /// How long each answer may take, in seconds. All are asked at once.
    #[arg(long, value_name = "S", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// How peers are found.
    #[command(flatten)]
    pub discovery: DiscoveryArgs,
    /// File of the key that peers of one operator share.
    #[arg(long, value_name = "FILE", env = "PRB_WALKIE_PSK_FILE")]
    pub psk_file: Option<PathBuf>,
    /// Folder of the services on this host.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The queue and the accounts.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// WebSocket addresses of parachain nodes that are to be looked at, by comma.
    #[arg(long = "para-endpoint", value_name = "URL", env = "PHALA_CHAIN_ENDPOINT")]
    #[arg(hide_env_values = true, value_delimiter = ',', help_heading = "Chains")]
    pub para_endpoints: Vec<String>,
    /// WebSocket addresses of relay chain nodes that are to be looked at, by comma.
    #[arg(long = "relay-endpoint", value_name = "URL", env = "PHALA_PARENT_CHAIN_ENDPOINT")]
    #[arg(hide_env_values = true, value_delimiter = ',', help_heading = "Chains")]
    pub relay_endpoints: Vec<String>,
}

impl OverviewArgs {
    /// How long to look for peers.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait)
    }

    /// How services are reached.
    pub fn reach(&self) -> ReachArgs {
        ReachArgs {
            discovery: self.discovery.clone(),
            psk_file: self.psk_file.clone(),
            data_dir: self.data_dir.clone(),
            grpc: None,
            timeout: self.timeout,
            json: self.json,
        }
    }
}

/// The same as prb status, again and again on a screen of its own, with how fast it gets on. Where
/// there is no terminal, one after the other.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// How long to wait before it is looked again, in seconds.
    #[arg(long, value_name = "S", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
    /// End after so many looks; without this when it is told to, as by Ctrl-C.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Whom to ask.
    #[command(flatten)]
    pub overview: OverviewArgs,
}

impl TopArgs {
    /// How long to wait before it is looked again.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval)
    }
}
