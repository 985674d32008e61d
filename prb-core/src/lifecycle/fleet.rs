//! One task for each worker in the inventory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prb_walkie::proto;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use super::CommandError;
use super::chain_view::seen;
use super::explain::{Explanation, Situation, explain};
use super::inventory::{Catalogue, PoolRecord, WorkerRecord};
use super::machine::{Policy, Told};
use super::report::{Cell, WorkerChange, WorkerHistory, WorkerReport};
use super::shared::Shared;
use super::worker::{Assignment, Worker};

/// Most wills of operators that wait for one worker.
const MAX_WAITING: usize = 16;

/// Changes of workers that a slow subscriber may be behind.
const MAX_CHANGES: usize = 4096;

/// The workers' tasks.
pub(crate) struct Fleet {
    shared: Arc<Shared>,
    slots: Mutex<BTreeMap<Uuid, Slot>>,
    changes: broadcast::Sender<WorkerChange>,
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

struct Slot {
    assignment: watch::Sender<Arc<Assignment>>,
    told: mpsc::Sender<Told>,
    cell: Arc<Cell>,
    stop: CancellationToken,
}

impl Fleet {
    /// Workers end after their call in flight at `stop`, and at once at `abort`.
    pub(crate) fn new(
        shared: Arc<Shared>,
        tasks: TaskTracker,
        stop: CancellationToken,
        abort: CancellationToken,
    ) -> Self {
        let changes = broadcast::Sender::new(MAX_CHANGES);
        Self { shared, slots: Mutex::default(), changes, tasks, stop, abort }
    }

    /// Changes of workers from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<WorkerChange> {
        self.changes.subscribe()
    }

    /// Makes the tasks those of the catalogue: new workers begin, changed ones go on as they are
    /// now, deleted ones end. Others are not touched.
    pub(crate) fn reconcile(&self, catalogue: &Catalogue) {
        let mut wanted: BTreeMap<Uuid, Assignment> = catalogue
            .workers()
            .filter_map(|(worker, pool)| {
                let assignment = self.assignment(worker, pool)?;
                Some((worker.uuid, assignment))
            })
            .collect();
        let mut slots = self.lock();
        slots.retain(|uuid, slot| {
            let keep = wanted.contains_key(uuid);
            if !keep {
                slot.stop.cancel();
                slot.cell.is_removed();
            }
            keep
        });
        for (uuid, slot) in slots.iter() {
            if let Some(assignment) = wanted.remove(uuid) {
                slot.assign(assignment);
            }
        }
        for (uuid, assignment) in wanted {
            slots.insert(uuid, self.begin(assignment));
        }
    }

    fn assignment(&self, worker: &WorkerRecord, pool: &PoolRecord) -> Option<Assignment> {
        // It was checked when it was put into the inventory.
        let endpoint = worker.endpoint.parse().ok()?;
        Some(Assignment {
            record: worker.clone(),
            endpoint,
            pid: pool.pid,
            operator: *pool.operator_account(),
            policy: Policy {
                enabled: worker.enabled && pool.enabled && !self.shared.config.config_mode,
                sync_only: worker.sync_only || pool.sync_only || self.shared.config.sync_only,
                drained: worker.drained,
                goal: worker.goal,
            },
        })
    }

