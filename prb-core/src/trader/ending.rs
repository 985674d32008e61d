//! How a job ends in the queue.

use std::time::Duration;

use super::calls::Call;
use crate::error::ErrorClass;
use crate::queue::{Action, CallOutcome, CallResult, Failure, Outcome};

/// What the queue is told of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// At least one call was executed.
    Succeeded(Outcome),
    /// None was.
    Failed {
        /// Why, for a person.
        failure: Failure,
        /// When to try again, if at all.
        retry_after: Option<Duration>,
    },
}

/// Where an extrinsic is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// 0x hex of the extrinsic's hash.
    pub(super) extrinsic_hash: String,
    /// 0x hex of the block's hash.
    pub(super) block_hash: String,
    /// The block's number.
    pub(super) block_number: u32,
}

/// Ends a job whose calls are final with these results.
pub(super) fn finalized(calls: &[Call], results: Vec<CallOutcome>, place: &Place) -> Ending {
    let executed = results.iter().any(CallOutcome::is_ok);
    let reason = refusals(calls, &results);
    let calls: Vec<_> = calls
        .iter()
        .zip(results)
        .map(|(call, outcome)| CallResult { call: call.name(), outcome })
        .collect();
    if executed {
        return Ending::Succeeded(Outcome {
            extrinsic_hash: place.extrinsic_hash.clone(),
            block_hash: place.block_hash.clone(),
            block_number: place.block_number,
            calls,
        });
    }
    let reason = format!("{reason} (block {})", place.block_number);
    Ending::Failed { failure: Failure { reason, transient: false, calls }, retry_after: None }
}

/// Each refused call in words, with the chain's error and what it means.
fn refusals(calls: &[Call], results: &[CallOutcome]) -> String {
    let told = calls.iter().zip(results).filter_map(|(call, outcome)| match outcome {
        CallOutcome::Ok => None,
        CallOutcome::Error { error, docs } if docs.is_empty() => {
            Some(format!("could not {}: {} says {error}", call.words, call.name()))
        }
        CallOutcome::Error { error, docs } => {
            Some(format!("could not {}: {} says {error}: {docs}", call.words, call.name()))
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// How often and when a job is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    /// Most tries of a job.
    pub(super) max_attempts: u32,
    /// Wait before the second try; doubles each time.
    pub(super) first: Duration,
}

impl RetryPolicy {
    /// Ends a job that came to no block. Messages are not tried again here: managers know better
    /// which ones the chain still lacks.
    pub(super) fn failed(
        &self,
        action: &Action,
        attempts: u32,
        reason: impl Into<String>,
        class: ErrorClass,
    ) -> Ending {
        let messages = matches!(action, Action::SyncMessages { .. });
        let again = class == ErrorClass::Transient && !messages && attempts + 1 < self.max_attempts;
        let after = self.first.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX));
        Ending::Failed { failure: Failure::new(reason, class), retry_after: again.then_some(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(words: &str) -> Call {
        Call {
            pallet: "PhalaStakePoolv2",
            call: "start_computing",
            arguments: Vec::new(),
            words: words.to_owned(),
        }
    }

    fn place() -> Place {
        Place { extrinsic_hash: "0x1".into(), block_hash: "0x2".into(), block_number: 7 }
    }

    fn refused() -> CallOutcome {
        CallOutcome::Error {
            error: "PhalaStakePoolv2.InsufficientFreeStake".into(),
            docs: "The pool's balance is not enough".into(),
        }
    }

    #[test]
    fn a_refused_call_is_told_with_its_worker_and_the_chains_reason() {
        let Ending::Failed { failure, retry_after } =
            finalized(&[call("start worker 0x01")], vec![refused()], &place())
        else {
            panic!("nothing was executed")
        };
        assert_eq!(
            failure.reason,
            "could not start worker 0x01: PhalaStakePoolv2.start_computing says \
             PhalaStakePoolv2.InsufficientFreeStake: The pool's balance is not enough (block 7)"
        );
        assert_eq!((failure.transient, failure.calls.len(), retry_after), (false, 1, None));
    }

    #[test]
    fn one_executed_call_makes_a_success_with_the_others_results() {
        let calls = [call("a"), call("b")];
        let Ending::Succeeded(outcome) =
            finalized(&calls, vec![CallOutcome::Ok, refused()], &place())
        else {
            panic!("one was executed")
        };
        assert_eq!(outcome.calls[1].outcome, refused());
    }

    #[test]
    fn transient_failures_are_tried_again_a_few_times_but_never_messages() {
        let policy = RetryPolicy { max_attempts: 3, first: Duration::from_secs(10) };
        let add = Action::AddWorker { public_key: [1; 32] };
        let after = |action: &Action, attempts, class| {
            let Ending::Failed { retry_after, .. } = policy.failed(action, attempts, "no", class)
            else {
                panic!("it failed")
            };
            retry_after
        };
        assert_eq!(after(&add, 0, ErrorClass::Transient), Some(Duration::from_secs(10)));
        assert_eq!(after(&add, 1, ErrorClass::Transient), Some(Duration::from_secs(20)));
        assert_eq!(after(&add, 2, ErrorClass::Transient), None);
        assert_eq!(after(&add, 0, ErrorClass::Permanent), None);
        let messages = Action::SyncMessages { messages: vec![Vec::new()] };
        assert_eq!(after(&messages, 0, ErrorClass::Transient), None);
    }
}
