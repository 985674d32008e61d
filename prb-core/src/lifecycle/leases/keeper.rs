//! Asks for leases and keeps them.

use std::sync::Arc;
use std::time::Duration;

use super::{Leases, TTL};
use crate::queue::WorkerKey;
use crate::queue::lease::{LeaseAnswer, LeaseRequest, LeaseStore};

/// Between two renewals.
const INTERVAL: Duration = Duration::from_secs(4);

/// Keys in one request.
const MOST: usize = 500;

/// So long what is asked for at once is gathered.
const GATHER: Duration = Duration::from_millis(20);

/// Another manager uses the queue with another identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the queue is used by a manager of another identity, {manager}: managers that share a queue \
     share their identity"
)]
pub struct NoLeases {
    /// The other one's identity and name.
    pub manager: String,
}

/// Who keeps a manager's leases.
pub(crate) struct Keeper {
    pub(crate) leases: Arc<Leases>,
    pub(crate) store: Arc<dyn LeaseStore>,
    /// Names the identity that secrets are sealed to.
    pub(crate) identity: String,
    /// The same whenever the manager runs on its folder.
    pub(crate) manager: String,
    /// For people.
    pub(crate) name: String,
}

impl Keeper {
    /// Asks whether the queue may be used. One that cannot be asked is asked later.
    pub(crate) async fn begin(&self) -> Result<(), NoLeases> {
        match self.exchange(Vec::new(), Vec::new()).await {
            Some(LeaseAnswer::OtherIdentity { manager }) => Err(NoLeases { manager }),
            Some(LeaseAnswer::States(_)) | None => Ok(()),
        }
    }

    /// Keeps the leases until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            self.renew().await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = self.leases.asked.notified() => tokio::time::sleep(GATHER).await,
            }
        }
    }

    async fn renew(&self) {
        let (wanted, mut given_back) = self.leases.book().due(self.leases.now());
        // At least one, so that the identity is seen to.
        let requests = wanted.len().div_ceil(MOST).max(1);
        for request in 0..requests {
            let part = wanted.iter().skip(request * MOST).take(MOST).copied().collect();
            self.exchange(part, std::mem::take(&mut given_back)).await;
        }
    }

    async fn exchange(
        &self,
        wanted: Vec<(WorkerKey, bool)>,
        given_up: Vec<WorkerKey>,
    ) -> Option<LeaseAnswer> {
        let request = LeaseRequest {
            identity: self.identity.clone(),
            manager: self.manager.clone(),
            name: self.name.clone(),
            ttl: TTL,
            wanted,
            given_up,
        };
        let asked = self.leases.now();
        let answer = self.store.exchange(&request).await;
        let mut book = self.leases.book();
        match &answer {
            Ok(LeaseAnswer::States(states)) => {
                let keys = request.wanted.iter().map(|(key, _)| *key);
                book.answered(keys, states.clone(), &request.given_up, asked);
            }
            Ok(LeaseAnswer::OtherIdentity { manager }) => {
                let reason = NoLeases { manager: manager.clone() }.to_string();
                tracing::error!(reason, "leases are lost");
                book.refused(reason);
            }
            Err(error) => {
                tracing::warn!(%error, "leases cannot be renewed");
                book.failed(error.to_string());
            }
        }
        answer.ok()
    }
}
