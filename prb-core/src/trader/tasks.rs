//! The trader's tasks.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Tasks that end together: one that panics ends all.
#[derive(Clone)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    kill: CancellationToken,
    panicked: Arc<AtomicBool>,
}

impl Tasks {
    pub(super) fn new(kill: CancellationToken) -> Self {
        Self { tracker: TaskTracker::new(), kill, panicked: Arc::default() }
    }

    /// More tasks of the same trader that are waited for by themselves.
    pub(super) fn group(&self) -> Self {
        Self { tracker: TaskTracker::new(), ..self.clone() }
    }

    pub(super) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let (kill, panicked) = (self.kill.clone(), Arc::clone(&self.panicked));
        let guarded = async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!("a task of the trader panicked; the trader ends");
                panicked.store(true, Ordering::Release);
                kill.cancel();
            }
        };
        self.tracker.spawn(guarded.instrument(tracing::info_span!("trader", task = name)));
    }

    /// No more tasks from outside; running ones may still spawn.
    pub(super) fn close(&self) {
        self.tracker.close();
    }

    /// Waits for all tasks; whether all ended without a panic.
    pub(super) async fn wait(&self) -> bool {
        self.tracker.wait().await;
        !self.panicked.load(Ordering::Acquire)
    }
}
