//! A running lifecycle manager.

use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::WorkerStateUpdate;
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, PoolList, UpdatePool, UpdateWorker, WorkerList,
};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod last_keys;

use super::error::{CommandError, ShutdownError};
use super::explain::Explanation;
use super::fleet::Fleet;
use super::inventory::{Catalogue, Goal, Inventory, InventoryError};
use super::machine::Told;
use super::report::{WorkerChange, WorkerHistory, WorkerReport};
use super::shared::Shared;

/// A running lifecycle manager; clones are the same one.
#[derive(Clone)]
pub struct LifecycleHandle {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// Closed by a shutdown. Held while it is changed, so that changes reach the workers in the
    /// order in which they are made.
    pub(super) inventory: tokio::sync::Mutex<Option<Arc<Inventory>>>,
    /// What is in it.
    pub(super) catalogue: watch::Sender<Arc<Catalogue>>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: CancellationToken,
    pub(super) abort: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) followers: TaskTracker,
    pub(super) shutdown_timeout: Duration,
}

/// How far the manager has come with both chains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heights {
    /// Relay chain block up to which workers can be fed.
    pub relay: Option<u32>,
    /// Parachain block up to which workers can be fed.
    pub para: Option<u32>,
    /// Finalized parachain block at which workers are judged.
    pub view: Option<u32>,
}

impl LifecycleHandle {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// All pools.
    pub fn list_pools(&self) -> PoolList {
        self.inner.catalogue.borrow().pool_list()
    }

    /// Adds pools, all or none; answers with them.
    pub async fn create_pools(&self, request: CreatePool) -> Result<PoolList, CommandError> {
        let pools = self.change(|inventory| inventory.create_pools(request)).await?;
        Ok(PoolList { pools })
    }

    /// Changes or deletes pools, all or none; answers with them as they are now, or were.
    ///
    /// A pool is given in full. One without an owner keeps the one it has.
    pub async fn update_pools(&self, request: UpdatePool) -> Result<PoolList, CommandError> {
        let pools = self.change(|inventory| inventory.update_pools(request)).await?;
        Ok(PoolList { pools })
    }

    /// All workers.
    pub fn list_workers(&self) -> WorkerList {
        self.inner.catalogue.borrow().worker_list()
    }

    /// Adds workers, all or none, and begins to keep them; answers with them.
    pub async fn create_workers(&self, request: CreateWorker) -> Result<WorkerList, CommandError> {
        let workers = self.change(|inventory| inventory.create_workers(request)).await?;
        Ok(WorkerList { workers })
    }

    /// Changes or deletes workers, all or none; answers with them as they are now, or were.
    pub async fn update_workers(&self, request: UpdateWorker) -> Result<WorkerList, CommandError> {
        let workers = self.change(|inventory| inventory.update_workers(request)).await?;
        Ok(WorkerList { workers })
    }

