//! A service's place among its peers.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use prb_walkie::access::Mode;
use prb_walkie::{Multiaddr, PeerId};

use super::Listen;

/// Who the service is, where it listens, and how it finds its peers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Peers")]
pub struct WalkieArgs {
    /// Folder of the identity keys; they are made if absent. Back them up.
    #[arg(long, value_name = "DIR", env = "PHALA_PEER_ID_PREFIX")]
    #[arg(default_value = "/var/data/keys/id")]
    pub key_dir: PathBuf,

    /// Multiaddresses to listen on, by comma.
    #[arg(long = "walkie-listen", value_name = "ADDR", env = "PHALA_WALKIE_LISTEN_ADDRESSES")]
    #[arg(value_delimiter = ',', default_value = "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0")]
    pub listen: Vec<Multiaddr>,

    /// How other services are found.
    #[command(flatten)]
    pub discovery: DiscoveryArgs,

    /// Take peers of every namespace for ours.
    #[arg(long, env = "PHALA_PTP_IGNORE_BRIDGE_IDENTITY", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub ignore_bridge_identity: bool,

    /// The namespace: peers of another one are ignored.
    #[arg(long, value_name = "NAME", env = "PHALA_BRIDGE_IDENTITY", default_value = "default")]
    pub bridge_identity: String,
}

/// How peers are found.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Peers")]
pub struct DiscoveryArgs {
    /// Multiaddresses of peers to begin with, by comma.
    #[arg(long = "boot-node", value_name = "ADDR", env = "PHALA_WALKIE_BOOT_NODES")]
    #[arg(value_delimiter = ',')]
    pub boot_nodes: Vec<String>,

    /// Look for no peers by multicast.
    #[arg(long, env = "PHALA_WALKIE_DISABLE_MDNS_DISCOVERY", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub no_mdns: bool,
}

/// Who may call what.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// What peers without a grant may do: closed, read or open.
    #[arg(long, value_name = "MODE", env = "PRB_WALKIE_ACCESS", default_value = "closed")]
    pub access: Mode,

    /// File of the key that peers of one operator share; who proves to know it has a grant.
    #[arg(long, value_name = "FILE", env = "PRB_WALKIE_PSK_FILE")]
    pub psk_file: Option<PathBuf>,

    /// Ids of peers that have a grant anyway, by comma.
    #[arg(long, value_name = "PEER", env = "PRB_WALKIE_WHITE_LIST", value_delimiter = ',')]
    pub white_list: Vec<PeerId>,
}

/// The same service over gRPC.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Access")]
pub struct GrpcArgs {
    /// Where gRPC is served, or off; loopback on the service's usual port without this.
    #[arg(long, value_name = "ADDR", env = "PRB_GRPC_LISTEN")]
    pub grpc_listen: Option<Listen>,

    /// Certificate chain in PEM; gRPC is then served over TLS.
    #[arg(long, value_name = "FILE", env = "PRB_GRPC_TLS_CERT", requires = "grpc_tls_key")]
    pub grpc_tls_cert: Option<PathBuf>,

    /// The certificate's private key in PEM.
    #[arg(long, value_name = "FILE", env = "PRB_GRPC_TLS_KEY", requires = "grpc_tls_cert")]
    pub grpc_tls_key: Option<PathBuf>,
}
