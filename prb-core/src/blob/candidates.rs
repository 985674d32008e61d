//! Which data providers there are, and which is best.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::data_provider::Info;
use tokio::sync::watch;

/// Relay chain blocks that a provider may be behind another and count as level with it: both
/// follow the same tip, and who is asked first differs by chance.
const LEVEL: i32 = 8;

/// A data provider that could be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is known by: its peer id, in base58.
    pub id: Arc<str>,
    /// Where it can be reached, the likeliest first, as multiaddresses.
    pub addresses: Vec<String>,
    /// What it last said of itself; none before its first answer.
    pub info: Option<Info>,
    /// How long its last answer took.
    pub latency: Duration,
    /// Questions in a row that it did not answer.
    pub failures: u32,
}

impl Candidate {
    /// Whether it answered when it was last asked.
    pub fn is_well(&self) -> bool {
        self.failures == 0 && self.info.is_some()
    }

    /// Whether what was asked of it may still be answered: one failure may be that of one
    /// question.
    pub fn may_answer(&self) -> bool {
        self.failures < 2
    }
}

/// Who could be asked, kept up to date by somebody else.
pub trait Candidates: Send + Sync + 'static {
    /// The healthiest first, whenever that changes.
    fn subscribe(&self) -> watch::Receiver<Arc<[Candidate]>>;

    /// It did not answer: others come first until it answers again.
    fn failed(&self, id: &str);

    /// Why there is nobody to ask, for people.
    fn why_none(&self) -> String;
}

/// Puts the healthiest first: those who answer, then those who have the most, then the quickest.
///
/// Differences that are chance do not count, so that the order stays when nothing has changed.
pub(crate) fn rank(candidates: &mut [Candidate]) {
    let height = |it: &Candidate| it.info.as_ref().map_or(-1, |info| info.parent_committed_height);
    let highest = candidates.iter().filter(|it| it.is_well()).map(height).max().unwrap_or(-1);
    candidates.sort_by_cached_key(|candidate| {
        let level = height(candidate) >= highest.saturating_sub(LEVEL);
        let behind = if level { Reverse(i32::MAX) } else { Reverse(height(candidate)) };
        // Twice as long is slower; anything less is chance.
        let latency = candidate.latency.as_millis().max(1).ilog2();
        (!candidate.is_well(), candidate.failures, behind, latency, candidate.id.clone())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, height: i32, latency_ms: u64, failures: u32) -> Candidate {
        Candidate {
            id: id.into(),
            addresses: Vec::new(),
            info: Some(Info { parent_committed_height: height, ..Info::default() }),
            latency: Duration::from_millis(latency_ms),
            failures,
        }
    }

    fn ranked(mut candidates: Vec<Candidate>) -> Vec<Arc<str>> {
        rank(&mut candidates);
        candidates.into_iter().map(|candidate| candidate.id).collect()
    }

    #[test]
    fn who_answers_comes_before_who_has_more_and_that_before_who_is_quick() {
        let order = ranked(vec![
            candidate("silent", 2000, 1, 1),
            candidate("quick", 500, 1, 0),
            candidate("slow", 1000, 80, 0),
            candidate("level", 995, 20, 0),
        ]);
        assert_eq!(
            order.iter().map(|id| &**id).collect::<Vec<_>>(),
            ["level", "slow", "quick", "silent"]
        );
    }

    #[test]
    fn chance_does_not_change_the_order() {
        let order = ranked(vec![candidate("b", 1000, 5, 0), candidate("a", 998, 7, 0)]);
        let later = ranked(vec![candidate("b", 1001, 7, 0), candidate("a", 1003, 5, 0)]);
        assert_eq!(order, later);
    }

    #[test]
    fn one_that_never_answered_is_not_well() {
        let mut unknown = candidate("unknown", 0, 0, 0);
        unknown.info = None;
        assert!(!unknown.is_well());
        assert_eq!(*ranked(vec![unknown, candidate("known", -1, 1, 0)])[0], *"known");
    }
}
