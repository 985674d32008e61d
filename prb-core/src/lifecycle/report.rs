//! What is told of a worker.

use std::sync::{Arc, Mutex, PoisonError};

use prb_walkie::proto;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::chain_view::{ChainView, session_info};
use super::inventory::WorkerRecord;
use super::machine::{Life, Phase, Trouble};
use super::notice::Health;
use super::shared::Shared;
use super::sync::plan::Counters;
use super::worker::Assignment;
use crate::chain::address::{Network, ss58};
use crate::pruntime::proto::PhactoryInfo;

mod history;
mod session;

pub use history::{WorkerHistory, WorkerMessage};

use history::History;

/// A worker as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its id in the inventory.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its pool.
    pub pid: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Since when, Unix milliseconds.
    pub since: u64,
    /// Why, for a person.
    pub message: String,
    /// Whether it needs somebody's attention.
    pub health: Health,
    /// Last relay chain header that it accepted.
    pub relay_header: Option<u32>,
    /// Last parachain header that it accepted.
    pub para_header: Option<u32>,
    /// Last parachain block that it executed.
    pub para_block: Option<u32>,
    /// It has a state.
    pub initialized: bool,
    /// Its public key.
    pub public_key: Option<[u8; 32]>,
}

impl WorkerReport {
    /// A worker that nothing is known of.
    pub(crate) fn new(uuid: Uuid, name: String, pid: u64, since: u64) -> Self {
        Self {
            uuid,
            name,
            pid,
            phase: Phase::Disabled,
            since,
            message: String::new(),
            health: Health::LeftAlone,
            relay_header: None,
            para_header: None,
            para_block: None,
            initialized: false,
            public_key: None,
        }
    }
}

/// Something changed about a worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WorkerChange {
    /// It is so now.
    Updated(Arc<WorkerReport>),
    /// It is not in the inventory any more.
    Removed(Uuid),
}

/// Where a worker's task leaves what is told of it.
pub(crate) struct Cell {
    changes: broadcast::Sender<WorkerChange>,
    inner: Mutex<Inner>,
}

struct Inner {
    report: Arc<WorkerReport>,
    info: Option<PhactoryInfo>,
    trouble: Option<Trouble>,
    history: History,
    /// When it last said something, Unix milliseconds.
    heard: Option<u64>,
}

impl Cell {
    pub(crate) fn new(
        assignment: &Assignment,
        changes: broadcast::Sender<WorkerChange>,
        shared: &Shared,
    ) -> Self {
        let WorkerRecord { uuid, name, .. } = &assignment.record;
        let since = shared.unix(shared.now());
        let report = WorkerReport::new(*uuid, name.clone(), assignment.pid, since);
        let report = Arc::new(report);
        let history = History::default();
        let inner = Inner { report, info: None, trouble: None, history, heard: None };
        Self { changes, inner: Mutex::new(inner) }
    }

    /// The worker as it is now.
    pub(crate) fn report(&self) -> Arc<WorkerReport> {
        self.lock().report.clone()
    }

