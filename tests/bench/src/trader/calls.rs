//! Calls that every chain state admits: the first message of a sender that nobody knows.

use parity_scale_codec::Encode;
use prb_core::queue::{Action, Job};
use prb_devnet_runtime::types::{Message, MessageOrigin, SignedMessage};
use sp_core::{Pair, sr25519};
use sp_crypto_hashing::blake2_256;

/// Makes jobs of one call each, none of which is the same as another.
#[derive(Default)]
pub(super) struct Calls(u64);

impl Calls {
    /// The next ones, for the pools in turn.
    pub(super) fn make(&mut self, count: usize, pools: u8) -> Vec<Job> {
        let jobs = (0..count).map(|_| {
            let number = self.0;
            self.0 += 1;
            Job { pid: 1 + number % u64::from(pools), action: message(number) }
        });
        jobs.collect()
    }
}

fn message(number: u64) -> Action {
    let pair = sr25519::Pair::from_seed(&blake2_256(&number.encode()));
    let message = Message::new(MessageOrigin::Worker(pair.public()), b"phala/test", &());
    Action::SyncMessages { messages: vec![SignedMessage::sign(message, 0, &pair).encode()] }
}
