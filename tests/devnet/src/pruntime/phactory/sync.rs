//! Feeding the chains: relay headers, para headers, blocks, and a whole state.

use super::Phactory;
use crate::pruntime::attestation;
use crate::pruntime::call::{Refusal, decode_scale};
use crate::pruntime::chain::SyncError;
use crate::pruntime::chain_state::ChainState;
use crate::pruntime::light_client::FinalityError;
use crate::pruntime::scale::{
    AuthoritySetChange, BlockHeaderWithChanges, Header, HeaderToSync, StorageProof, StorageState,
};
use crate::pruntime::worker::BlockView;
use sp_io::hashing::twox_128;

/// Blocks older than this are dispatched in place, ms.
const SYNCING_AGE: u64 = 3_600_000;

/// The highest consensus version this pRuntime knows.
pub(super) const MAX_CONSENSUS_VERSION: u32 = 0;

impl From<SyncError> for Refusal {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::HeaderValidateFailed(fatal @ FinalityError::NoVoters) => {
                Self::Abort(fatal.to_string())
            }
            error => Self::application(&error),
        }
    }
}

impl Phactory {
    /// The change is read from the header's digest; the one sent along must only decode.
    pub(crate) fn check_authority_set_change(change: Option<&[u8]>) -> Result<(), Refusal> {
        change.map(decode_scale::<AuthoritySetChange>).transpose().map(drop)
    }

    /// Even a refused run ends the time in which a state may be loaded.
    pub(crate) fn sync_header(&mut self, headers: Vec<HeaderToSync>) -> Result<u32, Refusal> {
        self.check_no_rcu()?;
        self.can_load_chain_state = false;
        Ok(self.runtime()?.state.follower.sync_relay_headers(headers)?)
    }

    pub(crate) fn sync_para_header(
        &mut self,
        headers: Vec<Header>,
        proof: StorageProof,
    ) -> Result<u32, Refusal> {
        self.check_no_rcu()?;
        Ok(self.runtime()?.state.follower.sync_para_headers(headers, proof)?)
    }

    /// Not atomic: the relay part stays accepted when the para part is refused.
    pub(crate) fn sync_combined_headers(
        &mut self,
        relay_headers: Vec<HeaderToSync>,
        para_headers: Vec<Header>,
        proof: StorageProof,
    ) -> Result<(u32, u32), Refusal> {
        let relay = self.sync_header(relay_headers)?;
        let para = if para_headers.is_empty() {
            self.runtime()?.state.follower.counters().para_headernum.wrapping_sub(1)
        } else {
            self.sync_para_header(para_headers, proof)?
        };
        Ok((relay, para))
    }

    /// Applies blocks one by one; those before a refused one stay applied. Returns the number of
    /// the last listed block that was not old.
    pub(crate) fn dispatch_blocks(
        &mut self,
        mut blocks: Vec<BlockHeaderWithChanges>,
        now_ms: u64,
    ) -> Result<u32, Refusal> {
        self.check_no_rcu()?;
        let next = self.runtime()?.state.follower.counters().blocknum;
        blocks.retain(|block| block.block_header.number >= next);
        let last = blocks.last().map_or(next.wrapping_sub(1), |block| block.block_header.number);
        for block in &blocks {
            self.dispatch_block(block, now_ms)?;
        }
        Ok(last)
    }

    fn dispatch_block(
        &mut self,
        block: &BlockHeaderWithChanges,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let habits = self.habits();
        let runtime = self.runtime()?;
        let view = runtime.state.follower.feed_block(block, &runtime.worker_keys)?;
        runtime.state.worker.on_block(&view, &runtime.identity, habits);
        runtime.state.blocks_since_checkpoint += 1;
        let blocks = runtime.state.blocks_since_checkpoint;
        self.syncing = view.now_ms + SYNCING_AGE <= now_ms;
        if let Some(reason) = self.outdated(&view) {
            return Err(Refusal::Abort(reason));
        }
        if self.settings.checkpoint_interval.is_some_and(|interval| blocks >= interval) {
            self.take_checkpoint()?;
        }
        Ok(())
    }

    /// Why the chain does not tolerate this pRuntime any longer.
    fn outdated(&self, view: &BlockView) -> Option<String> {
        let measurement = attestation::measurement(self.settings.attestation);
        let allowed = view.allowed_measurements.iter().any(|entry| entry.starts_with(&measurement));
        if self.settings.version < view.minimum_version && !allowed {
            return Some(format!("outdated: the chain wants version {:?}", view.minimum_version));
        }
        (view.consensus_version > MAX_CONSENSUS_VERSION)
            .then(|| format!("outdated: the chain wants consensus {}", view.consensus_version))
    }

    /// The state of these pairs; on trust, only what init and registration are decided by.
    pub(super) fn state_of(mut pairs: StorageState, light: bool) -> ChainState {
        if light {
            let kept = ["ParachainInfo", "PhalaRegistry"].map(|name| twox_128(name.as_bytes()));
            pairs.retain(|(key, _)| kept.iter().any(|pallet| key.starts_with(pallet)));
        }
        ChainState::from_pairs(pairs)
    }

    pub(super) fn load_chain_state(
        &mut self,
        number: u32,
        pairs: StorageState,
    ) -> Result<(), Refusal> {
        if !self.can_load_chain_state {
            return Err(Refusal::application("Can not load chain state"));
        }
        if number == 0 {
            return Err(Refusal::application("Can not load chain state from block 0"));
        }
        let Some(runtime) = &mut self.runtime else {
            return Err(Refusal::application("System is uninitialized"));
        };
        let state = Self::state_of(pairs, self.settings.light);
        let (loading, init) = (state.para_id(), runtime.state.para_id);
        if loading != init {
            return Err(Refusal::Application(format!(
                "Loading different parachain state, loading={loading}, init={init}"
            )));
        }
        if state.get(&runtime.worker_keys.worker).is_some() {
            return Err(Refusal::Application(format!(
                "Failed to load state: the worker is already registered at block {number}"
            )));
        }
        runtime
            .state
            .follower
            .load_state(number, state)
            .map_err(|_| Refusal::application("Failed to set synchronizer state"))?;
        runtime.state.genesis_block = number;
        self.can_load_chain_state = false;
        Ok(())
    }
}
