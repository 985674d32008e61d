//! Accounts that nobody has the key of.

use parity_scale_codec::Encode;
use sp_io::hashing::blake2_256;

use crate::types::{AccountId, WorkerPublicKey};

/// The account that stands for a worker's session in a pool: the first 32 bytes of `spm/` and then
/// `blake2_256` of the pool's number (`u64`, little-endian) and the worker's key.
pub fn session_account(pid: u64, worker: &WorkerPublicKey) -> AccountId {
    derive(*b"spm/", &(pid, worker).encode())
}

/// An account of a pool; `purpose` tells the accounts of one pool apart.
pub(super) fn pool_account(purpose: [u8; 4], pid: u64) -> AccountId {
    derive(purpose, &pid.encode())
}

fn derive(prefix: [u8; 4], preimage: &[u8]) -> AccountId {
    let mut account = [0; 32];
    let (head, tail) = account.split_at_mut(prefix.len());
    head.copy_from_slice(&prefix);
    tail.copy_from_slice(&blake2_256(preimage)[..tail.len()]);
    AccountId::new(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_account_is_the_truncated_hash_of_pool_and_worker() {
        let worker = WorkerPublicKey::from_raw([0x11; 32]);
        let mut preimage = vec![0; 40];
        preimage[0] = 5;
        preimage[8..].fill(0x11);
        let mut expected = b"spm/".to_vec();
        expected.extend_from_slice(&blake2_256(&preimage));
        expected.truncate(32);
        let account = session_account(5, &worker);
        assert_eq!(AsRef::<[u8]>::as_ref(&account), expected);
    }

    #[test]
    fn accounts_differ_by_purpose_and_pool() {
        assert_ne!(pool_account(*b"bp__", 1), pool_account(*b"spl/", 1));
        assert_ne!(pool_account(*b"spl/", 2), pool_account(*b"spl/", 1));
    }
}
