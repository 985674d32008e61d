//! What outlives the process: handed out to be kept, and gone on from.

use parity_scale_codec::{Decode, Encode};

use super::{Phactory, Runtime, RuntimeState, Settings};
use crate::pruntime::call::Refusal;
use crate::pruntime::identity::{BadKey, SealedIdentity};

/// Something that must be done for good before a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Keep the identity.
    Seal(SealedIdentity),
    /// Keep the state as of this block.
    Checkpoint(Checkpoint),
    /// Forget all kept states.
    RemoveCheckpoints,
}

/// The state as of a dispatched block.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The last dispatched block.
    pub(crate) block: u32,
    /// The encoded state.
    pub(crate) state: Vec<u8>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Checkpoint {{ block: {}, {} bytes }}", self.block, self.state.len())
    }
}

/// A kept state that cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// It was never sealed here.
    #[error("a checkpoint without its sealed identity")]
    NoIdentity,
    /// The bytes are damaged.
    #[error("a damaged checkpoint: {0}")]
    Damaged(#[from] parity_scale_codec::Error),
    /// The sealed key is damaged.
    #[error("a damaged identity: {0}")]
    BadKey(#[from] BadKey),
}

impl Phactory {
    /// A process that goes on from a checkpoint.
    pub(crate) fn restore(
        settings: Settings,
        sealed: Option<SealedIdentity>,
        checkpoint: &Checkpoint,
    ) -> Result<Self, RestoreError> {
        let state = RuntimeState::decode(&mut &checkpoint.state[..])?;
        let identity = sealed.as_ref().ok_or(RestoreError::NoIdentity)?;
        let runtime = Runtime::new(state, identity)?;
        Ok(Self {
            runtime: Some(runtime),
            can_load_chain_state: false,
            ..Self::new(settings, sealed)
        })
    }

    /// Asks for the state to be kept; the last dispatched block.
    pub(super) fn take_checkpoint(&mut self) -> Result<u32, Refusal> {
        let runtime = self.runtime()?;
        runtime.state.blocks_since_checkpoint = 0;
        let block = runtime.state.follower.counters().blocknum.saturating_sub(1);
        let checkpoint = Checkpoint { block, state: runtime.state.encode() };
        self.effects.push(Effect::Checkpoint(checkpoint));
        Ok(block)
    }
}
