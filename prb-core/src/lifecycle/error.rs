//! What can go wrong with a lifecycle manager as a whole.

use std::time::Duration;

use super::{InventoryError, NoLeases};
use crate::error::{Classify, ErrorClass};

/// Why a lifecycle manager cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The builder was not given all it needs.
    #[error("a lifecycle manager needs {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// No HTTP client can be made.
    #[error("cannot make HTTP connections: {reason}")]
    Http {
        /// What the system said.
        reason: String,
    },
}

impl Classify for BuildError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Operator
    }
}

/// Why a lifecycle manager does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The inventory cannot be opened.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The queue is another's.
    #[error(transparent)]
    Leases(#[from] NoLeases),
}

impl Classify for ServiceError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Inventory(error) => error.class(),
            Self::Leases(_) => ErrorClass::Operator,
        }
    }
}

/// Why something was not done with workers. Nothing was done with any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No worker has that uuid or name.
    #[error("there is no worker {id:?}")]
    NotFound {
        /// As it was given.
        id: String,
    },
    /// The inventory refused.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The manager is stopping.
    #[error("the lifecycle manager is stopping")]
    Stopping,
}

impl Classify for CommandError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NotFound { .. } => ErrorClass::Permanent,
            Self::Inventory(error) => error.class(),
            Self::Stopping => ErrorClass::Transient,
        }
    }
}

/// Calls in flight were given up.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the lifecycle manager did not stop within {after:?}; calls in flight were given up")]
pub struct ShutdownError {
    /// How long they were waited for.
    pub after: Duration,
}

impl Classify for ShutdownError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}
