//! Settings of a data provider.

use std::path::PathBuf;
use std::time::Duration;

use crate::chain::{ChainClientConfig, Endpoint};
use crate::error::{Classify, ErrorClass};
use crate::store::StoreConfig;

/// How storage changes are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyState {
    /// Replayed into a trie of our own, against each header's state root. Holds the parachain's
    /// whole state in memory, as every pRuntime does.
    Full,
    /// Only decoded. Headers are still verified; what is wrong shows at the first worker.
    Off,
}

/// Settings of a data provider.
#[derive(Clone, Debug)]
pub struct DataProviderConfig {
    /// Folder of the store; made if needed.
    pub data_dir: PathBuf,
    /// Nodes of the relay chain.
    pub relay: ChainClientConfig,
    /// Nodes of the parachain.
    pub para: ChainClientConfig,
    /// The parachain's id, if it is to be checked; it is read from the chain.
    pub para_id: Option<u32>,
    /// Keep of the parachain only its state near the tip and what comes after it, for workers that
    /// load a state: a new store is of use after hours instead of days. Of a store that has begun
    /// already nothing changes.
    pub light: bool,
    /// How storage changes are verified.
    pub verify_state: VerifyState,
    /// A full state is kept every so many parachain blocks, to go on from after a restart.
    pub state_interval: u32,
    /// Layout and memory of the store.
    pub store: StoreConfig,
    /// Most gets that wait for something to come; further ones are answered at once.
    pub max_waiting: usize,
    /// Announced port of the blob server; 0 if there is none.
    pub blob_server_port: u16,
    /// How often every node is looked at.
    pub health_interval: Duration,
    /// Nothing new for so long is a problem worth saying: relay chains finalize every few seconds.
    pub stall_after: Duration,
    /// Longest orderly stop.
    pub shutdown_timeout: Duration,
}

impl DataProviderConfig {
    /// The defaults for a folder, one relay chain node and one parachain node.
    pub fn new(data_dir: impl Into<PathBuf>, relay: &str, para: &str) -> Self {
        Self {
            data_dir: data_dir.into(),
            relay: ChainClientConfig::new([Endpoint::new(relay)]),
            para: ChainClientConfig::new([Endpoint::new(para)]),
            para_id: None,
            light: false,
            verify_state: VerifyState::Full,
            state_interval: 20_000,
            store: StoreConfig::default(),
            max_waiting: 4096,
            blob_server_port: 0,
            health_interval: Duration::from_secs(10),
            stall_after: Duration::from_mins(1),
            shutdown_timeout: Duration::from_secs(10),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |setting, reason| Err(ConfigError { setting, reason });
        // Whoever only serves asks no node.
        let ingests = !self.store.read_only;
        if ingests && self.relay.endpoints.is_empty() {
            return invalid("relay", "names no node");
        }
        if ingests && self.para.endpoints.is_empty() {
            return invalid("para", "names no node");
        }
        if self.state_interval == 0 {
            return invalid("state_interval", "must not be 0");
        }
        if self.health_interval.is_zero() {
            return invalid("health_interval", "must not be 0");
        }
        if self.store.headers_per_unit == 0 || self.store.blocks_per_unit == 0 {
            return invalid("store", "units must not be empty");
        }
        if !(1..=22).contains(&self.store.compression_level) {
            return invalid("store.compression_level", "is not between 1 and 22");
        }
        Ok(())
    }
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {setting} {reason}")]
pub struct ConfigError {
    /// Its name.
    pub setting: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Classify for ConfigError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Operator
    }
}
