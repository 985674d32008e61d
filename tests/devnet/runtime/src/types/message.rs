//! Messages between off-chain senders and the chain, and how they are signed.

use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

use super::WorkerPublicKey;

/// Who sends a message.
#[derive(
    Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, PartialOrd, Ord, Debug,
)]
pub enum MessageOrigin {
    /// A pallet of the chain, by name.
    #[codec(index = 0)]
    Pallet(Vec<u8>),
    /// A confidential contract.
    #[codec(index = 1)]
    Contract(H256),
    /// A worker, by its identity key.
    #[codec(index = 2)]
    Worker(WorkerPublicKey),
    /// An account of the chain.
    #[codec(index = 3)]
    AccountId(H256),
    /// A location on another chain.
    #[codec(index = 4)]
    MultiLocation(Vec<u8>),
    /// The gatekeepers, who share one sender.
    #[codec(index = 5)]
    Gatekeeper,
    /// A cluster of workers.
    #[codec(index = 6)]
    Cluster(H256),
    /// Keeps the index space open; never sent.
    #[codec(index = 255)]
    Reserved,
}

impl MessageOrigin {
    /// Whether the sender lives outside the chain, so that its messages arrive signed.
    pub fn is_offchain(&self) -> bool {
        matches!(self, Self::Contract(_) | Self::Worker(_) | Self::Gatekeeper | Self::Cluster(_))
    }
}

/// Where a message goes.
///
/// A topic that begins with `^` is for the chain alone: it is handed to the pallets and never put
/// into a block's outbound messages.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct Topic(pub Vec<u8>);

/// The topics a worker, the chain and the gatekeepers use.
pub mod topic {
    /// Chain to workers: [`SystemEvent`](super::super::SystemEvent).
    pub const SYSTEM_EVENT: &[u8] = b"phala/system/event";
    /// Worker to gatekeepers: [`WorkingReportEvent`](super::super::WorkingReportEvent).
    pub const WORKING_REPORT: &[u8] = b"phala/mining/report";
    /// Gatekeepers to the economy: what they settled.
    pub const SETTLEMENT: &[u8] = b"^phala/mining/update";
    /// Worker to the registry: [`RegistryEvent`](super::super::RegistryEvent).
    pub const REGISTRY_EVENT: &[u8] = b"^phala/registry/event";
}

/// First bytes no topic may have.
const RESERVED_FIRST_BYTES: &[u8] = b"~!@#$%&*_+-=|<>?,./;:'";

impl Topic {
    /// Whether the topic is neither empty nor begins with a reserved byte.
    pub fn is_valid(&self) -> bool {
        self.0.first().is_some_and(|first| !RESERVED_FIRST_BYTES.contains(first))
    }

    /// Whether workers may read the messages of this topic from the outbound messages of a block.
    pub fn is_offchain(&self) -> bool {
        self.0.first() != Some(&b'^')
    }
}

impl From<&[u8]> for Topic {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// A message.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Who sends it.
    pub sender: MessageOrigin,
    /// Its topic.
    pub destination: Topic,
    /// SCALE bytes of the topic's event type.
    pub payload: Vec<u8>,
}

impl Message {
    /// A message of `sender` that carries `event` to `destination`.
    pub fn new(sender: MessageOrigin, destination: &[u8], event: &impl Encode) -> Self {
        Self { sender, destination: destination.into(), payload: event.encode() }
    }
}

/// A message of an off-chain sender with its place in the sender's sequence.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct SignedMessage {
    /// The message.
    pub message: Message,
    /// Its number among the messages of its sender, from 0.
    pub sequence: u64,
    /// The sender's sr25519 signature (64 bytes) over [`SignedMessage::signed_bytes`].
    pub signature: Vec<u8>,
}

impl SignedMessage {
    /// What the sender signs: `SCALE(message)` and then `sequence`, not wrapped in anything.
    pub fn signed_bytes(message: &Message, sequence: u64) -> Vec<u8> {
        (message, sequence).encode()
    }

    /// Signs `message` as number `sequence` of its sender.
    pub fn sign(message: Message, sequence: u64, pair: &sp_core::sr25519::Pair) -> Self {
        use sp_core::Pair as _;

        let signature = pair.sign(&Self::signed_bytes(&message, sequence)).0.to_vec();
        Self { message, sequence, signature }
    }
}
