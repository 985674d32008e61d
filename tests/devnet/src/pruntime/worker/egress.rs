//! The messages a worker has sent and the chain has not accepted yet.

use std::collections::VecDeque;

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{Message, MessageOrigin, SignedMessage};
use sp_core::sr25519;

/// More than a bridge that works ever leaves behind; beyond it nothing more is sent.
const MAX_PENDING: usize = 65_536;

/// One sender's queue, in sequence.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct Egress {
    next_sequence: u64,
    pending: VecDeque<SignedMessage>,
}

impl Egress {
    /// Signs a message as the next one of the sequence.
    pub(super) fn push(&mut self, message: Message, pair: &sr25519::Pair) {
        if self.pending.len() < MAX_PENDING {
            self.pending.push_back(SignedMessage::sign(message, self.next_sequence, pair));
            self.next_sequence += 1;
        }
    }

    /// Forgets what the chain has accepted: everything below the sequence it expects next.
    pub(super) fn purge(&mut self, ingress: u64) {
        while self.pending.front().is_some_and(|message| message.sequence < ingress) {
            self.pending.pop_front();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The queue under its sender; a sender of nothing is not listed, one of accepted messages is.
    pub(super) fn by_sender(
        &self,
        sender: MessageOrigin,
    ) -> Vec<(MessageOrigin, Vec<SignedMessage>)> {
        if self.next_sequence == 0 {
            return Vec::new();
        }
        vec![(sender, self.pending.iter().cloned().collect())]
    }
}
