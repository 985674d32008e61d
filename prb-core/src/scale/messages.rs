//! Messages that workers sign and the chain executes, one sequence per sender.

use parity_scale_codec::{Decode, Encode};
use subxt::utils::H256;

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub enum MessageOrigin {
    /// A pallet, by name.
    #[codec(index = 0)]
    Pallet(Vec<u8>),
    /// A contract.
    #[codec(index = 1)]
    Contract(H256),
    /// A worker, by its sr25519 public key.
    #[codec(index = 2)]
    Worker([u8; 32]),
    /// An account.
    #[codec(index = 3)]
    AccountId(H256),
    /// A location on another chain.
    #[codec(index = 4)]
    MultiLocation(Vec<u8>),
    /// The gatekeepers, who share one key and one sequence.
    #[codec(index = 5)]
    Gatekeeper,
    /// A cluster of contracts.
    #[codec(index = 6)]
    Cluster(H256),
    /// Used by nobody.
    #[codec(index = 255)]
    Reserved,
}

/// What is said to whom.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Message {
    /// Who sends it.
    pub sender: MessageOrigin,
    /// The topic, as text.
    pub destination: Vec<u8>,
    /// SCALE of the topic's own event type.
    pub payload: Vec<u8>,
}

/// A message with its place in the sender's sequence; the chain takes them in order, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedMessage {
    /// The message.
    pub message: Message,
    /// Counted from 0 per sender.
    pub sequence: u64,
    /// sr25519, over the message and the sequence.
    pub signature: Vec<u8>,
}

/// What a worker wants on chain: its messages that the chain state it knows has not accepted,
/// grouped by sender. A group may be empty.
pub type EgressMessages = Vec<(MessageOrigin, Vec<SignedMessage>)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_keep_their_indices() {
        for (origin, expected) in [
            (MessageOrigin::Pallet(b"a".to_vec()), "000461"),
            (MessageOrigin::Gatekeeper, "05"),
            (MessageOrigin::Reserved, "ff"),
        ] {
            assert_eq!(hex::encode(origin.encode()), expected);
        }
        let worker = MessageOrigin::Worker([7; 32]).encode();
        assert_eq!((worker[0], worker.len()), (2, 33));
    }

    #[test]
    fn a_signed_message_is_message_sequence_signature() {
        let signed = SignedMessage {
            message: Message {
                sender: MessageOrigin::Gatekeeper,
                destination: b"t".to_vec(),
                payload: vec![9],
            },
            sequence: 1,
            signature: vec![0xaa, 0xbb],
        };
        assert_eq!(hex::encode(signed.encode()), "0504740409010000000000000008aabb");
        assert_eq!(SignedMessage::decode(&mut &signed.encode()[..]), Ok(signed));
    }
}
