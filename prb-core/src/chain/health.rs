//! How the nodes of a chain are, and which of them to ask. Pure.

use std::time::Duration;

/// What is known of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointHealth {
    /// Its address, without credentials.
    pub endpoint: String,
    /// Whether it answered the last time it was talked to; `None` before the first time.
    pub reachable: Option<bool>,
    /// It serves another chain and is never asked.
    pub other_chain: bool,
    /// Whether it has caught up with its peers, by its own word.
    pub synced: Option<bool>,
    /// Height of its newest finalized block, as last looked at.
    pub finalized: Option<u32>,
    /// How long it takes to answer what costs it nothing.
    pub latency: Option<Duration>,
    /// Whether it keeps the states of old blocks.
    pub archive: Option<bool>,
    /// Whether it can prove finality of old blocks.
    pub proves_finality: Option<bool>,
    /// It failed a moment ago: others are asked before it.
    pub resting: bool,
    /// It gave something wrong lately: others are asked before it.
    pub distrusted: bool,
    /// Answers of it that were refused since the start.
    pub refused: u64,
    /// Requests since the start.
    pub calls: u64,
    /// Requests that were not answered.
    pub failures: u64,
    /// Connections to it that were made anew.
    pub reconnects: u64,
    /// Bytes of JSON in its answers.
    pub bytes: u64,
    /// What it last failed with, until it answers again.
    pub problem: Option<String>,
}

/// What a request needs of a node besides an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Need {
    /// Nothing special.
    Anything,
    /// The state of a block, perhaps an old one.
    State,
    /// A proof of finality.
    Finality,
}

/// Which of the nodes that serve equally well is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointPolicy {
    /// The first in the order of the configuration.
    #[default]
    FailOver,
    /// Any of them, to spread the load.
    Random,
}

/// A node is behind when another one has finalized so many blocks more.
const BEHIND: u32 = 16;

impl EndpointHealth {
    /// Why none of these nodes can be asked; `None` when one can, or has not been tried.
    pub(crate) fn none_answers(nodes: &[Self]) -> Option<String> {
        let reason = |node: &Self| {
            let away = node.reachable == Some(false);
            let reason = if node.other_chain { "it serves another chain" } else { "no answer" };
            let reason = node.problem.as_deref().unwrap_or(reason);
            (away || node.other_chain).then(|| format!("{}: {reason}", node.endpoint))
        };
        let reasons: Option<Vec<_>> = nodes.iter().map(reason).collect();
        let reasons = reasons.filter(|reasons| !reasons.is_empty())?;
        Some(format!("no node answers: {}", reasons.join("; ")))
    }

    /// Whether it can do what is needed; `None` if that is not known.
    pub fn serves(&self, need: Need) -> Option<bool> {
        match need {
            Need::Anything => Some(true),
            Need::State => self.archive,
            Need::Finality => self.proves_finality,
        }
    }

    /// Lower is better; the more telling comes first.
    fn rank(&self, need: Need, newest: u32) -> [bool; 4] {
        let behind = self.finalized.is_some_and(|height| newest.saturating_sub(height) >= BEHIND);
        let unfit = self.serves(need) == Some(false);
        let syncing = self.synced == Some(false);
        [self.resting, unfit, self.distrusted, behind || syncing]
    }
}

/// The node to ask, `None` if there is none; `excluded` ones have been asked already. `draw` is
/// any number, and decides where the policy leaves a choice.
///
/// ```
/// use prb_core::chain::health::{EndpointHealth, EndpointPolicy, Need, choose};
///
/// let pruned = EndpointHealth { archive: Some(false), ..EndpointHealth::default() };
/// let healths = [pruned, EndpointHealth::default()];
/// let policy = EndpointPolicy::FailOver;
/// assert_eq!(choose(&healths, Need::Anything, policy, &[], 0), Some(0));
/// assert_eq!(choose(&healths, Need::State, policy, &[], 0), Some(1));
/// ```
pub fn choose(
    healths: &[EndpointHealth],
    need: Need,
    policy: EndpointPolicy,
    excluded: &[usize],
    draw: u32,
) -> Option<usize> {
    let newest = newest(healths);
    let candidates = || {
        let candidates = healths.iter().enumerate();
        candidates.filter(|(index, health)| !health.other_chain && !excluded.contains(index))
    };
    let best = candidates().map(|(_, health)| health.rank(need, newest)).min()?;
    let equal = || candidates().filter(|(_, health)| health.rank(need, newest) == best);
    let skip = match policy {
        EndpointPolicy::FailOver => 0,
        EndpointPolicy::Random => draw as usize % equal().count().max(1),
    };
    equal().nth(skip).map(|(index, _)| index)
}

