//! What can go wrong with the store.

use crate::error::{Classify, ErrorClass};

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be used.
    #[error("cannot use {path}: {reason}")]
    Folder {
        /// Which folder.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The bucket cannot be used as it is configured.
    #[error("cannot use the bucket: {reason}")]
    Bucket {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing has been stored there yet by the provider that ingests.
    #[error("no store was made there yet: {object} is missing")]
    Absent {
        /// What every store has.
        object: String,
    },
    /// The store is only read here.
    #[error("cannot write {object}: the store is only read here")]
    ReadOnly {
        /// What was to be written.
        object: String,
    },
    /// There is too little room on the disk. Writing goes on when there is more.
    #[error("the disk of {path} is full: {free} bytes are free, {wanted} are wanted")]
    Full {
        /// A folder on it.
        path: String,
        /// Bytes free.
        free: u64,
        /// Bytes that must be free.
        wanted: u64,
    },
    /// Another process uses the folder.
    #[error("the store in {path} is in use{}", .holder.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    InUse {
        /// Which folder.
        path: String,
        /// The process, if it said so.
        holder: Option<u32>,
    },
    /// sled cannot open the folder.
    #[error("cannot open the records in {path}: {reason}")]
    Open {
        /// Which folder.
        path: String,
        /// What sled said.
        reason: String,
    },
    /// The object store failed.
    #[error("cannot {action} {object}: {reason}")]
    Object {
        /// read, write, delete or list.
        action: &'static str,
        /// The object's name.
        object: String,
        /// What the object store said.
        reason: String,
    },
    /// An object is damaged.
    #[error("{object} is damaged: {reason}")]
    Damaged {
        /// The object's name.
        object: String,
        /// What does not fit.
        reason: String,
    },
    /// sled failed.
    #[error("the records failed: {0}")]
    Records(String),
    /// The store was written by another version.
    #[error("{path} has schema {found}, this version knows {known} alone")]
    Schema {
        /// Which folder.
        path: String,
        /// Found there.
        found: u32,
        /// The one known.
        known: u32,
    },
    /// What is to be stored does not follow what is there.
    #[error("cannot store {what} {found} where {expected} is wanted")]
    OutOfOrder {
        /// Which series.
        what: &'static str,
        /// Wanted next.
        expected: u32,
        /// Offered.
        found: u32,
    },
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Records(error.to_string())
    }
}

impl Classify for StoreError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Folder { .. }
            | Self::Bucket { .. }
            | Self::Full { .. }
            | Self::InUse { .. }
            | Self::Open { .. }
            | Self::Schema { .. } => ErrorClass::Operator,
            Self::OutOfOrder { .. } | Self::ReadOnly { .. } => ErrorClass::Permanent,
            Self::Object { reason, .. } | Self::Records(reason)
                if reason.contains("No space left") || reason.contains("Permission denied") =>
            {
                ErrorClass::Operator
            }
            Self::Absent { .. } | Self::Object { .. } | Self::Damaged { .. } | Self::Records(_) => {
                ErrorClass::Transient
            }
        }
    }
}
