//! What the parts say of themselves, as a view shows it.

use prb_core::data_provider::ProviderStatus;
use prb_devnet::network;

use crate::view::{Heights, Provider, View};

/// The chains as the network has them.
pub(super) fn chains(heights: network::Heights, view: &mut View) {
    view.relay = Heights { best: heights.relay_best, finalized: heights.relay_finalized };
    view.para = Heights { best: heights.para_best, finalized: heights.para_finalized };
}

/// The data provider: what it can serve, and what keeps it.
pub(super) fn provider(status: &ProviderStatus) -> Provider {
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
