//! What the parts say of themselves, as a view shows it.

use std::sync::Arc;

use prb_core::data_provider::ProviderStatus;
use prb_core::lifecycle::{Phase, WorkerReport};

use crate::view::{Heights, Provider, State, View, Worker};

/// The chains as the embedded network has them.
#[cfg(feature = "dev")]
pub(crate) fn chains(heights: prb_devnet::network::Heights, view: &mut View) {
    view.relay = Heights { best: heights.relay_best, finalized: heights.relay_finalized };
    view.para = Heights { best: heights.para_best, finalized: heights.para_finalized };
}

/// The data provider: what it can serve, and what keeps it.
pub(crate) fn provider(status: &ProviderStatus) -> Provider {
    // Heights are -1 before the first block.
    let height = |height: i32| u32::try_from(height).unwrap_or(0);
    let problems = status.problems.iter().map(|(stage, problem)| {
        format!("{stage}: {} ({} attempts)", problem.reason, problem.attempts)
    });
    Provider {
        relay: height(status.info.parent_committed_height),
        para: height(status.info.para_committed_height),
        problem: problems.collect::<Vec<_>>().join("; "),
    }
}

/// The workers, in the order of their names.
pub(crate) fn workers(reports: &[Arc<WorkerReport>]) -> Vec<Worker> {
    let mut workers: Vec<_> = reports.iter().map(|report| worker(report)).collect();
    workers.sort_by(|a, b| a.name.cmp(&b.name));
    workers
}

fn worker(report: &WorkerReport) -> Worker {
    Worker {
        name: report.name.clone(),
        state: match report.phase {
            Phase::Disabled => State::Disabled,
            Phase::Kicked | Phase::Draining | Phase::Drained => State::Kicked,
            Phase::Starting => State::Starting,
            Phase::Syncing => State::Syncing,
            Phase::Synced | Phase::Stopped => State::Synced,
            Phase::Preparing => State::Preparing,
            Phase::Computing => State::Computing,
            // A phase this view does not know is not one to be content with.
            _ => State::Failing,
        },
        relay: report.relay_header,
        para: report.para_header,
        blocks: report.para_block,
        message: report.message.clone(),
    }
}