/// Whether no other node ranks before node `index`.
pub fn is_preferred(healths: &[EndpointHealth], need: Need, index: usize) -> bool {
    let newest = newest(healths);
    let best = healths.iter().filter(|health| !health.other_chain);
    let best = best.map(|health| health.rank(need, newest)).min();
    healths.get(index).is_some_and(|health| {
        !health.other_chain && best.is_none_or(|best| health.rank(need, newest) <= best)
    })
}

/// Only what nodes in good standing say counts.
fn newest(healths: &[EndpointHealth]) -> u32 {
    let good = healths.iter().filter(|h| !h.other_chain && !h.distrusted && !h.resting);
    good.filter_map(|health| health.finalized).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Change = fn(&mut EndpointHealth);

    const FAIL_OVER: EndpointPolicy = EndpointPolicy::FailOver;

    fn fine() -> EndpointHealth {
        EndpointHealth {
            reachable: Some(true),
            synced: Some(true),
            finalized: Some(1000),
            archive: Some(true),
            proves_finality: Some(true),
            ..EndpointHealth::default()
        }
    }

    #[test]
    fn the_first_is_asked_unless_something_is_wrong_with_it() {
        let wrong: [(&str, Change, Need); 8] = [
            ("resting", |h| h.resting = true, Need::Anything),
            ("other chain", |h| h.other_chain = true, Need::Anything),
            ("distrusted", |h| h.distrusted = true, Need::Anything),
            ("behind", |h| h.finalized = Some(984), Need::Anything),
            ("syncing", |h| h.synced = Some(false), Need::Anything),
            ("pruned", |h| h.archive = Some(false), Need::State),
            ("warp-synced", |h| h.proves_finality = Some(false), Need::Finality),
            (
                "a liar about its height",
                |h| (h.distrusted, h.finalized) = (true, Some(9999)),
                Need::State,
            ),
        ];
        assert_eq!(choose(&[fine(), fine()], Need::State, FAIL_OVER, &[], 7), Some(0));
        for (what, change, need) in wrong {
            let mut first = fine();
            change(&mut first);
            let healths = [first, fine()];
            assert_eq!(choose(&healths, need, FAIL_OVER, &[], 0), Some(1), "{what}");
            assert!(is_preferred(&healths, need, 1) && !is_preferred(&healths, need, 0), "{what}");
        }
    }

    #[test]
    fn where_none_is_fit_one_is_asked_all_the_same_but_never_one_of_another_chain() {
        let pruned = EndpointHealth { archive: Some(false), ..fine() };
        let resting = EndpointHealth { resting: true, ..fine() };
        let other = EndpointHealth { other_chain: true, ..fine() };
        let healths = [other.clone(), resting, pruned];
        assert_eq!(choose(&healths, Need::State, FAIL_OVER, &[], 0), Some(2));
        assert_eq!(choose(&healths, Need::State, FAIL_OVER, &[2], 0), Some(1));
        assert_eq!(choose(&healths, Need::State, FAIL_OVER, &[1, 2], 0), None);
        assert_eq!(choose(&[other], Need::Anything, FAIL_OVER, &[], 0), None);
    }

    #[test]
    fn random_spreads_over_the_best_ones_only() {
        let healths = [fine(), EndpointHealth { resting: true, ..fine() }, fine()];
        let asked: Vec<_> = (0..4)
            .map(|draw| choose(&healths, Need::State, EndpointPolicy::Random, &[], draw))
            .collect();
        assert_eq!(asked, [Some(0), Some(2), Some(0), Some(2)]);
    }

    proptest! {
        #[test]
        fn there_is_a_choice_unless_all_are_excluded_or_of_another_chain(
            nodes in prop::collection::vec(any::<(bool, bool, bool, Option<u32>, Option<bool>)>(), 0..5),
            excluded in prop::collection::vec(0_usize..5, 0..4),
            draw: u32,
            random: bool,
        ) {
            let healths: Vec<_> = nodes
                .iter()
                .map(|&(other_chain, resting, distrusted, finalized, archive)| EndpointHealth {
                    other_chain, finalized, archive, resting, distrusted, ..fine()
                })
                .collect();
            let policy = if random { EndpointPolicy::Random } else { FAIL_OVER };
            let chosen = choose(&healths, Need::State, policy, &excluded, draw);
            let possible = |index: &usize| !healths[*index].other_chain && !excluded.contains(index);
            prop_assert_eq!(chosen.is_some(), (0..healths.len()).any(|index| possible(&index)));
            if let Some(chosen) = chosen {
                prop_assert!(possible(&chosen));
                prop_assert!(excluded.iter().any(|e| *e < healths.len())
                    || is_preferred(&healths, Need::State, chosen));
            }
        }
    }
}
