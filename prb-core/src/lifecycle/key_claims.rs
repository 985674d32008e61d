//! Who speaks for a worker's key, when more than one endpoint has it.
//!
//! A machine that is in the inventory twice says everything twice. Both are fed, and one earns.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// A worker's public key.
type PublicKey = [u8; 32];

/// All claims of a manager's workers.
#[derive(Default)]
pub(crate) struct KeyClaims(Mutex<BTreeMap<PublicKey, Uuid>>);

/// A claim to a key, given back when it is dropped.
pub(crate) struct KeyClaim {
    claims: Arc<KeyClaims>,
    key: PublicKey,
}

impl KeyClaims {
    /// Claims `key` for a worker.
    ///
    /// # Errors
    ///
    /// The worker that has it.
    pub(crate) fn claim(self: &Arc<Self>, key: PublicKey, worker: Uuid) -> Result<KeyClaim, Uuid> {
        match self.lock().entry(key) {
            Entry::Occupied(holder) => Err(*holder.get()),
            Entry::Vacant(free) => {
                free.insert(worker);
                Ok(KeyClaim { claims: self.clone(), key })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyClaim {
    /// What it is for.
    pub(crate) fn key(&self) -> PublicKey {
        self.key
    }
}

impl Drop for KeyClaim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_claimed_by_one_until_it_is_given_back() {
        let claims = Arc::new(KeyClaims::default());
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let held = claims.claim([1; 32], first).ok().unwrap();
        assert_eq!(claims.claim([1; 32], second).err(), Some(first));
        assert!(claims.claim([2; 32], second).is_ok(), "another key");
        drop(held);
        assert!(claims.claim([1; 32], second).is_ok());
    }
}
