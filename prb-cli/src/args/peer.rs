//! `prb peer`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DataDirArgs, DiscoveryArgs};

/// `prb peer`.
#[derive(Clone, Debug, Args)]
pub struct PeerArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PeerCommand,
}

/// What can be done with peers.
#[derive(Clone, Debug, Subcommand)]
pub enum PeerCommand {
    /// List the services that can be found.
    List(ListArgs),
    /// Show who a service is, and how it is.
    Info(InfoArgs),
    /// Call a method of a service.
    Call(CallArgs),
    /// Print the OpenAPI document of the methods, as services serve it at /api/openapi.json.
    Describe,
}

/// `prb peer list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// How long to look for peers, in seconds.
    #[arg(long, value_name = "S", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    pub wait: u64,
    /// How to reach them.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `prb peer info`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// Whom: data-provider, lifecycle, trader, a peer id, or a multiaddress.
    pub peer: String,
    /// How to reach it.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `prb peer call`.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// Whom: data-provider, lifecycle, trader, a peer id, or a multiaddress.
    pub peer: String,
    /// The method, such as ListPool.
    pub method: String,
    /// The request; - reads it from standard input, where secrets belong.
    #[arg(value_name = "JSON", default_value = "{}")]
    pub request: String,
    /// How to reach it.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// How services are reached. One of this host, named by its role, is reached over gRPC with the
/// token in its data folder; others are found among the peers.
#[derive(Clone, Debug, Args)]
pub struct ReachArgs {
    /// How peers are found.
    #[command(flatten)]
    pub discovery: DiscoveryArgs,
    /// File of the key that peers of one operator share.
    #[arg(long, value_name = "FILE", env = "PRB_WALKIE_PSK_FILE")]
    pub psk_file: Option<PathBuf>,
    /// Folder of the service on this host.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// Where the service on this host serves gRPC, instead of what its folder says.
    #[arg(long, value_name = "ADDR")]
    pub grpc: Option<SocketAddr>,
    /// How long finding the peer, and its answer, may take each, in seconds.
    #[arg(long, value_name = "S", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl ReachArgs {
    /// How long finding the peer, and its answer, may take each.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}
