//! Which data providers there are, and which is best.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::data_provider::Info;
use tokio::sync::watch;

use super::BlobKey;

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

/// Whether a provider that is so far has what is under `key`, and all of it: where its parachain
/// begins in the middle of a chunk, others have more.
pub(super) fn holds(info: &Info, key: BlobKey) -> bool {
    let reaches = |stored: i32, number: u32| known(stored).is_some_and(|stored| stored >= number);
    let start = known(info.para_start_header).unwrap_or(0);
    match key {
        BlobKey::Relay(number) => reaches(info.parent_committed_height, number),
        BlobKey::Headers(chunk) => {
            let first = chunk.saturating_mul(info.headers_per_chunk);
            first >= start && reaches(info.para_committed_height, first)
        }
        BlobKey::Blocks(chunk) => {
            let first = chunk.saturating_mul(info.blocks_per_chunk);
            (first > start || start == 0) && reaches(info.para_committed_height, first)
        }
        BlobKey::Genesis(_) | BlobKey::States | BlobKey::StatePart { .. } => true,
    }
}

/// Numbers below zero are not known.
pub(super) fn known(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

/// Whom to ask for `key`: the first who is well and has it, or else the first who is well.
pub(super) fn choose(candidates: &[Candidate], key: Option<BlobKey>) -> Option<&Candidate> {
    let well = || candidates.iter().filter(|it| it.is_well());
    let has =
        |it: &&Candidate| it.info.as_ref().zip(key).is_some_and(|(info, key)| holds(info, key));
    well().find(has).or_else(|| well().next())
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

    #[test]
    fn a_chunk_is_held_from_its_first_item_on() {
        let info = Info {
            parent_committed_height: 100,
            para_committed_height: 31,
            headers_per_chunk: 16,
            blocks_per_chunk: 4,
            ..Info::default()
        };
        assert!(holds(&info, BlobKey::Relay(100)) && !holds(&info, BlobKey::Relay(101)));
        assert!(holds(&info, BlobKey::Headers(1)) && !holds(&info, BlobKey::Headers(2)));
        assert!(holds(&info, BlobKey::Blocks(7)) && !holds(&info, BlobKey::Blocks(8)));
        let light = Info { para_start_header: 16, ..info };
        assert!(holds(&light, BlobKey::Headers(1)) && !holds(&light, BlobKey::Headers(0)));
        assert!(holds(&light, BlobKey::Blocks(5)) && !holds(&light, BlobKey::Blocks(4)));
        let nothing = Info { parent_committed_height: -1, ..info };
        assert!(!holds(&nothing, BlobKey::Relay(0)));
    }

    #[test]
    fn who_has_it_is_asked_and_else_the_best() {
        let info = Info {
            para_committed_height: 100,
            blocks_per_chunk: 4,
            headers_per_chunk: 16,
            ..Info::default()
        };
        let with = |id, para_start_header, failures| Candidate {
            info: Some(Info { para_start_header, ..info }),
            ..candidate(id, 100, 1, failures)
        };
        let asked = |them: &[Candidate], key| choose(them, key).map(|it| it.id.to_string());
        let [light, full, silent] =
            [with("light", 60, 0), with("full", 0, 0), with("silent", 0, 1)];
        let both = [light.clone(), full];
        assert_eq!(asked(&both, Some(BlobKey::Blocks(2))).unwrap(), "full");
        assert_eq!(asked(&both, Some(BlobKey::Blocks(20))).unwrap(), "light");
        assert_eq!(asked(&both, None).unwrap(), "light");
        assert_eq!(asked(&[light, silent.clone()], Some(BlobKey::Blocks(2))).unwrap(), "light");
        assert_eq!(asked(&[silent], None), None);
    }
}
