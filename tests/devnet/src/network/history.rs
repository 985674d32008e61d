//! A past for the network, made as fast as the machine can.

use std::time::{SystemTime, UNIX_EPOCH};

use prb_devnet_runtime::para::parachain_system::Extra;

use super::chains::Chains;
use super::producer::{Producer, Rounds, Step};
use super::schedule::{Orders, Schedule};
use super::traffic::Reporters;
use super::{Bulk, ConfigError, NetworkConfig, ProduceError};

/// Makes both chains block by block without a network, as in a past nobody watched.
///
/// Blocks, states, proofs and kept justifications are those of a live network; rounds whose
/// justification no node would keep are not signed. Everything blocks the calling thread.
#[derive(Debug)]
pub struct HistoryBuilder {
    producer: Producer,
    traffic: Option<Reporters>,
    bulk: Option<Bulk>,
    genesis_time: u64,
    block_ms: u64,
}

impl HistoryBuilder {
    /// Both chains at genesis.
    pub fn new(config: &NetworkConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let block_ms = config.block_ms();
        let schedule = Schedule {
            relay_blocks_per_para_block: config.relay_blocks_per_para_block,
            session_blocks: config.session_blocks,
            finality_lag: config.finality_lag,
        };
        let past = u64::from(config.history) * block_ms;
        let genesis_time = config.genesis_time.unwrap_or_else(|| now_ms().saturating_sub(past));
        let chains = Chains::new(config);
        let genesis = chains.para.chain().genesis().hash;
        let traffic = config.traffic.map(|traffic| Reporters::new(config.seed, traffic, genesis));
        Ok(Self {
            producer: Producer::new(chains, schedule, block_ms),
            traffic,
            bulk: config.bulk,
            genesis_time,
            block_ms,
        })
    }

    /// Makes one relay block and the parachain block that is due with it.
    pub fn step(&mut self) -> Result<(), ProduceError> {
        let timestamp = self.genesis_time + u64::from(self.producer.next()) * self.block_ms;
        if let Some(traffic) = self.traffic.as_mut().filter(|_| self.producer.para_block_is_next())
        {
            let para = &self.producer.chains().para;
            let next = para.chain().best().number() + 1;
            for transaction in traffic.transactions(next, timestamp) {
                para.submit(transaction).map_err(ProduceError::Traffic)?;
            }
        }
        let bulk = self.bulk.map_or(0, |bulk| bulk.at(self.producer.next()));
        self.producer.step(Step {
            timestamp,
            orders: Orders { extra: Extra { bulk, ..Extra::default() }, ..Orders::default() },
            rounds: Rounds::Kept,
            check: false,
        })
    }

    /// The chains as they are now.
    pub fn chains(&self) -> &Chains {
        self.producer.chains()
    }

    /// Ends the past: the latest justification is there, as on a node that follows the chain.
    pub(super) fn into_producer(self) -> Producer {
        self.producer.sign_finalized();
        self.producer
    }

    /// Ends the past and returns the chains.
    pub fn finish(self) -> Chains {
        self.into_producer().chains().clone()
    }
}

/// The time in ms since 1970.
pub(super) fn now_ms() -> u64 {
    // A clock before 1970 reads as 1970: block times then follow from their parents alone.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
}

#[cfg(test)]
mod tests;