    /// Begins anew with workers, named by uuid or name, also with such as were drained.
    pub async fn restart_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.restart(ids, false).await
    }

    /// Begins anew with workers, and registers them with a fresh report.
    pub async fn refresh_ra_and_restart_workers(
        &self,
        ids: &[String],
    ) -> Result<WorkerStateUpdate, CommandError> {
        self.restart(ids, true).await
    }

    /// Gives up what is done for workers, and leaves them alone until they are restarted, or the
    /// manager is.
    pub fn kick_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.tell(ids, Told::Kick)
    }

    /// Has workers save their state and go on. What came of it is their next
    /// message in their [history](LifecycleHandle::worker_histories).
    pub fn checkpoint_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.tell(ids, Told::Checkpoint)
    }

    /// Stops feeding workers, has them save their state, and leaves them alone until they are
    /// restarted or changed, whatever becomes of the manager. Once one is
    /// [drained](super::Phase::Drained) its process may be stopped.
    pub async fn drain_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.set_drained(ids, true).await?;
        self.states_of(ids)
    }

    /// Has workers stop computing on chain, and their stake brought back to the pool once they have
    /// cooled down. They are fed on, stay in their pool, and begin again when they are
    /// [started](LifecycleHandle::start_workers), whatever becomes of the manager.
    pub async fn stop_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.set_goal(ids, Goal::Stop).await
    }

    /// The same, and takes them out of their pool afterwards. What the chain knows of their
    /// registration stays.
    pub async fn retire_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.set_goal(ids, Goal::LeavePool).await
    }

    /// Lets workers compute again that were stopped or retired. A cool-down that has begun is
    /// waited for.
    pub async fn start_workers(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        self.set_goal(ids, Goal::Compute).await
    }

    /// How workers are; all of them if none is named.
    pub fn worker_states(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        Ok(WorkerStateUpdate { worker_states: self.inner.fleet.states(ids)? })
    }

    /// Why workers earn, or what keeps them from it; all of them if none is named.
    ///
    /// What the chain says is taken from the manager's view; for a worker that it never looked at,
    /// the chain is asked.
    pub async fn explain_workers(&self, ids: &[String]) -> Result<Vec<Explanation>, CommandError> {
        self.inner.fleet.explain(ids).await
    }

    /// How all workers are, in short.
    pub fn reports(&self) -> Vec<Arc<WorkerReport>> {
        self.inner.fleet.reports()
    }

    /// What happened to workers of late; to all workers if none is named.
    pub fn worker_histories(&self, ids: &[String]) -> Result<Vec<WorkerHistory>, CommandError> {
        self.inner.fleet.histories(ids)
    }

    /// How far the manager has come with both chains.
    pub fn heights(&self) -> Heights {
        let tip = *self.inner.shared.blobs.tip().borrow();
        Heights {
            relay: tip.map(|tip| tip.relay),
            para: tip.and_then(|tip| tip.para),
            view: *self.inner.shared.view.moved().borrow(),
        }
    }

    /// Changes of workers from now on. A receiver that lags reads [`LifecycleHandle::reports`]
    /// again.
    pub fn subscribe(&self) -> broadcast::Receiver<WorkerChange> {
        self.inner.fleet.subscribe()
    }

    /// Stops feeding, lets calls in flight end, and gives them up when they take too long.
    pub async fn shutdown(&self) -> Result<(), ShutdownError> {
        let inner = &self.inner;
        self.keep_keys().await;
        inner.stop.cancel();
        inner.tasks.close();
        inner.followers.close();
        let ended = tokio::time::timeout(inner.shutdown_timeout, inner.tasks.wait()).await;
        inner.abort.cancel();
        inner.tasks.wait().await;
        inner.followers.wait().await;
        inner.inventory.lock().await.take();
        ended.map_err(|_| ShutdownError { after: inner.shutdown_timeout })
    }

    /// Waits until it is shut down.
    pub async fn wait(&self) {
        self.inner.stop.cancelled().await;
        self.inner.tasks.wait().await;
        self.inner.followers.wait().await;
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// How all workers are, and when each last said something, Unix milliseconds.
    pub(super) fn heard(&self) -> Vec<(Arc<WorkerReport>, Option<u64>)> {
        self.inner.fleet.heard()
    }

    /// Cancelled once it begins to stop.
    #[cfg(feature = "walkie")]
    pub(super) fn stopping(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    fn tell(&self, ids: &[String], told: Told) -> Result<WorkerStateUpdate, CommandError> {
        self.inner.fleet.tell(ids, told)?;
        self.states_of(ids)
    }

    async fn restart(
        &self,
        ids: &[String],
        register_anew: bool,
    ) -> Result<WorkerStateUpdate, CommandError> {
        self.set_drained(ids, false).await?;
        self.tell(ids, Told::Restart { register_anew })
    }

    async fn set_drained(&self, ids: &[String], drained: bool) -> Result<(), CommandError> {
        let workers = self.inner.fleet.uuids(ids)?;
        self.change(move |inventory| inventory.set_drained(&workers, drained)).await
    }

    async fn set_goal(
        &self,
        ids: &[String],
        goal: Goal,
    ) -> Result<WorkerStateUpdate, CommandError> {
        let workers = self.inner.fleet.uuids(ids)?;
        self.change(move |inventory| inventory.set_goal(&workers, goal)).await?;
        self.states_of(ids)
    }

    /// How these are; none if none is named.
    fn states_of(&self, ids: &[String]) -> Result<WorkerStateUpdate, CommandError> {
        if ids.is_empty() {
            return Ok(WorkerStateUpdate::default());
        }
        self.worker_states(ids)
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Inventory) -> Result<T, InventoryError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let inventory = self.inner.inventory.lock().await;
        if self.inner.stop.is_cancelled() {
            return Err(CommandError::Stopping);
        }
        let open = inventory.as_ref().ok_or(CommandError::Stopping)?.clone();
        // It waits for the disk.
        let changed = tokio::task::spawn_blocking(move || {
            change(&open).map(|answer| (answer, open.catalogue()))
        });
        let (answer, catalogue) = changed.await.map_err(|_| CommandError::Stopping)??;
        self.inner.fleet.reconcile(&catalogue);
        self.inner.catalogue.send_replace(catalogue);
        Ok(answer)
    }
}
