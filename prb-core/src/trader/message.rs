//! Sender and sequence of a worker's signed message.

use parity_scale_codec::{Decode, Encode};

/// Who sent a message; its SCALE bytes name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub(super) enum Sender {
    #[codec(index = 0)]
    Pallet(Vec<u8>),
    #[codec(index = 1)]
    Contract([u8; 32]),
    #[codec(index = 2)]
    Worker([u8; 32]),
    #[codec(index = 3)]
    AccountId([u8; 32]),
    #[codec(index = 4)]
    MultiLocation(Vec<u8>),
    #[codec(index = 5)]
    Gatekeeper,
    #[codec(index = 6)]
    Cluster([u8; 32]),
    #[codec(index = 255)]
    Reserved,
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Worker(key) => write!(f, "worker 0x{}", hex::encode(key)),
            Self::Contract(id) => write!(f, "contract 0x{}", hex::encode(id)),
            Self::Cluster(id) => write!(f, "cluster 0x{}", hex::encode(id)),
            Self::AccountId(id) => write!(f, "account 0x{}", hex::encode(id)),
            Self::Gatekeeper => f.write_str("the gatekeeper"),
            Self::Pallet(name) => write!(f, "pallet {}", String::from_utf8_lossy(name)),
            Self::MultiLocation(_) => f.write_str("another chain"),
            Self::Reserved => f.write_str("nobody"),
        }
    }
}

/// SignedMessage: sender · destination · payload · sequence · signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct SignedMessage {
    pub(super) sender: Sender,
    pub(super) destination: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) sequence: u64,
    pub(super) signature: Vec<u8>,
}