    fn begin(&self, assignment: Assignment) -> Slot {
        let cell = Arc::new(Cell::new(&assignment, self.changes.clone(), &self.shared));
        let (told, wills) = mpsc::channel(MAX_WAITING);
        let stop = self.stop.child_token();
        let span = tracing::info_span!(
            "worker",
            name = assignment.record.name,
            pid = assignment.pid,
            uuid = %assignment.record.uuid
        );
        let (assignment, assigned) = watch::channel(Arc::new(assignment));
        let worker = Worker::new(self.shared.clone(), assigned, wills, cell.clone(), stop.clone());
        let abort = self.abort.clone();
        let life = async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = worker.run() => {}
            }
        };
        self.tasks.spawn(life.instrument(span));
        Slot { assignment, told, cell, stop }
    }

    /// Tells workers an operator's will. An id is a uuid or a name.
    pub(crate) fn tell(&self, ids: &[String], told: Told) -> Result<(), CommandError> {
        let slots = self.lock();
        let chosen = find(&slots, ids)?;
        if matches!(told, Told::Restart { .. }) {
            self.shared.totals.restarted(chosen.len());
        }
        for slot in chosen {
            slot.tell(told);
        }
        Ok(())
    }

    /// The workers that these names or uuids are of, all or none.
    pub(crate) fn uuids(&self, ids: &[String]) -> Result<Vec<Uuid>, CommandError> {
        let slots = self.lock();
        let found = find(&slots, ids)?;
        Ok(found.into_iter().map(|slot| slot.assignment.borrow().record.uuid).collect())
    }

    /// How workers are; all workers if no id is given.
    pub(crate) fn states(&self, ids: &[String]) -> Result<Vec<proto::WorkerState>, CommandError> {
        let slots = self.lock();
        let view = &self.shared.view;
        let states = chosen(&slots, ids)?
            .into_iter()
            .map(|slot| slot.cell.to_proto(&slot.assignment.borrow().clone(), view));
        Ok(states.collect())
    }

    /// Why workers earn or do not; all workers if no id is given.
    pub(crate) async fn explain(&self, ids: &[String]) -> Result<Vec<Explanation>, CommandError> {
        let chosen: Vec<_> = {
            let slots = self.lock();
            let chosen = if ids.is_empty() { slots.values().collect() } else { find(&slots, ids)? };
            let of = |slot: &Slot| (slot.cell.clone(), slot.assignment.borrow().clone());
            chosen.into_iter().map(of).collect()
        };
        let mut explanations = Vec::with_capacity(chosen.len());
        for (cell, assignment) in chosen {
            explanations.push(self.explain_one(&cell, &assignment).await);
        }
        Ok(explanations)
    }

    async fn explain_one(&self, cell: &Cell, assignment: &Assignment) -> Explanation {
        let report = cell.report();
        let on_chain = match report.public_key.or(assignment.record.last_key) {
            None => Err("its public key is not known".to_owned()),
            Some(public_key) => {
                let subject = assignment.subject(public_key);
                let seen = self.shared.view.look(|values| seen(values, &subject)).await;
                let wanted = assignment.wanted(self.shared.config.min_score(), false);
                seen.map(|seen| (wanted, seen)).map_err(|error| error.to_string())
            }
        };
        let situation = Situation {
            name: &report.name,
            phase: report.phase,
            message: &report.message,
            policy: assignment.policy,
            config_mode: self.shared.config.config_mode,
            block: report.para_block,
            trouble: cell.trouble(),
            on_chain,
        };
        let conditions = explain(&situation);
        Explanation { uuid: report.uuid, name: report.name.clone(), conditions }
    }

    /// How all workers are, in short.
    pub(crate) fn reports(&self) -> Vec<Arc<WorkerReport>> {
        self.lock().values().map(|slot| slot.cell.report()).collect()
    }

    /// How all workers are, and when each last said something, Unix milliseconds.
    pub(crate) fn heard(&self) -> Vec<(Arc<WorkerReport>, Option<u64>)> {
        self.lock().values().map(|slot| (slot.cell.report(), slot.cell.heard())).collect()
    }

    /// What happened to workers of late; to all workers if no id is given.
    pub(crate) fn histories(&self, ids: &[String]) -> Result<Vec<WorkerHistory>, CommandError> {
        let slots = self.lock();
        Ok(chosen(&slots, ids)?.into_iter().map(|slot| slot.cell.history()).collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that are named; all if none is.
fn chosen<'a>(
    slots: &'a BTreeMap<Uuid, Slot>,
    ids: &[String],
) -> Result<Vec<&'a Slot>, CommandError> {
    if ids.is_empty() { Ok(slots.values().collect()) } else { find(slots, ids) }
}

/// All of them, or none.
fn find<'a>(
    slots: &'a BTreeMap<Uuid, Slot>,
    ids: &[String],
) -> Result<Vec<&'a Slot>, CommandError> {
    let find = |id: &String| {
        let by_uuid = Uuid::parse_str(id).ok().and_then(|uuid| slots.get(&uuid));
        let by_name = || slots.values().find(|slot| slot.assignment.borrow().record.name == *id);
        by_uuid.or_else(by_name).ok_or_else(|| CommandError::NotFound { id: id.clone() })
    };
    ids.iter().map(find).collect()
}

impl Slot {
    fn assign(&self, assignment: Assignment) {
        let before = self.assignment.borrow().clone();
        if *before == assignment {
            return;
        }
        let moved = before.endpoint != assignment.endpoint;
        let policy = assignment.policy;
        self.cell.is_assigned(&assignment);
        self.assignment.send_replace(Arc::new(assignment));
        self.tell(Told::Configure(policy));
        if moved {
            self.tell(Told::Restart { register_anew: false });
        }
    }

    fn tell(&self, told: Told) {
        // A task reads its operator's will whatever else it does, so this means a flood of wills.
        if self.told.try_send(told).is_err() {
            tracing::warn!(?told, worker = self.cell.report().name, "too much is told at once");
        }
    }
}
