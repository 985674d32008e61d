//! `prb run all`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use prb_walkie::Multiaddr;
use prb_walkie::multiaddr::Protocol;

use super::{
    DataDirArgs, DataProviderArgs, LifecycleArgs, Listen, ManagingArgs, ParaArgs, ServingArgs,
    StoringArgs,
};

/// Data provider, lifecycle manager, trader, monitor and queue page in one process.
///
/// Each is a peer with a key of its own, as it is alone. Where they listen at a port that is named,
/// the data provider has that one, the manager the next, and the trader the one after.
#[derive(Clone, Debug, Args)]
pub struct AllArgs {
    /// Folder for all data; without this /var/data/0/prb for the data provider's and
    /// /var/data/prb for the others', where they are alone too.
    #[arg(long, value_name = "DIR", env = "PRB_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// What the data provider keeps and serves.
    #[command(flatten)]
    pub store: StoringArgs,
    /// How the manager keeps workers. It trades itself; without Redis its queue is one of its own.
    #[command(flatten)]
    pub managing: ManagingArgs,
    /// How they are reached and watched. The monitor may do everything.
    #[command(flatten)]
    pub serving: ServingArgs,
    /// Their pages.
    #[command(flatten)]
    pub pages: AllPagesArgs,
    /// One line of JSON on standard output for each change; logs go to standard error.
    #[arg(long)]
    pub json: bool,
}

/// Where pages are, and who may see them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Pages")]
pub struct AllPagesArgs {
    /// Where the monitor is, or off; without this on port 3000 of loopback, or where a password is
    /// asked for of all interfaces.
    #[arg(long, value_name = "ADDR", env = "PRB_MONITOR_LISTEN")]
    pub monitor_listen: Option<Listen>,
    /// File of the password that the monitor asks for.
    #[arg(long, value_name = "FILE", env = "PRB_MONITOR_PASSWORD_FILE")]
    pub monitor_password_file: Option<PathBuf>,
    /// Names the monitor may be reached by, by comma, besides addresses and this host's own name.
    /// With a password it may be reached by any.
    #[arg(long, value_name = "NAME", env = "PRB_MONITOR_HOSTS", value_delimiter = ',')]
    pub monitor_host: Vec<String>,
    /// Where the queue page is, or off; likewise on port 4567.
    #[arg(long, value_name = "ADDR", env = "PRB_QUEUE_PAGE_LISTEN")]
    pub queue_listen: Option<Listen>,
    /// File of the password that the queue page asks for.
    #[arg(long, value_name = "FILE", env = "PRB_QUEUE_PAGE_PASSWORD_FILE")]
    pub queue_password_file: Option<PathBuf>,
    /// Names the queue page may be reached by, likewise.
    #[arg(long, value_name = "NAME", env = "PRB_QUEUE_PAGE_HOSTS", value_delimiter = ',')]
    pub queue_host: Vec<String>,
}

/// Which of the services in one process, by its place among the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The data provider.
    Provider = 0,
    /// The lifecycle manager.
    Manager = 1,
    /// The trader.
    Trader = 2,
}

impl AllArgs {
    /// The data provider's own.
    pub(crate) fn provider(&self) -> DataProviderArgs {
        DataProviderArgs {
            data_dir: self.data_dir(),
            para: self.para.clone(),
            store: self.store.clone(),
            serving: self.serving.at(Place::Provider),
            json: self.json,
        }
    }

    /// The lifecycle manager's own, which trades itself.
    pub(crate) fn manager(&self) -> LifecycleArgs {
        LifecycleArgs {
            data_dir: self.data_dir(),
            para: self.para.clone(),
            managing: self.managing.clone(),
            built_in_trader: Some(true),
            serving: self.serving.at(Place::Manager),
            json: self.json,
        }
    }

    fn data_dir(&self) -> DataDirArgs {
        DataDirArgs { data_dir: self.data_dir.clone(), local_db_path: None }
    }
}

impl Place {
    /// The same address at its port.
    pub(super) fn of(self, address: &Multiaddr) -> Multiaddr {
        let further = |part| match part {
            Protocol::Tcp(port) => Protocol::Tcp(further_port(port, self as u16)),
            other => other,
        };
        address.iter().map(further).collect()
    }
}

fn further_port(port: u16, by: u16) -> u16 {
    // A free port is one for each anyway.
    if port == 0 { 0 } else { port.saturating_add(by) }
}

impl Listen {
    /// The same so many ports further, for another service of the process.
    pub(crate) fn further(self, by: u16) -> Self {
        match self {
            Self::Off => Self::Off,
            Self::At(address) => {
                let port = further_port(address.port(), by);
                Self::At(SocketAddr::new(address.ip(), port))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_port() {
        let address: Multiaddr = "/ip4/0.0.0.0/tcp/28888".parse().unwrap();
        assert_eq!(Place::Provider.of(&address), address);
        assert_eq!(Place::Trader.of(&address).to_string(), "/ip4/0.0.0.0/tcp/28890");
        let free: Multiaddr = "/ip6/::/tcp/0".parse().unwrap();
        assert_eq!(Place::Manager.of(&free), free);
        let at = |text: &str| text.parse::<Listen>().unwrap();
        assert_eq!(at("127.0.0.1:9461").further(1), at("127.0.0.1:9462"));
        assert_eq!(at("127.0.0.1:0").further(2), at("127.0.0.1:0"));
        assert_eq!(Listen::Off.further(2), Listen::Off);
    }
}
