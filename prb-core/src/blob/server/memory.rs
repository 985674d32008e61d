//! Memory for answers that are not taken yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that all connections share.
pub(super) struct Memory {
    total: usize,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Held as long as an answer is not taken.
pub(super) type Reserved = OwnedSemaphorePermit;

impl Memory {
    pub(super) fn new(total: usize) -> Self {
        let total = total.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self { total, free: Arc::new(Semaphore::new(total)), waiting: AtomicUsize::new(0) }
    }

    /// Memory for `bytes`; `None` if there is none now. What is larger than all of it takes all.
    pub(super) fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        self.free.clone().try_acquire_many_owned(self.permits(bytes)).ok()
    }

    /// Memory for `bytes`, in turn; `None` is never given, as nobody closes the semaphore.
    pub(super) async fn reserve(&self, bytes: usize) -> Option<Reserved> {
        if let Some(reserved) = self.try_reserve(bytes) {
            return Some(reserved);
        }
        let _waiting = Waiting::new(&self.waiting);
        self.free.clone().acquire_many_owned(self.permits(bytes)).await.ok()
    }

    /// Somebody waits for memory.
    pub(super) fn is_short(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    pub(super) fn used(&self) -> u64 {
        (self.total - self.free.available_permits().min(self.total)) as u64
    }

    fn permits(&self, bytes: usize) -> u32 {
        bytes.min(self.total) as u32
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_given_back_goes_to_who_waits() {
        let memory = Memory::new(100);
        let first = memory.reserve(60).await;
        assert!(memory.try_reserve(60).is_none() && !memory.is_short());
        let mut second = Box::pin(memory.reserve(1_000));
        assert!((&mut second).now_or_never().is_none());
        assert!(memory.is_short());
        drop(first);
        let second = second.await;
        assert_eq!(memory.used(), 100);
        assert!(!memory.is_short());
        drop(second);
        assert_eq!(memory.used(), 0);
    }
}
