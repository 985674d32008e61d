//! Whether a message that goes alone has its turn.

use std::cmp::Ordering;

use super::{Account, StepError};
use crate::chain::Refusal;
use crate::error::ErrorClass;

impl Account {
    /// Fails a single outgoing message that is not the one the chain waits for.
    ///
    /// A message in an extrinsic of its own is checked by the pool: one that comes too early is
    /// parked there, and every later extrinsic of the account with it. In a batch it would just
    /// fail by itself.
    pub(super) async fn check_turn(&mut self) -> Result<(), StepError> {
        let [job] = &self.outgoing[..] else { return Ok(()) };
        let (Some((sender, sequence)), 1) = (&job.calls.messages, job.calls.calls.len()) else {
            return Ok(());
        };
        let next = match self.shared.chain.mq_next_sequence(sender).await {
            Ok(next) => next,
            // The node is no Phala node, or hides the method: the pool will tell.
            Err(error) if error.refusal() == Some(Refusal::Unsupported) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let reason = match sequence.cmp(&next) {
            Ordering::Equal => return Ok(()),
            Ordering::Less => format!("it is there already: the next one is {next}"),
            Ordering::Greater => {
                format!("it is not its turn: message {next} of the sender must come first")
            }
        };
        self.fail_outgoing(&reason, ErrorClass::Transient);
        Ok(())
    }
}
