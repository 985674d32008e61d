//! Secrets at rest.
//!
//! `"prb"`, format 1, a 24-byte nonce, then XChaCha20-Poly1305 under a key derived from the
//! private key. The context and the leading bytes are authenticated with it. The key is not
//! wrapped for the public key: that one is known to all peers, and whoever knows it could make
//! secrets that open.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::OpenError;

/// What the sealing key is derived for.
pub(super) const PURPOSE: &str = "seal";

const MAGIC: &[u8; 3] = b"prb";
const VERSION: u8 = 1;
const HEADER: usize = MAGIC.len() + 1;
const NONCE: usize = 24;

#[expect(clippy::expect_used, reason = "the cipher's limit is 256 GiB")]
pub(super) fn seal(key: &[u8; 32], context: &str, plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    OsRng.fill_bytes(&mut nonce);
    let mut sealed = [MAGIC.as_slice(), &[VERSION], &nonce].concat();
    let ciphertext = cipher(key)
        .encrypt(
            XNonce::from_slice(&nonce),
            Payload { msg: plaintext, aad: &associated_data(context) },
        )
        .expect("a secret in memory is shorter than 256 GiB");
    sealed.extend(ciphertext);
    sealed
}

pub(super) fn open(
    key: &[u8; 32],
    context: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let body = sealed
        .strip_prefix(MAGIC)
        .ok_or(OpenError::Malformed { reason: "it does not begin with \"prb\"" })?;
    let (version, body) =
        body.split_first().ok_or(OpenError::Malformed { reason: "it is cut off" })?;
    if *version != VERSION {
        return Err(OpenError::Version { version: *version });
    }
    let (nonce, ciphertext) =
        body.split_at_checked(NONCE).ok_or(OpenError::Malformed { reason: "it is cut off" })?;
    cipher(key)
        .decrypt(
            XNonce::from_slice(nonce),
            Payload { msg: ciphertext, aad: &associated_data(context) },
        )
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Refused { context: context.to_owned() })
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(key))
}

fn associated_data(context: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(HEADER + context.len());
    data.extend_from_slice(MAGIC);
    data.push(VERSION);
    data.extend_from_slice(context.as_bytes());
    data
}
