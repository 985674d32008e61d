//! What a worker answers when it does not do what was asked.

use std::time::Duration;

use super::{Endpoint, Method};
use crate::error::{Classify, ErrorClass};

/// Why a call did not give an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PruntimeError {
    /// The worker answered, with an error.
    #[error("{endpoint} refused {method}: {text} (HTTP {status})")]
    Refused {
        /// Which worker.
        endpoint: Endpoint,
        /// Which call.
        method: Method,
        /// HTTP status.
        status: u16,
        /// The worker's own words.
        text: String,
    },
    /// No connection, or it broke.
    #[error("{endpoint} cannot be reached for {method}: {reason}")]
    Unreachable {
        /// Which worker.
        endpoint: Endpoint,
        /// Which call.
        method: Method,
        /// What the transport said.
        reason: String,
    },
    /// No answer in time.
    #[error("{endpoint} did not answer {method} within {after:?}")]
    Deadline {
        /// Which worker.
        endpoint: Endpoint,
        /// Which call.
        method: Method,
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer does not decode, or is longer than any answer may be.
    #[error("{endpoint} gave a malformed answer to {method}: {reason}")]
    Malformed {
        /// Which worker.
        endpoint: Endpoint,
        /// Which call.
        method: Method,
        /// What is wrong with it.
        reason: String,
    },
    /// More calls wait for this worker than may.
    #[error("{endpoint} has too many calls waiting for {method}")]
    Busy {
        /// Which worker.
        endpoint: Endpoint,
        /// Which call.
        method: Method,
    },
}

/// A block whose storage changes do not give its state root, as a worker tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRootMismatch {
    /// Parachain block.
    pub block: u32,
    /// Root in the block's header, as the worker prints it.
    pub expected: String,
    /// Root after the changes.
    pub actual: String,
}

impl PruntimeError {
    /// The worker's own words, if it answered.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Refused { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A block is being executed in the background: the same call will do later.
    pub fn is_rcu_refusal(&self) -> bool {
        self.says("RCU in progress")
    }

    /// The headers or blocks do not begin where the worker stands.
    pub fn is_block_number_mismatch(&self) -> bool {
        self.says("BlockNumberMismatch")
    }

    /// The worker has no state (any more).
    pub fn is_not_initialized(&self) -> bool {
        ["Runtime not initialized", "System is uninitialized", "Runtime is uninitialized"]
            .iter()
            .any(|words| self.says(words))
    }

    /// The worker has a state already.
    pub fn is_already_initialized(&self) -> bool {
        self.says("Runtime already initialized")
    }

    /// The worker's sealed key belongs to another chain or another start block.
    pub fn is_other_chain(&self) -> bool {
        self.says("Genesis block hash mismatches with saved keys")
            || self.says("Parachain id mismatches")
    }

    /// The request is longer than the worker takes.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused { status: 413, .. })
    }

    /// A block's storage changes did not give its state root.
    pub fn state_root_mismatch(&self) -> Option<StateRootMismatch> {
        let (_, rest) = self.text()?.split_once("StateRootMismatch ")?;
        let field = |name: &str| {
            let (_, value) = rest.split_once(name)?;
            let end = value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len());
            Some(value[..end].to_owned())
        };
        Some(StateRootMismatch {
            block: field("block=")?.parse().ok()?,
            expected: field("expected=")?,
            actual: field("actual=")?,
        })
    }

    /// Workers tell their errors apart by words alone, and wrap them in others.
    fn says(&self, words: &str) -> bool {
        self.text().is_some_and(|text| text.contains(words))
    }
}

impl Classify for PruntimeError {
    fn class(&self) -> ErrorClass {
        if self.is_other_chain() { ErrorClass::Operator } else { ErrorClass::Transient }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> PruntimeError {
        PruntimeError::Refused {
            endpoint: "http://h:1".parse().unwrap(),
            method: Method::DispatchBlocks,
            status: 500,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_state_root_mismatch_names_the_block_and_both_roots() {
        let root = "ab".repeat(32);
        let error = refused(&format!(
            "FooError(StateRootMismatch block=411243 expected=0x{root} actual=0x00)"
        ));
        let mismatch = error.state_root_mismatch().unwrap();
        assert_eq!(mismatch.block, 411_243);
        assert_eq!(mismatch.expected, format!("0x{root}"));
        assert_eq!(mismatch.actual, "0x00");
        assert_eq!(refused("NoStateRoot").state_root_mismatch(), None);
        assert_eq!(refused("StateRootMismatch block=x").state_root_mismatch(), None);
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        assert!(refused("RCU in progress, please try the request again later").is_rcu_refusal());
        assert!(refused("RpcError(BlockNumberMismatch)").is_block_number_mismatch());
        assert!(refused("Runtime not initialized").is_not_initialized());
        let other = refused("Genesis block hash mismatches with saved keys, expected 0x00");
        assert_eq!(other.class(), ErrorClass::Operator);
    }
}
