//! How much memory messages may take together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in units of this many bytes.
const UNIT: usize = 1 << 10;
/// So much of every message is counted apart: whoever fills the memory with long messages leaves
/// room for the short ones that all others send.
const SHORT: usize = 16 << 10;
/// The part of the memory that is for those.
const PART: usize = 8;

/// Memory for messages, shared by all clones.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    short: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// What one message holds of it, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Share {
    short: Option<OwnedSemaphorePermit>,
    long: Option<OwnedSemaphorePermit>,
}

impl Memory {
    /// Memory for so many bytes of messages.
    pub(super) fn new(bytes: usize) -> Self {
        let pool = |bytes: usize| {
            Arc::new(Semaphore::new(bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS)))
        };
        let short = bytes / PART;
        Self { short: pool(short), long: pool(bytes - short) }
    }

    /// Makes the share one for a message of so many bytes; none if there is no room.
    pub(super) fn grow(&self, share: &mut Share, bytes: usize) -> Option<()> {
        let (short, long) = units(bytes);
        take(&self.short, &mut share.short, short)?;
        take(&self.long, &mut share.long, long)
    }
}

impl Share {
    /// Gives back what a message of so many bytes does not need.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let (short, long) = units(bytes);
        give_back(&mut self.short, short);
        give_back(&mut self.long, long);
    }
}

/// The units of a message's first bytes, and of the rest.
fn units(bytes: usize) -> (usize, usize) {
    let short = bytes.min(SHORT);
    (short.div_ceil(UNIT), (bytes - short).div_ceil(UNIT))
}

fn held(share: Option<&OwnedSemaphorePermit>) -> usize {
    share.map_or(0, OwnedSemaphorePermit::num_permits)
}

fn take(
    pool: &Arc<Semaphore>,
    share: &mut Option<OwnedSemaphorePermit>,
    units: usize,
) -> Option<()> {
    let missing = units.saturating_sub(held(share.as_ref())).try_into().ok()?;
    let more = Arc::clone(pool).try_acquire_many_owned(missing).ok()?;
    match share {
        Some(share) => share.merge(more),
        None => *share = Some(more),
    }
    Some(())
}

fn give_back(share: &mut Option<OwnedSemaphorePermit>, units: usize) {
    let surplus = held(share.as_ref()).saturating_sub(units);
    if let Some(share) = share {
        drop(share.split(surplus));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_leave_room_for_short_ones() {
        let memory = Memory::new(1 << 20);
        let mut long = Share::default();
        assert!(memory.grow(&mut long, (1 << 20) - (1 << 17) + SHORT).is_some());
        assert!(memory.grow(&mut Share::default(), SHORT + 1).is_none(), "the rest is taken");
        let mut short: Vec<_> = (0..7).map(|_| Share::default()).collect();
        assert!(short.iter_mut().all(|share| memory.grow(share, SHORT).is_some()));
        assert!(memory.grow(&mut Share::default(), 1).is_none(), "now there is nothing left");
    }

    #[test]
    fn what_is_not_needed_is_given_back() {
        let memory = Memory::new(1 << 20);
        let free =
            |memory: &Memory| (memory.short.available_permits(), memory.long.available_permits());
        let all = free(&memory);
        let mut share = Share::default();
        for bytes in [4 << 10, 8 << 10, 64 << 10] {
            memory.grow(&mut share, bytes).unwrap();
        }
        assert_eq!(free(&memory), (all.0 - 16, all.1 - 48));
        share.shrink(5 << 10);
        assert_eq!(free(&memory), (all.0 - 5, all.1));
        drop(share);
        assert_eq!(free(&memory), all);
    }
}
