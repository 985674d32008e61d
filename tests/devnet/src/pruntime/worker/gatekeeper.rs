//! What a worker says as one of the gatekeepers. They share a key and a sender, and all of them say
//! the same of the same blocks.

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{Message, MessageOrigin, SignedMessage, topic};
use sp_core::{Pair as _, sr25519};

use super::BlockView;
use super::egress::Egress;

/// Blocks between two messages.
const INTERVAL: u32 = 4;

/// The gatekeepers' part in a worker; part of a checkpoint, but for the key.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct Gatekeeper {
    egress: Egress,
}

impl Gatekeeper {
    /// Lives through one applied block, if the worker has the key that the chain knows.
    pub(super) fn on_block(&mut self, view: &BlockView, master_key_seed: Option<[u8; 32]>) {
        self.egress.purge(view.gatekeeper_ingress);
        let Some(seed) = master_key_seed.filter(|_| view.number.is_multiple_of(INTERVAL)) else {
            return;
        };
        let pair = sr25519::Pair::from_seed(&seed);
        if view.gatekeeper_master_key == Some(pair.public()) {
            let settled = (view.number, view.now_ms);
            let message = Message::new(MessageOrigin::Gatekeeper, topic::SETTLEMENT, &settled);
            self.egress.push(message, &pair);
        }
    }

    /// What the chain has not accepted yet.
    pub(super) fn egress(&self) -> Vec<(MessageOrigin, Vec<SignedMessage>)> {
        self.egress.by_sender(MessageOrigin::Gatekeeper)
    }
}
