//! Which of several managers speaks for a worker.

use std::time::Duration;

use futures::future::BoxFuture;

use super::{QueueError, WorkerKey};

/// Where managers that share a queue agree on who speaks for which worker.
pub trait LeaseStore: Send + Sync + 'static {
    /// Asks for leases, keeps and gives back, in one step. May be asked again.
    fn exchange<'a>(
        &'a self,
        request: &'a LeaseRequest,
    ) -> BoxFuture<'a, Result<LeaseAnswer, QueueError>>;
}

/// What a manager asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Names the identity that operators' secrets are sealed to, without spaces.
    pub identity: String,
    /// The manager's own id, without spaces: another process with the same one goes on with its
    /// leases.
    pub manager: String,
    /// What the manager is called, for a person.
    pub name: String,
    /// How long a lease lasts.
    pub ttl: Duration,
    /// Keys of workers, and whether the manager has the lease now.
    pub wanted: Vec<(WorkerKey, bool)>,
    /// Leases to give back.
    pub given_up: Vec<WorkerKey>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// A manager with another identity uses the queue; nothing was done.
    OtherIdentity {
        /// Its identity and its name.
        manager: String,
    },
    /// One state for each key asked for, in their order.
    States(Vec<LeaseState>),
}

/// Who has a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// The manager that asked.
    Held,
    /// Nobody is known to, and the store has not been there for as long as a lease lasts: somebody
    /// may still have it.
    Unsettled,
    /// Another manager, by its name.
    Other(String),
}
