//! What is wrong with a file.

use std::fmt;

use crate::error::{Classify, ErrorClass};
use crate::lifecycle::Field;

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A line of CSV, counted from 1.
    Line(u64),
    /// An item of a list, counted from 1.
    Item(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(item) => write!(f, "item {item}"),
        }
    }
}

/// Why a file cannot be taken in. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is not of the kind that it seems to be. Its content is not shown: secrets may be in it.
    #[error("the file cannot be read: {reason}")]
    Malformed {
        /// What does not fit, and where.
        reason: String,
    },
    /// A field's value cannot be used.
    #[error("{place}: {field}: {reason}")]
    Invalid {
        /// Where it stands.
        place: Place,
        /// Which field.
        field: Field,
        /// What is wrong with it.
        reason: String,
    },
}

impl ImportError {
    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }

    pub(super) fn invalid(place: Place, field: Field, reason: impl Into<String>) -> Self {
        Self::Invalid { place, field, reason: reason.into() }
    }
}

impl Classify for ImportError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Permanent
    }
}
