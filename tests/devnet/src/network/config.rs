//! What an embedded network is made of.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use prb_devnet_runtime::para;
use prb_devnet_runtime::relay::AuthorityKeys;

use crate::rpc::ServerLimits;

/// Default port of the parachain's node.
const PARA_PORT: u16 = 9944;
/// Default port of the relay chain's node.
const RELAY_PORT: u16 = 9945;
/// Below this a machine spends its time on blocks alone.
const MIN_BLOCK_TIME: Duration = Duration::from_millis(50);
/// As many as Kusama and Polkadot have at most.
const MAX_AUTHORITIES: usize = 1000;

/// Settings of an embedded network.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Decides all keys: authorities, authors, traffic. The same seed, [`genesis_time`] and history
    /// give the same blocks.
    ///
    /// [`genesis_time`]: Self::genesis_time
    pub seed: u64,
    /// Time between relay blocks, from 50 ms.
    pub relay_block_time: Duration,
    /// A parachain block is made with every so manieth relay block, from 1.
    pub relay_blocks_per_para_block: u32,
    /// The GRANDPA authorities change every so many relay blocks; 0: on demand only.
    pub session_blocks: u32,
    /// GRANDPA authorities, 1 to 1,000.
    pub authorities: usize,
    /// Relay blocks by which finality is behind the best block.
    pub finality_lag: u32,
    /// Relay blocks made before the network is served.
    pub history: u32,
    /// Transactions in the history's parachain blocks; without it they hold inherents alone.
    pub traffic: Option<Traffic>,
    /// Parachain blocks of the history that write many bytes at once.
    pub bulk: Option<Bulk>,
    /// Time of the relay genesis in ms since 1970; without it the history ends about now.
    pub genesis_time: Option<u64>,
    /// Under which keys the relay chain keeps its authority list.
    pub authority_keys: AuthorityKeys,
    /// The parachain's first state.
    pub genesis: para::GenesisConfig,
    /// Where the parachain's node listens; port 0 takes a free one.
    pub para_listen: SocketAddr,
    /// Where the relay chain's node listens; port 0 takes a free one.
    pub relay_listen: SocketAddr,
    /// Serve `state_getPairs` and `state_queryStorage`, which public nodes refuse.
    pub allow_get_pairs: bool,
    /// Most bytes in one answer.
    pub max_response_bytes: u32,
}

impl Default for NetworkConfig {
    /// Real block times and limits, four authorities, no history, the usual ports of loopback.
    fn default() -> Self {
        Self {
            seed: 0,
            relay_block_time: Duration::from_secs(6),
            relay_blocks_per_para_block: 2,
            session_blocks: 100,
            authorities: 4,
            finality_lag: 2,
            history: 0,
            traffic: None,
            bulk: None,
            genesis_time: None,
            authority_keys: AuthorityKeys::default(),
            genesis: para::GenesisConfig::default(),
            para_listen: (Ipv4Addr::LOCALHOST, PARA_PORT).into(),
            relay_listen: (Ipv4Addr::LOCALHOST, RELAY_PORT).into(),
            allow_get_pairs: false,
            max_response_bytes: ServerLimits::default().max_response_bytes,
        }
    }
}

/// Heartbeats of workers as a live parachain's blocks hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// How many workers report.
    pub workers: u32,
    /// Parachain blocks between two reports of one worker, from 1.
    pub interval: u32,
}

/// Parachain blocks that write many bytes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Every so manieth relay block, from 1, asks for one.
    pub interval: u32,
    /// Most bytes a block writes; in turn they write all of it, a half, a quarter and an eighth.
    pub bytes: u32,
}

impl Bulk {
    /// Bytes asked for with the relay block at this height.
    pub(super) fn at(self, number: u32) -> u32 {
        if number.is_multiple_of(self.interval) {
            self.bytes >> (number / self.interval % 4)
        } else {
            0
        }
    }
}

/// A setting that makes no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Blocks too close together.
    #[error("relay block time is {0:?}; it must be at least 50 ms")]
    BlockTime(Duration),
    /// No or too many voters.
    #[error("there are {0} GRANDPA authorities; there must be 1 to 1000")]
    Authorities(usize),
    /// The parachain would never get a block.
    #[error("relay blocks per parachain block is 0; it must be at least 1")]
    ParaBlocks,
    /// Workers would report never.
    #[error("traffic interval is 0 blocks; it must be at least 1")]
    TrafficInterval,
    /// Bulk would be written never.
    #[error("bulk interval is 0 blocks; it must be at least 1")]
    BulkInterval,
    /// Both nodes on one port.
    #[error("both chains would listen on {0}")]
    SamePort(SocketAddr),
}

impl NetworkConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.relay_block_time < MIN_BLOCK_TIME {
            return Err(ConfigError::BlockTime(self.relay_block_time));
        }
        if !(1..=MAX_AUTHORITIES).contains(&self.authorities) {
            return Err(ConfigError::Authorities(self.authorities));
        }
        if self.relay_blocks_per_para_block == 0 {
            return Err(ConfigError::ParaBlocks);
        }
        if self.traffic.is_some_and(|traffic| traffic.interval == 0) {
            return Err(ConfigError::TrafficInterval);
        }
        if self.bulk.is_some_and(|bulk| bulk.interval == 0) {
            return Err(ConfigError::BulkInterval);
        }
        if self.para_listen == self.relay_listen && self.para_listen.port() != 0 {
            return Err(ConfigError::SamePort(self.para_listen));
        }
        Ok(())
    }

    /// Time between relay blocks in ms.
    pub(super) fn block_ms(&self) -> u64 {
        self.relay_block_time.as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_network_are_named() {
        let with = |change: fn(&mut NetworkConfig)| {
            let mut config = NetworkConfig::default();
            change(&mut config);
            config.check().map_err(|error| error.to_string()).err()
        };
        assert_eq!(with(|_| {}), None);
        assert_eq!(with(|c| (c.para_listen, c.relay_listen) = free_ports()), None);
        for (change, word) in [
            (
                (|c| c.relay_block_time = Duration::from_millis(49)) as fn(&mut NetworkConfig),
                "time",
            ),
            (|c| c.authorities = 0, "authorities"),
            (|c| c.authorities = 1001, "authorities"),
            (|c| c.relay_blocks_per_para_block = 0, "parachain block"),
            (|c| c.traffic = Some(Traffic { workers: 1, interval: 0 }), "traffic"),
            (|c| c.bulk = Some(Bulk { interval: 0, bytes: 1 }), "bulk"),
            (|c| c.para_listen = c.relay_listen, "127.0.0.1:9945"),
        ] {
            let message = with(change).unwrap();
            assert!(message.contains(word), "{message}");
        }
    }

    fn free_ports() -> (SocketAddr, SocketAddr) {
        let free = (Ipv4Addr::LOCALHOST, 0).into();
        (free, free)
    }
}
