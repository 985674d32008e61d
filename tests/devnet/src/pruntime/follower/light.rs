//! Following the chains on trust: counters move, nothing is verified or stored.

use parity_scale_codec::{Decode, Encode};

use crate::pruntime::chain::{Counters, SyncError};
use crate::pruntime::scale::{BlockHeaderWithChanges, Header, HeaderToSync};
use crate::pruntime::worker::{BlockView, WorkerKeys};

/// Counters, and what a worker remembers of the last blocks' changes.
#[derive(Clone, Debug, Encode, Decode)]
pub(crate) struct LightChain {
    next_relay_header: u32,
    next_para_header: u32,
    next_block: u32,
    waiting: bool,
    now_ms: u64,
    ingress: u64,
    registered: bool,
}

impl LightChain {
    /// Starts after relay block `relay_genesis`, wanting para headers from `first_para_header`.
    pub(crate) fn new(relay_genesis: u32, first_para_header: u32) -> Self {
        Self {
            next_relay_header: relay_genesis.wrapping_add(1),
            next_para_header: first_para_header,
            next_block: 1,
            waiting: false,
            now_ms: 0,
            ingress: 0,
            registered: false,
        }
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            headernum: self.next_relay_header,
            para_headernum: self.next_para_header,
            blocknum: self.next_block,
            waiting_for_paraheaders: self.waiting,
        }
    }

    pub(super) fn sync_relay_headers(&mut self, run: &[HeaderToSync]) -> Result<u32, SyncError> {
        let numbers = run.iter().map(|item| item.header.number);
        self.waiting |= advance(&mut self.next_relay_header, numbers)?;
        Ok(self.next_relay_header.wrapping_sub(1))
    }

    pub(super) fn sync_para_headers(&mut self, run: &[Header]) -> Result<u32, SyncError> {
        let numbers = run.iter().map(|header| header.number);
        if advance(&mut self.next_para_header, numbers)? {
            self.waiting = false;
        }
        Ok(self.next_para_header.wrapping_sub(1))
    }

    pub(super) fn load_state(&mut self, number: u32) -> Result<(), SyncError> {
        if self.next_block > 1 || self.next_para_header > 1 {
            return Err(SyncError::CannotLoadStateAfterSyncing);
        }
        self.next_para_header = number;
        self.next_block = number.wrapping_add(1);
        Ok(())
    }

    pub(super) fn feed_block(
        &mut self,
        block: &BlockHeaderWithChanges,
        keys: &WorkerKeys,
    ) -> Result<BlockView, SyncError> {
        let number = block.block_header.number;
        if number != self.next_block {
            return Err(SyncError::BlockNumberMismatch);
        }
        if number >= self.next_para_header {
            return Err(SyncError::NoStateRoot);
        }
        self.next_block = number.wrapping_add(1);
        let mut messages = Vec::new();
        for (key, value) in &block.storage_changes.main_storage_changes {
            let value = value.as_deref();
            if *key == keys.now {
                self.now_ms = decoded(value).unwrap_or_default();
            } else if *key == keys.outbound_messages {
                messages = decoded(value).unwrap_or_default();
            } else if *key == keys.ingress {
                self.ingress = decoded(value).unwrap_or_default();
            } else if *key == keys.worker {
                self.registered = value.is_some();
            }
        }
        Ok(BlockView {
            number,
            now_ms: self.now_ms,
            messages,
            ingress: self.ingress,
            registered: self.registered,
            ..BlockView::default()
        })
    }
}

fn decoded<T: Decode>(value: Option<&[u8]>) -> Option<T> {
    value.and_then(|mut value| T::decode(&mut value).ok())
}

/// Moves a counter behind a run that begins at it; whether there was anything new.
fn advance(next: &mut u32, run: impl Iterator<Item = u32>) -> Result<bool, SyncError> {
    let wanted = *next;
    let mut new = run.filter(|number| *number >= wanted);
    let Some(first) = new.next() else { return Ok(false) };
    if first != wanted {
        return Err(SyncError::BlockNumberMismatch);
    }
    *next = new.last().unwrap_or(first).wrapping_add(1);
    Ok(true)
}
