//! Peer ids.

use std::fmt;

use sha2::{Digest, Sha256};

/// Multihash code of SHA-256 and the digest's length, in bytes.
const SHA2_256: [u8; 2] = [0x12, 32];

/// What a peer is known by: the multihash of its public key, shown as base58 (`Qm…`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId([u8; 34]);

impl PeerId {
    /// The id of the peer with this public key, given in libp2p's protobuf.
    pub fn of_public_key(public_key: &[u8]) -> Self {
        let mut bytes = [0; 34];
        bytes[..2].copy_from_slice(&SHA2_256);
        bytes[2..].copy_from_slice(&Sha256::digest(public_key));
        Self(bytes)
    }

    /// The multihash: code, length, digest.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
