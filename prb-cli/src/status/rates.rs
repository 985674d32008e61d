//! How fast a bridge gets on, from what was found at two moments. Pure.

use serde::Serialize;

use super::facts::Facts;

/// Per second; none where one of the moments does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rates {
    /// Blocks that the relay chain finalized.
    pub(super) relay: Option<f64>,
    /// Blocks that the parachain finalized.
    pub(super) para: Option<f64>,
    /// Parachain blocks that workers executed, all together.
    pub(super) executed: Option<f64>,
    /// Jobs that ended.
    pub(super) jobs: Option<f64>,
}

impl Rates {
    /// Between two moments that are `seconds` apart.
    pub(super) fn between(before: &Facts, after: &Facts, seconds: f64) -> Self {
        let rate = |of: fn(&Facts) -> Option<u64>| {
            // What became less was counted anew: it tells nothing.
            let more = of(after)?.checked_sub(of(before)?)?;
            (seconds > 0.0).then(|| more as f64 / seconds)
        };
        Self {
            relay: rate(|facts| facts.finalized()[0].map(u64::from)),
            para: rate(|facts| facts.finalized()[1].map(u64::from)),
            executed: rate(executed),
            jobs: rate(ended),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "-".into(), |it| format!("{it:.2}"));
        format!(
            "per second: relay chain {} blocks, parachain {}, executed by workers {}, jobs {}",
            rate(self.relay),
            rate(self.para),
            rate(self.executed),
            rate(self.jobs)
        )
    }
}

/// Blocks that all workers have executed.
fn executed(facts: &Facts) -> Option<u64> {
    let states = facts.managers.iter().filter_map(|it| it.told.as_ref().ok()).flatten();
    let heights = states.map(|state| u64::try_from(state.para_block_dispatched_to).unwrap_or(0));
    (!facts.managers.is_empty()).then(|| heights.sum())
}

/// Jobs that have ended and are still kept.
fn ended(facts: &Facts) -> Option<u64> {
    let queue = facts.queue.as_ref()?.as_ref().ok()?;
    Some(queue.counts.succeeded + queue.counts.failed)
}
