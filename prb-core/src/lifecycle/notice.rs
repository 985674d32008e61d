//! Tells operators when a worker is in trouble, and when it is well again.
//!
//! What is told, and when, is a [value](decision::Decision) fed with how the workers are and with
//! time. A [task](driver) reads the workers' reports for it, and logs and posts what it says.

use serde::Serialize;
use uuid::Uuid;

mod decision;
mod driver;
mod webhook;

pub(crate) use driver::Driver;
pub(crate) use webhook::Poster;
pub use webhook::{SIGNATURE_HEADER, SecretLength, TIMESTAMP_HEADER, Webhook, WebhookSecret};

/// Whether a worker needs somebody's attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// It earns, or is on its way.
    Well,
    /// Disabled, kicked, drained or stopped: nothing is expected of it.
    LeftAlone,
    /// It cannot be reached, or does not answer.
    Offline,
    /// The chain holds it for unresponsive: its heartbeats do not arrive.
    Unresponsive,
    /// Something else keeps it from earning.
    Error,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// A worker cannot be reached, or does not answer.
    Offline,
    /// The chain holds a worker for unresponsive.
    Unresponsive,
    /// Something else keeps a worker from earning.
    Error,
    /// A worker that was in trouble is well, and stayed so for a while.
    Recovered,
    /// Many workers at once; they are counted.
    Digest,
}

/// What an operator is told. As JSON it is the body of a webhook's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notice {
    /// Its own id: the same when it is sent again.
    pub id: Uuid,
    /// When it was decided, Unix milliseconds.
    pub at: u64,
    /// What it is about.
    pub kind: NoticeKind,
    /// For a person.
    pub message: String,
    /// The worker; none in a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<NoticeWorker>,
    /// How many workers a digest is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<NoticeCounts>,
}

/// Whom a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NoticeWorker {
    /// Its id in the inventory.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its pool.
    pub pid: u64,
}

/// How many workers a digest is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NoticeCounts {
    /// That cannot be reached.
    pub offline: usize,
    /// That the chain holds for unresponsive.
    pub unresponsive: usize,
    /// That something else keeps from earning.
    pub error: usize,
    /// That are well again.
    pub recovered: usize,
}

impl Health {
    /// What is told of it.
    fn kind(self) -> Option<NoticeKind> {
        match self {
            Self::Well | Self::LeftAlone => None,
            Self::Offline => Some(NoticeKind::Offline),
            Self::Unresponsive => Some(NoticeKind::Unresponsive),
            Self::Error => Some(NoticeKind::Error),
        }
    }
}
