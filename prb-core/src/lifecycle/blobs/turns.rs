//! Takes turns at the same thing.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::{Mutex, MutexGuard};

/// Who want different things do not wait for each other, mostly.
const LOCKS: usize = 256;

/// Locks by the hash of a key. Who holds one must not take another of the same `Turns`.
pub(super) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// Waits until nobody else is at `key`, or at one with the same hash.
    pub(super) async fn take(&self, key: &impl Hash) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.0[hasher.finish() as usize % LOCKS].lock().await
    }
}
