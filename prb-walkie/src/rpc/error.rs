//! Why a call to a peer brought no answer.

use libp2p::PeerId;
use thiserror::Error;
use tonic::{Code, Status};

/// Why a call to a peer brought no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// No connection could be made, or it broke.
    #[error("cannot call {method} of {peer}: {reason}")]
    Unreachable {
        /// Whom.
        peer: PeerId,
        /// What was called.
        method: String,
        /// What failed.
        reason: String,
    },
    /// The peer took too long. It may have done what was asked.
    #[error("{peer} did not answer {method} within {timeout_ms} ms")]
    Timeout {
        /// Whom.
        peer: PeerId,
        /// What was called.
        method: String,
        /// How long was waited.
        timeout_ms: u128,
    },
    /// What came back is no answer to this call.
    #[error("{peer} answered {method} with something else: {reason}")]
    Invalid {
        /// Whom.
        peer: PeerId,
        /// What was called.
        method: String,
        /// What came.
        reason: String,
    },
    /// The peer answered with an error.
    #[error("{peer} refused {method}: {} ({:?})", status.message(), status.code())]
    Refused {
        /// Whom.
        peer: PeerId,
        /// What was called.
        method: String,
        /// What it said.
        status: Box<Status>,
    },
    /// Too many calls are under way.
    #[error("too many calls are under way")]
    Busy,
    /// This node has stopped.
    #[error("this node has stopped")]
    Stopped,
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        let code = match error {
            CallError::Refused { status, .. } => return *status,
            CallError::Unreachable { .. } | CallError::Stopped => Code::Unavailable,
            CallError::Timeout { .. } => Code::DeadlineExceeded,
            CallError::Invalid { .. } => Code::DataLoss,
            CallError::Busy => Code::ResourceExhausted,
        };
        Self::new(code, error.to_string())
    }
}
