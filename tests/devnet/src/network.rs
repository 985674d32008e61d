//! The embedded network: both chains, produced together and served like two archive nodes.
//!
//! ```no_run
//! # async fn run() -> Result<(), prb_devnet::network::NetworkError> {
//! use prb_devnet::network::{Network, NetworkConfig};
//!
//! let network = Network::builder(NetworkConfig::default()).build()?.start().await?;
//! println!("parachain at {}, relay chain at {}", network.para_url(), network.relay_url());
//! network.shutdown().await
//! # }
//! ```

mod chains;
mod config;
mod driver;
mod error;
mod faults;
mod handle;
mod history;
mod producer;
mod schedule;
mod traffic;

pub use chains::{Chains, Heights};
pub use config::{Bulk, ConfigError, NetworkConfig, Traffic};
pub use error::NetworkError;
pub use faults::Faults;
pub use handle::{NetworkHandle, NodeHandle};
pub use history::HistoryBuilder;
pub use producer::ProduceError;

/// A network that is configured but has neither ports nor blocks yet.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
}

/// Checks a configuration.
#[derive(Debug)]
pub struct NetworkBuilder {
    config: NetworkConfig,
}

impl Network {
    /// Begins with a configuration.
    pub fn builder(config: NetworkConfig) -> NetworkBuilder {
        NetworkBuilder { config }
    }

    /// Takes the ports, makes the history, serves both chains and goes on making blocks.
    ///
    /// Returns once clients are answered.
    pub async fn start(self) -> Result<NetworkHandle, NetworkError> {
        handle::start(self.config).await
    }
}

impl NetworkBuilder {
    /// The network, if the configuration makes sense. Nothing is started.
    pub fn build(self) -> Result<Network, ConfigError> {
        self.config.check()?;
        Ok(Network { config: self.config })
    }
}
