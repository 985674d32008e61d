//! The challenges a worker has not answered, as a plain value.

use parity_scale_codec::{Decode, Encode};
use scale_info::TypeInfo;

/// The blocks of the challenges a worker has yet to answer, oldest first.
///
/// Never holds more than the heartbeat window and one block: older ones are dropped as missed.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug, Default)]
pub struct Waiting(Vec<u32>);

impl Waiting {
    /// Adds the challenge of `block`.
    pub fn challenge(&mut self, block: u32) {
        self.0.push(block);
    }

    /// Takes the answer to the challenge of `block`; false if there is none to answer.
    pub fn answer(&mut self, block: u32) -> bool {
        let before = self.0.len();
        self.0.retain(|waiting| *waiting != block);
        self.0.len() < before
    }

    /// Drops the challenges that are more than `window` blocks old at block `now`; true if there
    /// were any.
    pub fn drop_missed(&mut self, now: u32, window: u32) -> bool {
        let before = self.0.len();
        self.0.retain(|block| now.saturating_sub(*block) <= window);
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_challenge_is_missed_one_block_after_its_window() {
        let mut waiting = Waiting::default();
        waiting.challenge(5);
        assert!(!waiting.drop_missed(15, 10));
        assert!(waiting.drop_missed(16, 10));
        assert!(!waiting.drop_missed(17, 10), "it is missed once");
        assert!(!waiting.answer(5));
    }

    #[test]
    fn an_answered_challenge_is_not_missed() {
        let mut waiting = Waiting::default();
        waiting.challenge(5);
        waiting.challenge(7);
        assert!(waiting.answer(7), "in any order");
        assert!(!waiting.answer(7), "once");
        assert!(waiting.answer(5));
        assert!(!waiting.drop_missed(100, 10));
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_the_window(hits in proptest::collection::vec(any::<bool>(), 0..100)) {
            let mut waiting = Waiting::default();
            for (now, hit) in (1u32..).zip(hits) {
                if hit {
                    waiting.challenge(now);
                }
                waiting.drop_missed(now, 10);
                prop_assert!(waiting.0.len() <= 11);
            }
        }
    }
}
