//! The providers there are.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::provider::Provider;
use super::{BlobClientConfig, BlobEndpoint, ProviderHealth};

/// How often the status is published.
const TICK: Duration = Duration::from_millis(500);

pub(super) struct Roster {
    config: Arc<BlobClientConfig>,
    providers: RwLock<Arc<[Arc<Provider>]>>,
    /// Something became known of a provider.
    changed: watch::Sender<()>,
    health: watch::Sender<Vec<ProviderHealth>>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Roster {
    pub(super) fn new(
        config: Arc<BlobClientConfig>,
        cancel: CancellationToken,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        Arc::new(Self {
            config,
            providers: RwLock::new(Arc::new([])),
            changed: watch::Sender::new(()),
            health: watch::Sender::new(Vec::new()),
            cancel,
            tasks,
        })
    }

    pub(super) fn providers(&self) -> Arc<[Arc<Provider>]> {
        self.providers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn health(&self) -> Vec<ProviderHealth> {
        self.providers().iter().map(|provider| provider.health()).collect()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Vec<ProviderHealth>> {
        self.health.subscribe()
    }

    /// Goes over to other candidates; who was there and still is keeps its connections.
    fn replace(&self, candidates: &[BlobEndpoint]) {
        let before = self.providers();
        let find = |candidate: &BlobEndpoint| {
            before.iter().find(|provider| provider.candidate == *candidate).cloned()
        };
        let after: Arc<[_]> = candidates
            .iter()
            .map(|candidate| find(candidate).unwrap_or_else(|| self.begin(candidate)))
            .collect();
        for provider in before.iter() {
            if !after.iter().any(|kept| Arc::ptr_eq(kept, provider)) {
                tracing::info!(provider = provider.candidate.name, "not asked any more");
                provider.dismiss();
            }
        }
        *self.providers.write().unwrap_or_else(PoisonError::into_inner) = after;
        self.changed.send_replace(());
    }

    fn begin(&self, candidate: &BlobEndpoint) -> Arc<Provider> {
        tracing::info!(provider = candidate.name, addresses = ?candidate.addresses, "found");
        let (config, changed) = (self.config.clone(), self.changed.clone());
        let cancel = self.cancel.child_token();
        Provider::start(candidate.clone(), config, changed, cancel, &self.tasks)
    }
}

/// Follows the candidates until cancelled.
pub(super) async fn follow(
    roster: Arc<Roster>,
    mut candidates: watch::Receiver<Vec<BlobEndpoint>>,
) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    candidates.mark_changed();
    loop {
        tokio::select! {
            changed = candidates.changed(), if open => match changed {
                Ok(()) => {
                    let now = candidates.borrow_and_update().clone();
                    roster.replace(&now);
                }
                // Nobody will name others: these stay.
                Err(_) => open = false,
            },
            _ = tick.tick() => {
                let now = roster.health();
                roster.health.send_if_modified(|health| {
                    let changed = *health != now;
                    *health = now;
                    changed
                });
            }
            () = roster.cancel.cancelled() => return,
        }
    }
}
