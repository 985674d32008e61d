//! Chunks that could not be read as they were written.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::names::ChunkName;

/// More are not remembered; they are found again.
const REMEMBERED: usize = 4096;

/// Chunks that readers found damaged or missing, for whoever mends them.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    names: Mutex<BTreeSet<ChunkName>>,
    found: Notify,
}

impl Damage {
    /// A reader found this one damaged.
    pub(crate) fn report(&self, name: ChunkName) {
        let mut names = self.names();
        if names.len() < REMEMBERED && names.insert(name) {
            drop(names);
            self.found.notify_one();
        }
    }

    /// All that were found since they were taken the last time.
    pub(crate) fn take(&self) -> BTreeSet<ChunkName> {
        std::mem::take(&mut self.names())
    }

    /// Returns when there may be some.
    pub(crate) async fn found(&self) {
        self.found.notified().await;
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<ChunkName>> {
        // No code under this lock panics half way through a change.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
