//! A worker's messages on their way to the chain.
//!
//! The chain takes the messages of one sender in sequence and without gaps. A worker keeps a
//! message until it has executed a block that shows it accepted, so what a worker says is compared
//! with the chain's ingress: the next sequence it will take.

use parity_scale_codec::Encode;

use crate::scale::messages::{MessageOrigin, SignedMessage};

/// Bounds of one window of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowLimits {
    /// Most messages.
    pub(crate) messages: usize,
    /// Most bytes; one message may be larger. A block takes some 3.7 MiB.
    pub(crate) bytes: usize,
}

impl Default for WindowLimits {
    fn default() -> Self {
        Self { messages: 64, bytes: 512 << 10 }
    }
}

/// Sequences of one sender, in flight together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// First sequence.
    pub(crate) from: u64,
    /// One after the last sequence.
    pub(crate) end: u64,
}

/// What of a sender's messages the chain lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// These, SCALE, in sequence.
    Messages {
        /// Their sequences.
        window: Window,
        /// The messages.
        messages: Vec<Vec<u8>>,
    },
    /// A message that the worker does not have (any more).
    Gap {
        /// The chain waits for this sequence.
        ingress: u64,
        /// The worker's first one after it.
        first: u64,
    },
}

/// Whether messages of this sender go through the bridge. Pallets and accounts have none, and
/// what workers sign for others is accepted from any of them.
pub(crate) fn goes_to_chain(sender: &MessageOrigin) -> bool {
    matches!(
        sender,
        MessageOrigin::Contract(_)
            | MessageOrigin::Worker(_)
            | MessageOrigin::Gatekeeper
            | MessageOrigin::Cluster(_)
    )
}

/// What of `messages` the chain, at `ingress`, lacks.
pub(crate) fn due(messages: &[SignedMessage], ingress: u64, limits: &WindowLimits) -> Due {
    let mut ahead: Vec<&SignedMessage> =
        messages.iter().filter(|it| it.sequence >= ingress).collect();
    ahead.sort_by_key(|it| it.sequence);
    ahead.dedup_by_key(|it| it.sequence);
    let first = match ahead.first() {
        None => return Due::Nothing,
        Some(message) => message.sequence,
    };
    if first != ingress {
        return Due::Gap { ingress, first };
    }
    let mut window = Window { from: ingress, end: ingress };
    let mut encoded = Vec::new();
    let mut bytes = 0;
    for message in ahead {
        let message_bytes = message.encode();
        bytes += message_bytes.len();
        let full = encoded.len() >= limits.messages
            || (bytes > limits.bytes && bytes > message_bytes.len());
        if message.sequence != window.end || full {
            break;
        }
        window.end += 1;
        encoded.push(message_bytes);
    }
    Due::Messages { window, messages: encoded }
}

#[cfg(test)]
mod tests {
    use parity_scale_codec::Decode;
    use proptest::prelude::*;

    use super::*;
    use crate::scale::messages::Message;

    fn message(sequence: u64, size: usize) -> SignedMessage {
        let sender = MessageOrigin::Worker([1; 32]);
        let payload = vec![0; size];
        let message = Message { sender, destination: b"t".to_vec(), payload };
        SignedMessage { message, sequence, signature: vec![0; 64] }
    }

    fn sequences(due: &Due) -> Vec<u64> {
        let Due::Messages { window, messages } = due else { panic!("{due:?}") };
        let decode = |bytes: &Vec<u8>| SignedMessage::decode(&mut &bytes[..]).unwrap().sequence;
        let sequences: Vec<u64> = messages.iter().map(decode).collect();
        assert_eq!(sequences, (window.from..window.end).collect::<Vec<_>>());
        sequences
    }

    #[test]
    fn accepted_ones_are_dropped_and_gaps_are_not_crossed() {
        let limits = WindowLimits::default();
        let messages: Vec<_> = [2, 1, 3, 3, 5].map(|it| message(it, 1)).to_vec();
        assert_eq!(sequences(&due(&messages, 2, &limits)), [2, 3]);
        assert_eq!(sequences(&due(&messages, 5, &limits)), [5]);
        assert_eq!(due(&messages, 4, &limits), Due::Gap { ingress: 4, first: 5 });
        assert_eq!(due(&messages, 6, &limits), Due::Nothing);
    }

    #[test]
    fn a_window_is_bounded_but_never_empty() {
        let messages: Vec<_> = (0..10).map(|it| message(it, 1_000)).collect();
        let limits = |messages, bytes| WindowLimits { messages, bytes };
        assert_eq!(sequences(&due(&messages, 0, &limits(3, usize::MAX))), [0, 1, 2]);
        assert_eq!(sequences(&due(&messages, 0, &limits(9, 2_500))), [0, 1]);
        assert_eq!(sequences(&due(&messages, 0, &limits(9, 10))), [0]);
    }

    proptest! {
        /// A chain that takes each window in order ends with all that the worker has in sequence.
        #[test]
        fn windows_bring_all_messages_to_the_chain(
            count in 0..50_u64,
            ingress in 0..60_u64,
            most in 1..7_usize,
        ) {
            let messages: Vec<_> = (0..count).rev().map(|it| message(it, 10)).collect();
            let limits = WindowLimits { messages: most, bytes: 500 };
            let mut next = ingress;
            while let Due::Messages { window, messages } = due(&messages, next, &limits) {
                prop_assert_eq!(window.from, next);
                prop_assert!(!messages.is_empty() && messages.len() <= most);
                next = window.end;
            }
            prop_assert_eq!(next, count.max(ingress));
        }
    }
}
