//! Applying blocks to the para state.

use super::{Chain, SyncError};
use crate::pruntime::scale::BlockHeaderWithChanges;

impl Chain {
    /// Applies the changes of the next block if they lead to the root its header names.
    ///
    /// Before the first block the loaded state itself is compared with the root of its header.
    pub(crate) fn feed_block(&mut self, block: &BlockHeaderWithChanges) -> Result<(), SyncError> {
        let number = block.block_header.number;
        if number != self.next_block {
            return Err(SyncError::BlockNumberMismatch);
        }
        self.validate_state()?;
        let expected = *self.state_roots.front().ok_or(SyncError::NoStateRoot)?;
        let delta = self.state.delta(&block.storage_changes);
        if delta.root != expected {
            return Err(SyncError::StateRootMismatch {
                block: number,
                expected,
                actual: delta.root,
            });
        }
        self.state.apply(delta);
        self.state_roots.pop_front();
        self.next_block = number.wrapping_add(1);
        Ok(())
    }

    /// The root this uses up is gone even if the block itself is refused afterwards; one that
    /// differs stays, and so does the error.
    fn validate_state(&mut self) -> Result<(), SyncError> {
        if self.state_validated {
            return Ok(());
        }
        let expected = *self.state_roots.front().ok_or(SyncError::NoStateRoot)?;
        let actual = self.state.root();
        if actual != expected {
            let block = self.next_block.wrapping_sub(1);
            return Err(SyncError::StateRootMismatch { block, expected, actual });
        }
        self.state_roots.pop_front();
        self.state_validated = true;
        Ok(())
    }
}
