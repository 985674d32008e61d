//! How data providers came along, as far as this monitor watched.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use prb_walkie::PeerId;
use prb_walkie::discovery::table::Standing;
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::data_provider::Info;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::monitor::asking::Asking;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// Half an hour of that.
const MOST: usize = 360;
/// Most providers watched.
const PROVIDERS: usize = 16;

/// One look at a provider: relay chain first, then parachain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(super) at: Instant,
    pub(super) behind: [f64; 2],
    pub(super) rate: [f64; 2],
}

impl Sample {
    fn new(info: &Info, at: Instant) -> Self {
        let behind = |target: i32, stored: i32| f64::from(target.saturating_sub(stored).max(0));
        Self {
            at,
            behind: [
                behind(info.parent_target, info.parent_committed_height),
                behind(info.para_target, info.para_committed_height),
            ],
            rate: [info.parent_rate, info.para_rate],
        }
    }
}

/// What was seen of each provider, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<HashMap<PeerId, VecDeque<Sample>>>);

impl History {
    /// What was seen of one.
    pub(super) fn of(&self, peer: PeerId) -> Vec<Sample> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&peer).map(|samples| samples.iter().copied().collect()).unwrap_or_default()
    }

    fn note(&self, peer: PeerId, sample: Sample) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains_key(&peer) && seen.len() >= PROVIDERS {
            let last = |samples: &VecDeque<Sample>| samples.back().map(|it| it.at);
            let oldest = seen.iter().min_by_key(|(_, samples)| last(samples)).map(|it| *it.0);
            if let Some(oldest) = oldest {
                seen.remove(&oldest);
            }
        }
        let samples = seen.entry(peer).or_default();
        if samples.len() == MOST {
            samples.pop_front();
        }
        samples.push_back(sample);
    }
}

/// Looks at all providers that answer, again and again.
pub(crate) async fn watch(asking: Arc<Asking>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut peers = asking.walkie.peers();
        peers.retain(|peer| {
            peer.standing == Standing::Live
                && matches!(
                    peer.role,
                    WalkieRoles::WrDataProviderInt | WalkieRoles::WrDataProviderExt
                )
        });
        peers.truncate(PROVIDERS);
        let looks = peers.into_iter().map(async |peer| {
            if let Ok(info) = &*asking.info(peer.id).await {
                asking.history.note(peer.id, Sample::new(info, Instant::now()));
            }
        });
        join_all(looks).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_in_looks_and_in_providers() {
        let (history, start) = (History::default(), Instant::now());
        let info = Info { parent_target: 9, parent_committed_height: -1, ..Info::default() };
        let sample = |at: u64| Sample::new(&info, start + Duration::from_secs(at));
        let first = PeerId::random();
        for at in 0..=MOST as u64 {
            history.note(first, sample(at));
        }
        let seen = history.of(first);
        assert_eq!((seen.len(), seen[0], seen[0].behind[0]), (MOST, sample(1), 10.0));
        for at in 0..PROVIDERS as u64 {
            history.note(PeerId::random(), sample(1_000 + at));
        }
        assert!(history.of(first).is_empty(), "who was not seen for longest makes room");
        assert_eq!(history.0.lock().unwrap().len(), PROVIDERS);
    }
}
