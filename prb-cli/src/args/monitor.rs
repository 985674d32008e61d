//! `prb monitor`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use prb_walkie::Multiaddr;

use super::PagesArgs;
use super::pages::PageNames;

const NAMES: PageNames = PageNames {
    listen: "PRB_MONITOR_LISTEN",
    port: ("PORT", "3000"),
    password_file: "PRB_MONITOR_PASSWORD_FILE",
    host: "PRB_MONITOR_HOSTS",
};

/// Pages and a JSON proxy, for all services that can be found.
#[derive(Clone, Debug, Args)]
#[command(mut_args(|arg| NAMES.put(arg)))]
pub struct MonitorArgs {
    /// Where the pages are, and who may see them.
    #[command(flatten)]
    pub pages: PagesArgs,

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
