//! Why one provider did not answer.

use std::time::Duration;

use crate::blob::frame::{Corrupt, FrameError};

/// Why one provider did not answer a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("not connected: {0}")]
    NotConnected(String),
    #[error("the connection ended: {0}")]
    Ended(String),
    #[error("it owes answers and gave nothing for {0:?}")]
    Stalled(Duration),
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    /// It says so itself.
    #[error("{0}")]
    Failed(String),
    #[error("it sent damaged data: {0}")]
    Corrupt(#[from] Corrupt),
    #[error("it sent what is no answer: {0}")]
    Hostile(#[from] FrameError),
    #[error("it answers what nobody asked")]
    Unasked,
    #[error("it is not asked any more")]
    Dismissed,
}

impl Failure {
    /// Nothing more from this provider is believed for a while.
    pub(super) fn is_offence(&self) -> bool {
        matches!(self, Self::Corrupt(_) | Self::Hostile(_) | Self::Unasked)
    }
}
