//! Making the blocks of both chains, one relay block at a time.

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::para::parachain_system::Extra;
use prb_devnet_runtime::types::PersistedValidationData;
use prb_devnet_runtime::{para, relay};
use sp_io::hashing::twox_128;

use super::chains::Chains;
use super::schedule::{Orders, Schedule};
use crate::engine::BlockNumber;
use crate::engine::builder::BuildError;
use crate::engine::chain::ChainError;

/// Largest proof of validity the relay chain takes, in bytes.
const MAX_POV_SIZE: u32 = 5 * 1024 * 1024;

/// Why a block of the network was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProduceError {
    /// The parachain block failed.
    #[error("parachain: {0}")]
    Para(BuildError),
    /// The relay block failed.
    #[error("relay chain: {0}")]
    Relay(BuildError),
    /// A transaction of the history's traffic was refused.
    #[error("traffic: {0}")]
    Traffic(crate::engine::node::SubmitError),
    /// The relay state could not be read.
    #[error("relay chain: {0}")]
    State(#[from] ChainError),
}

/// Which rounds of finality leave a justification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounds {
    /// All, and subscribers are told.
    All,
    /// All, silently.
    Unannounced,
    /// Only those a node keeps for ever: rounds of long ago.
    Kept,
}

/// How a step is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The blocks' time, ms since 1970.
    pub timestamp: u64,
    pub orders: Orders,
    pub rounds: Rounds,
    /// Execute every block twice, the second time as an importing node.
    pub check: bool,
}

/// Makes the network's blocks. Everything here blocks its thread.
#[derive(Debug)]
pub(super) struct Producer {
    chains: Chains,
    schedule: Schedule,
    /// Slots are as long as a relay block takes, in ms.
    slot_ms: u64,
    /// Wanted of the next parachain block.
    extra: Extra,
    fork: Fork,
}

/// A parachain block that does not become final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fork {
    /// There is none.
    None,
    /// The next block is to be one.
    Wanted,
    /// The best block is one.
    Best,
}

impl Producer {
    pub(super) fn new(chains: Chains, schedule: Schedule, slot_ms: u64) -> Self {
        Self { chains, schedule, slot_ms, extra: Extra::default(), fork: Fork::None }
    }

    pub(super) fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Height of the next relay block.
    pub(super) fn next(&self) -> BlockNumber {
        self.chains.relay.chain().best().number() + 1
    }

    /// Whether the next relay block, left to the schedule, includes a parachain block.
    pub(super) fn para_block_is_next(&self) -> bool {
        self.schedule.plan(self.next(), Orders::default()).para_block
    }

    /// Makes the next relay block, the parachain block it includes, and what becomes final by it.
    pub(super) fn step(&mut self, step: Step) -> Result<(), ProduceError> {
        let number = self.next();
        let plan = self.schedule.plan(number, step.orders);
        self.extra.upgrade_runtime |= step.orders.extra.upgrade_runtime;
        self.extra.bulk = self.extra.bulk.max(step.orders.extra.bulk);
        if step.orders.fork_para && self.fork == Fork::None {
            self.fork = Fork::Wanted;
        }
        let heads = if plan.para_block { self.next_head(step)? } else { Vec::new() };
        let next_authorities =
            if plan.authority_change { Some(self.next_authorities()?) } else { None };
        let inherents = relay::Inherents { timestamp: step.timestamp, heads, next_authorities };
        let slot = step.timestamp / self.slot_ms;
        self.chains
            .relay
            .make_block(slot, &inherents.encode(), step.check)
            .map_err(ProduceError::Relay)?;
        self.finalize(self.schedule.finalized(number), step.rounds);
        Ok(())
    }

    /// Builds a parachain block and returns it as the next head, unless it is one to be reverted.
    fn next_head(&mut self, step: Step) -> Result<Vec<(u32, Vec<u8>)>, ProduceError> {
        match self.fork {
            Fork::Wanted => {
                self.fork = Fork::Best;
                self.make_para_block(step, Extra::default())?;
                return Ok(Vec::new());
            }
            Fork::Best => {
                self.chains.para.revert_best();
                self.fork = Fork::None;
            }
            Fork::None => {}
        }
        let extra = std::mem::take(&mut self.extra);
        Ok(vec![self.make_para_block(step, extra)?])
    }

    /// Builds a parachain block on the best relay block.
    fn make_para_block(&self, step: Step, extra: Extra) -> Result<(u32, Vec<u8>), ProduceError> {
        let para = &self.chains.para;
        let relay_parent = self.chains.relay.chain().best();
        let inherents = para::Inherents {
            timestamp: step.timestamp,
            validation_data: PersistedValidationData {
                parent_head: para.chain().best().header.encode(),
                relay_parent_number: relay_parent.number(),
                relay_parent_storage_root: relay_parent.header.state_root,
                max_pov_size: MAX_POV_SIZE,
            },
            extra: (extra != Extra::default()).then_some(extra),
        };
        let slot = step.timestamp / self.slot_ms;
        let pending = if step.orders.hold_transactions { Vec::new() } else { para.pending() };
        let block = para
            .make_block_of(&pending, slot, &inherents.encode(), step.check)
            .map_err(ProduceError::Para)?;
        Ok((self.chains.para_id, block.header.encode()))
    }

    /// The list after the one the relay state has, where changes not yet final count too.
    fn next_authorities(&self) -> Result<sp_consensus_grandpa::AuthorityList, ProduceError> {
        let chain = self.chains.relay.chain();
        let key = [twox_128(b"Grandpa"), twox_128(b"CurrentSetId")].concat();
        let value = chain.storage(chain.best().hash, &key)?.unwrap_or_default();
        let current = u64::decode(&mut &value[..]).unwrap_or(0);
        Ok(self.chains.finality.finality.write().set(current + 1).list())
    }

    /// Makes the relay chain final up to `to`, block by block, and the parachain with it.
    fn finalize(&self, to: BlockNumber, rounds: Rounds) {
        let Chains { relay, para, finality, .. } = &self.chains;
        let from = finality.finality.read().finalized() + 1;
        for number in from..=to {
            let Some(target) = relay.chain().block_at(number) else { return };
            let child = relay.chain().block_at(number + 1);
            let justification = {
                let mut finality = finality.finality.write();
                if rounds == Rounds::Kept && !finality.is_kept(&target.header) {
                    finality.pass(&target.header);
                    None
                } else {
                    Some(finality.advance(&target, child.as_ref().map(|block| &block.header)))
                }
            };
            relay.finalize(number);
            if let Some(head) = self.chains.para_head_at(&target) {
                para.finalize(head.number);
            }
            if let Some(justification) = justification.filter(|_| rounds == Rounds::All) {
                // Nobody listening is fine.
                let _ = finality.justifications.send(justification.encode().into());
            }
        }
    }

    /// Signs the finalized head, if its round left nothing: a node always knows the latest one.
    pub(super) fn sign_finalized(&self) {
        let relay = self.chains.relay.chain();
        let mut finality = self.chains.finality.finality.write();
        let child = relay.block_at(finality.finalized() + 1);
        let target = relay.finalized();
        finality.justify_head(&target, child.as_ref().map(|block| &block.header));
    }
}
