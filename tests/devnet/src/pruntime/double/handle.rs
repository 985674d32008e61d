//! The running double, as tests and embedders hold it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{DoubleError, DoubleExit, Exit, SHUTDOWN_DEADLINE};
use crate::pruntime::call::Method;
use crate::pruntime::instance::{Fault, Instance};
use crate::pruntime::phactory::Phactory;
use crate::pruntime::proto::PhactoryInfo;

/// One worker of a running double; the double ends when it is told to, not when handles drop.
#[derive(Clone)]
pub struct DoubleHandle {
    address: SocketAddr,
    index: usize,
    instances: Arc<[Arc<Instance>]>,
    exit: Exit,
    draining: CancellationToken,
    tasks: TaskTracker,
}

impl std::fmt::Debug for DoubleHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoubleHandle").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

impl DoubleHandle {
    pub(super) fn new(
        address: SocketAddr,
        instances: Vec<Arc<Instance>>,
        exit: Exit,
        draining: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self { address, index: 0, instances: instances.into(), exit, draining, tasks }
    }

    /// Another worker of the same double; `None` beyond the last.
    pub fn worker(&self, index: usize) -> Option<Self> {
        (index < self.instances.len()).then(|| Self { index, ..self.clone() })
    }

    /// Where the double listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a bridge reaches this worker, without a slash at the end.
    pub fn endpoint(&self) -> String {
        match self.index {
            0 => format!("http://{}", self.address),
            index => format!("http://{}/w/{index}", self.address),
        }
    }

    /// What GetInfo answers.
    pub async fn info(&self) -> PhactoryInfo {
        self.instance().read(Phactory::info).await
    }

    /// Root of the para state after the last dispatched block, lower-case hex without 0x; empty
    /// before InitRuntime.
    pub async fn state_root(&self) -> String {
        self.info().await.state_root
    }

    /// Refuses the next `count` changing calls with the text of a background dispatch.
    pub fn refuse_next(&self, count: u32) {
        self.instance().refuse_next(count);
    }

    /// Answers calls of a method so from now on; without a fault as it should.
    pub fn answer_with(&self, method: Method, fault: Option<Fault>) {
        self.instance().answer_with(method, fault);
    }

    /// Makes each dispatch from now on take at least this long.
    pub fn delay_dispatch(&self, delay: Duration) {
        self.instance().delay_dispatch(delay);
    }

    /// Replaces the worker's process by one that starts from its newest checkpoint, so that its
    /// counters go back; without a checkpoint it starts uninitialized.
    pub async fn restart_from_checkpoint(&self) -> Result<(), DoubleError> {
        Ok(self.instance().restart().await?)
    }

    /// Ends the whole double at once, as a crash does: no request is answered any more.
    pub fn kill(&self) {
        self.exit.finish(DoubleExit::Aborted("killed".into()));
    }

    /// Ends the whole double, letting requests under way finish within a deadline.
    pub async fn shutdown(&self) {
        self.draining.cancel();
        self.tasks.close();
        let drained = tokio::time::timeout(SHUTDOWN_DEADLINE, self.tasks.wait()).await;
        if drained.is_err() {
            tracing::warn!("requests under way are cut off");
        }
        self.exit.finish(DoubleExit::Shutdown);
    }

    /// Waits for the end of the whole double.
    pub async fn wait(&self) -> DoubleExit {
        let mut reason = self.exit.reason.subscribe();
        // The sender is held by this very handle, so there is always a value to wait for.
        let exit = reason.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(DoubleExit::Shutdown)
    }

    fn instance(&self) -> &Arc<Instance> {
        &self.instances[self.index]
    }
}
