//! Reads how the workers are, and has what is to be told logged and posted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::decision::{Decision, Pace};
use super::webhook::Poster;
use super::{Notice, NoticeKind};
use crate::lifecycle::report::WorkerReport;
use crate::lifecycle::shared::Shared;

/// How often is looked.
const INTERVAL: Duration = Duration::from_secs(1);

/// After a notice of a worker, before its next trouble is told; and the window of digests.
const GAP: u64 = 60_000;

/// Notices of one worker told in a window, before they are put together.
const MOST: usize = 20;

/// Notices that wait to be posted.
const WAITING: usize = 256;

/// Who tells operators of workers.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    poster: Option<Poster>,
}

impl Driver {
    /// Logs, and posts where there is somebody to post to.
    pub(crate) fn new(shared: Arc<Shared>, poster: Option<Poster>) -> Self {
        Self { shared, poster }
    }

    /// Tells until it is dropped.
    pub(crate) async fn run(self, reports: impl Fn() -> Vec<Arc<WorkerReport>>) {
        let Self { shared, poster } = self;
        let Some(poster) = poster else { return watch(&shared, reports, None).await };
        let (waiting, notices) = mpsc::channel(WAITING);
        tokio::join!(watch(&shared, reports, Some(waiting)), poster.run(notices));
    }
}

async fn watch(
    shared: &Shared,
    reports: impl Fn() -> Vec<Arc<WorkerReport>>,
    waiting: Option<mpsc::Sender<Notice>>,
) {
    let recovered_after = shared.config.recovered_after.as_millis() as u64;
    let pace = Pace { recovered_after, gap: GAP, window: GAP, most: MOST };
    let mut decision = Decision::new(pace);
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for notice in decision.observe(&reports(), shared.unix(shared.now())) {
            log(&notice);
            if waiting.as_ref().is_some_and(|waiting| waiting.try_send(notice).is_err()) {
                tracing::warn!(WAITING, "too many notices wait to be posted; one is dropped");
            }
        }
    }
}

fn log(notice: &Notice) {
    let Notice { kind, message, worker, .. } = notice;
    let name = worker.as_ref().map(|worker| &*worker.name);
    match kind {
        NoticeKind::Recovered => tracing::info!(name, message, "a worker has recovered"),
        NoticeKind::Offline => tracing::warn!(name, message, "a worker is offline"),
        NoticeKind::Unresponsive => tracing::warn!(name, message, "a worker is unresponsive"),
        NoticeKind::Error => tracing::warn!(name, message, "a worker is in error"),
        NoticeKind::Digest => tracing::warn!(message, "many workers changed"),
    }
}
