//! The passphrase that polkadot.js locks an export with: a key by scrypt, then a secret box.

use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use zeroize::Zeroizing;

use super::KeyringError;

/// What polkadot.js takes and writes, as (log2 of n, p, r). Whoever made the file chooses them,
/// and others could cost any amount of memory.
const COSTS: [(u8, u32, u32); 6] =
    [(13, 10, 8), (14, 5, 8), (15, 3, 8), (15, 1, 8), (16, 2, 8), (17, 1, 8)];

/// Opens `locked`: salt (32 bytes), n, p and r (little-endian u32), nonce (24 bytes), box.
pub(super) fn open(locked: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let malformed = KeyringError::Malformed { reason: "`encoded` is too short for a locked pair" };
    let Some((salt, rest)) = locked.split_first_chunk::<32>() else { return Err(malformed) };
    let Some((costs, rest)) = rest.split_first_chunk::<12>() else { return Err(malformed) };
    let Some((nonce, sealed)) = rest.split_first_chunk::<24>() else { return Err(malformed) };
    let cost =
        |at: usize| u32::from_le_bytes([costs[at], costs[at + 1], costs[at + 2], costs[at + 3]]);
    let (n, p, r) = (cost(0), cost(4), cost(8));
    let unusual =
        KeyringError::Unsupported { reason: "its scrypt costs are none of polkadot.js's" };
    let known = COSTS
        .into_iter()
        .find(|&(log_n, known_p, known_r)| (1_u32 << log_n, known_p, known_r) == (n, p, r));
    let Some((log_n, p, r)) = known else { return Err(unusual) };
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt::Params::new(log_n, r, p, key.len())
        .ok()
        .and_then(|costs| scrypt::scrypt(passphrase.as_bytes(), salt, &costs, &mut *key).ok())
        .ok_or(unusual)?;
    XSalsa20Poly1305::new(Key::from_slice(&*key))
        .decrypt(Nonce::from_slice(nonce), sealed)
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::Passphrase)
}
