//! What is wrong with a change of the inventory.

use std::fmt;

use crate::error::{Classify, ErrorClass};

/// A part of a request that somebody has to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The identity of the pool or worker to change.
    Id,
    /// The pool's content.
    Pool,
    /// The worker's content.
    Worker,
    /// Name of a pool or worker.
    Name,
    /// The pool's id on chain.
    Pid,
    /// The account that signs for a pool.
    Owner,
    /// The proxied account.
    RealPhalaSs58,
    /// Address of a worker.
    Endpoint,
    /// Stake of a worker.
    Stake,
    /// Whether a pool's workers, or a worker, live.
    Enabled,
    /// Whether they are only kept in sync.
    SyncOnly,
    /// Whether a worker is never added to its pool.
    Gatekeeper,
    /// Where others reach a worker.
    PublicEndpoints,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Pool => "pool",
            Self::Worker => "worker",
            Self::Name => "name",
            Self::Pid => "pid",
            Self::Owner => "owner",
            Self::RealPhalaSs58 => "realPhalaSs58",
            Self::Endpoint => "endpoint",
            Self::Stake => "stake",
            Self::Enabled => "enabled",
            Self::SyncOnly => "syncOnly",
            Self::Gatekeeper => "gatekeeper",
            Self::PublicEndpoints => "publicEndpoints",
        })
    }
}

/// Why a change was refused. Nothing of the request was carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// A field's value cannot be used.
    #[error("{}{field}: {reason}", place(*.item))]
    Invalid {
        /// Which item of the request, counted from 0.
        item: Option<usize>,
        /// Which field.
        field: Field,
        /// What is wrong with it.
        reason: String,
    },
    /// Another pool or worker has it already.
    #[error("{}{field}: {reason}", place(*.item))]
    Duplicate {
        /// Which item of the request, counted from 0.
        item: Option<usize>,
        /// Which field.
        field: Field,
        /// What has it.
        reason: String,
    },
    /// No pool or worker is known by that identity.
    #[error("{}there is no {what}", place(*.item))]
    NotFound {
        /// Which item of the request, counted from 0.
        item: Option<usize>,
        /// What was asked for.
        what: String,
    },
    /// The inventory cannot be opened, read or written.
    #[error("the inventory {action} failed: {reason}")]
    Store {
        /// What was attempted.
        action: &'static str,
        /// What the store said.
        reason: String,
    },
}

fn place(item: Option<usize>) -> String {
    item.map_or_else(String::new, |item| format!("item {}: ", item + 1))
}

impl InventoryError {
    pub(super) fn invalid(field: Field, reason: impl Into<String>) -> Self {
        Self::Invalid { item: None, field, reason: reason.into() }
    }

    pub(super) fn missing(field: Field) -> Self {
        Self::invalid(field, "missing")
    }

    pub(super) fn duplicate(field: Field, reason: impl Into<String>) -> Self {
        Self::Duplicate { item: None, field, reason: reason.into() }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { item: None, what: what.into() }
    }

    /// The same error, of an item of the request.
    pub(super) fn at(mut self, index: usize) -> Self {
        match &mut self {
            Self::Invalid { item, .. }
            | Self::Duplicate { item, .. }
            | Self::NotFound { item, .. } => {
                *item = Some(index);
            }
            Self::Store { .. } => {}
        }
        self
    }
}

impl Classify for InventoryError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Store { .. } => ErrorClass::Operator,
            _ => ErrorClass::Permanent,
        }
    }
}
