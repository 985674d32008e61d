//! `prb monitor`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use prb_walkie::Multiaddr;

/// Pages and a JSON proxy, for all services that can be found.
#[derive(Clone, Debug, Args)]
pub struct MonitorArgs {
    /// Where it listens; without this on loopback, or where a password is asked for on all
    /// interfaces.
    #[arg(long, value_name = "ADDR", env = "PRB_MONITOR_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// On which port, without --listen.
    #[arg(long, value_name = "PORT", env = "PORT", default_value_t = 3000)]
    pub port: u16,

    /// File of the password that it asks for.
    #[arg(long, value_name = "FILE", env = "PRB_MONITOR_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// Names it may be reached by, by comma, besides addresses and this host's own name. With a
    /// password it may be reached by any.
    #[arg(long, value_name = "NAME", env = "PRB_MONITOR_HOSTS", value_delimiter = ',')]
    pub host: Vec<String>,

    /// Multiaddresses of peers to begin with, by comma.
    #[arg(long = "boot-node", value_name = "ADDR", env = "PTP_BOOT_NODES", value_delimiter = ',')]
    #[arg(help_heading = "Peers")]
    pub boot_nodes: Vec<String>,

    /// Multiaddresses to listen on for peers, by comma; none is needed to find them.
    #[arg(long = "walkie-listen", value_name = "ADDR", env = "PTP_LISTEN_ADDRESSES")]
    #[arg(value_delimiter = ',', help_heading = "Peers")]
    pub walkie_listen: Vec<Multiaddr>,

    /// Look for no peers by multicast.
    #[arg(long, env = "PHALA_WALKIE_DISABLE_MDNS_DISCOVERY", action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new(), help_heading = "Peers")]
    pub no_mdns: bool,

    /// File of the key that peers of one operator share; services let in who knows it.
    #[arg(long, value_name = "FILE", env = "PRB_WALKIE_PSK_FILE", help_heading = "Access")]
    pub psk_file: Option<PathBuf>,
}
