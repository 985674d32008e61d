//! Who speaks for a worker's key, when more than one endpoint has it.
//!
//! A machine that is in the inventory twice says everything twice. Both are fed, and one earns. Nor
//! may two managers speak for a worker: where they share a queue, each claim asks for a lease.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::leases::Leases;

/// A worker's public key.
type PublicKey = [u8; 32];

/// All claims of a manager's workers.
#[derive(Default)]
pub(crate) struct KeyClaims {
    claims: Mutex<BTreeMap<PublicKey, Uuid>>,
    leases: Option<Arc<Leases>>,
}

/// A claim to a key, given back when it is dropped.
pub(crate) struct KeyClaim {
    claims: Arc<KeyClaims>,
    key: PublicKey,
}

impl KeyClaims {
    /// No claims; with `leases` other managers have to agree to each.
    pub(crate) fn new(leases: Option<Arc<Leases>>) -> Self {
        Self { claims: Mutex::default(), leases }
    }

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
                if let Some(leases) = &self.leases {
                    leases.want(key);
                }
                Ok(KeyClaim { claims: self.clone(), key })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Uuid>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyClaim {
    /// Whether something may be sent for the worker now; else why not, for a person.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.claims.leases.as_ref().map_or(Ok(()), |leases| leases.check(&self.key))
    }

    /// What it is for.
    pub(crate) fn key(&self) -> PublicKey {
        self.key
    }
}

impl Drop for KeyClaim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.key);
        if let Some(leases) = &self.claims.leases {
            leases.give_back(self.key);
        }
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
