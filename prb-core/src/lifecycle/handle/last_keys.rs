//! Keeps which public keys workers told, so that a later manager finds on chain those that are gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;

use super::LifecycleHandle;
use crate::lifecycle::error::CommandError;

/// A worker that is new for no longer may be forgotten by a manager that is killed.
const EVERY: Duration = Duration::from_secs(10);

impl LifecycleHandle {
    /// From now on until it is shut down.
    pub(in crate::lifecycle) fn begin_to_keep_keys(&self) {
        let (inner, abort) = (Arc::downgrade(&self.inner), self.inner.abort.clone());
        let keep = async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while abort.run_until_cancelled(ticks.tick()).await.is_some() {
                let Some(inner) = inner.upgrade() else { return };
                Self { inner }.keep_keys().await;
            }
        };
        let span = tracing::info_span!("lifecycle", task = "last_keys");
        self.inner.followers.spawn(keep.instrument(span));
    }

    /// Those that are news. That it cannot be done is said, and it is tried again.
    pub(super) async fn keep_keys(&self) {
        let catalogue = self.inner.catalogue.borrow().clone();
        let told = self.inner.fleet.reports().into_iter();
        let told = told.filter_map(|report| Some((report.uuid, report.public_key?)));
        let news: Vec<_> =
            told.filter(|(uuid, key)| catalogue.last_key(*uuid) != Some(*key)).collect();
        if news.is_empty() {
            return;
        }
        match self.change(move |inventory| inventory.set_last_keys(&news)).await {
            Ok(()) | Err(CommandError::Stopping) => {}
            Err(error) => tracing::warn!(%error, "the keys of workers are not kept"),
        }
    }
}