    /// What keeps it from going on.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.lock().trouble.clone()
    }

    /// What happened to it of late.
    pub(crate) fn history(&self) -> WorkerHistory {
        let inner = self.lock();
        let messages = inner.history.messages().cloned().collect();
        let WorkerReport { uuid, name, .. } = &*inner.report;
        WorkerHistory { uuid: *uuid, name: name.clone(), messages }
    }

    /// When it last said something, Unix milliseconds.
    pub(crate) fn heard(&self) -> Option<u64> {
        self.lock().heard
    }

    /// Its name or pool may have changed.
    pub(crate) fn is_assigned(&self, assignment: &Assignment) {
        self.update(|report| {
            report.name.clone_from(&assignment.record.name);
            report.pid = assignment.pid;
        });
    }

    /// Its life went on.
    pub(crate) fn lives(&self, life: &Life, shared: &Shared) {
        let phase = life.phase();
        let tip = *shared.blobs.tip().borrow();
        self.lock().trouble = life.trouble();
        // Blocks that it is fed are no news.
        let text = match life.reason() {
            "" => name(phase),
            reason => reason,
        };
        self.lock().history.push(shared.unix(shared.now()), phase, text);
        self.update(|report| {
            if report.phase != phase {
                let reason = life.reason();
                tracing::info!(from = ?report.phase, to = ?phase, reason, "worker");
            }
            report.phase = phase;
            report.since = shared.unix(life.since());
            report.health = life.health();
            report.message = match life.reason() {
                _ if shared.config.config_mode => CONFIG_MODE.to_owned(),
                "" => without_reason(phase, report, tip.and_then(|tip| tip.para)),
                reason => reason.to_owned(),
            };
        });
    }

    /// Something happened to it that leaves it where it is.
    pub(crate) fn notes(&self, text: &str, shared: &Shared) {
        let mut inner = self.lock();
        let phase = inner.report.phase;
        inner.history.push(shared.unix(shared.now()), phase, text);
    }

    /// It said what it is.
    pub(crate) fn tells(
        &self,
        info: &PhactoryInfo,
        counters: Counters,
        public_key: Option<[u8; 32]>,
        shared: &Shared,
    ) {
        self.lock().info = Some(info.clone());
        self.update(|report| {
            report.initialized = info.initialized;
            report.public_key = public_key;
        });
        self.stands(counters, shared);
    }

    /// It accepted something.
    pub(crate) fn stands(&self, counters: Counters, shared: &Shared) {
        self.lock().heard = Some(shared.unix(shared.now()));
        self.update(|report| {
            let known = |next: u32| next.checked_sub(1).filter(|_| report.initialized);
            (report.relay_header, report.para_header, report.para_block) =
                (known(counters.relay), known(counters.para), known(counters.block));
        });
    }

    /// It is not in the inventory any more.
    pub(crate) fn is_removed(&self) {
        // Nobody listening is fine.
        let _ = self.changes.send(WorkerChange::Removed(self.report().uuid));
    }

    /// As peers are told.
    pub(crate) fn to_proto(&self, assignment: &Assignment, view: &ChainView) -> proto::WorkerState {
        let (report, info) = {
            let inner = self.lock();
            (inner.report.clone(), inner.info.clone())
        };
        let session = report
            .public_key
            .and_then(|key| view.peek(|values| session_info(values, &key)).ok()?.ok().flatten());
        let height = |number: Option<u32>| {
            number.map_or(-1, |number| i32::try_from(number).unwrap_or(i32::MAX))
        };
        proto::WorkerState {
            status: report.phase.wire().into(),
            parent_header_synched_to: height(report.relay_header),
            para_header_synched_to: height(report.para_header),
            para_block_dispatched_to: height(report.para_block),
            initialized: report.initialized,
            worker: Some(assignment.record.to_proto(assignment.pid)),
            public_key: report
                .public_key
                .map_or_else(String::new, |key| format!("0x{}", hex::encode(key))),
            last_message: report.message.clone(),
            worker_account_id: session
                .as_ref()
                .map_or_else(String::new, |(account, _)| ss58(account, Network::Phala)),
            session_info_json: session::json(
                session.as_ref().and_then(|(_, info)| info.as_ref()),
                info.as_ref(),
            ),
        }
    }

    fn update(&self, change: impl FnOnce(&mut WorkerReport)) {
        let mut inner = self.lock();
        let mut next = WorkerReport::clone(&inner.report);
        change(&mut next);
        if next != *inner.report {
            inner.report = Arc::new(next);
            let _ = self.changes.send(WorkerChange::Updated(inner.report.clone()));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is told of all workers of a manager that only keeps the inventory.
const CONFIG_MODE: &str = "config mode: the manager does nothing for workers";

fn without_reason(phase: Phase, report: &WorkerReport, tip: Option<u32>) -> String {
    match (phase, report.para_block, tip) {
        (Phase::Syncing, Some(block), Some(tip)) => format!("block {block} of {tip}"),
        _ => name(phase).to_owned(),
    }
}

/// What is told where the phase says all.
fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Kicked => "kicked; restart it to go on",
        phase => phase.name(),
    }
}
