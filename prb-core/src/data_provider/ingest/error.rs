//! Why ingesting does not go on.

use crate::chain::{ChainError, ChainSource};
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

impl Refused {
    /// Refuses what `source` gave; from now on others are asked before it.
    pub(crate) fn by(source: &dyn ChainSource, block: String, reason: &impl ToString) -> Self {
        source.distrust();
        Self { block, endpoint: source.endpoint(), reason: reason.to_string() }
    }
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
