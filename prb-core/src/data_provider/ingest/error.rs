//! Why ingesting does not go on.

use crate::chain::ChainError;
use crate::store::StoreError;

/// Something a node gave that is wrong.
#[derive(Clone, Debug, thiserror::Error)]
#[error("refused {block} from {endpoint}: {reason}")]
pub(crate) struct Refused {
    /// Which block.
    pub(crate) block: String,
    /// Which node.
    pub(crate) endpoint: String,
    /// What is wrong.
    pub(crate) reason: String,
}

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing is wrong, it is too early.
    #[error("{0}")]
    NotYet(String),
}
