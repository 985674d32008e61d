//! What the trader says of its accounts: only while both live, so only in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Statuses by account, each with the time when it is forgotten.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<Statuses>);

type Statuses = BTreeMap<[u8; 32], (Vec<u8>, Instant)>;

impl Accounts {
    pub(super) fn publish(&self, account: [u8; 32], status: Vec<u8>, ttl: Duration) {
        self.lock().insert(account, (status, Instant::now() + ttl));
    }

    pub(super) fn published(&self) -> Vec<Vec<u8>> {
        let (now, mut accounts) = (Instant::now(), self.lock());
        accounts.retain(|_, (_, until)| now < *until);
        accounts.values().map(|(status, _)| status.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Statuses> {
        // The map is consistent between any two of its operations, also after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
