//! Whom to ask.

use std::cmp::Reverse;
use std::time::Duration;

/// What counts of a provider that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Nothing bad is known of it.
    pub(super) trusted: bool,
    /// It has what is wanted.
    pub(super) holds: bool,
    /// Last relay block it has.
    pub(super) height: Option<u32>,
    /// Mean time it takes to answer.
    pub(super) latency: Duration,
    /// Requests it has not answered yet.
    pub(super) in_flight: usize,
}

impl View {
    /// Whether an answer of "nothing" of others can be doubted because of this one.
    pub(super) fn knows_better(&self) -> bool {
        self.trusted && self.holds
    }

    /// About how long a further request takes.
    fn cost(&self) -> Duration {
        let further = u32::try_from(self.in_flight).unwrap_or(u32::MAX).saturating_add(1);
        self.latency.max(Duration::from_micros(50)).saturating_mul(further)
    }
}

/// The place of the one to ask: who is trusted, before who has it, before who is farther where
/// nobody has it, before who is likely to answer first. `None` stands for who cannot be asked.
pub(super) fn best(views: impl IntoIterator<Item = Option<View>>) -> Option<usize> {
    let views = views.into_iter().enumerate();
    let able = views.filter_map(|(place, view)| Some((place, view?)));
    let best = able.min_by_key(|(place, view)| {
        let farther = if view.holds { None } else { Some(Reverse(view.height)) };
        (!view.trusted, !view.holds, farther, view.cost(), *place)
    });
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: View = View {
        trusted: true,
        holds: true,
        height: Some(100),
        latency: Duration::from_millis(1),
        in_flight: 0,
    };

    #[test]
    fn trust_counts_before_having_it_before_being_fast() {
        let doubted = View { trusted: false, latency: Duration::ZERO, ..GOOD };
        let behind = View { holds: false, height: Some(90), latency: Duration::ZERO, ..GOOD };
        let farther = View { height: Some(95), latency: Duration::from_secs(1), ..behind };
        let slow = View { latency: Duration::from_millis(20), ..GOOD };
        assert_eq!(best([None, Some(doubted), Some(behind), Some(slow), Some(GOOD)]), Some(4));
        assert_eq!(best([Some(doubted), Some(behind), Some(slow)]), Some(2));
        assert_eq!(best([Some(doubted), Some(behind), Some(farther)]), Some(2));
        assert_eq!(best([Some(doubted), None]), Some(0));
        assert_eq!(best([None, None]), None);
    }

    #[test]
    fn load_is_shared_by_what_each_can_bear() {
        let mut asked = [0, 0];
        let slower = Duration::from_millis(3);
        for _ in 0..400 {
            let fast = View { in_flight: asked[0], ..GOOD };
            let slow = View { in_flight: asked[1], latency: slower, ..GOOD };
            asked[best([Some(fast), Some(slow)]).unwrap()] += 1;
        }
        assert_eq!(asked, [300, 100]);
    }

    fn view() -> impl Strategy<Value = Option<View>> {
        let view =
            (any::<bool>(), any::<bool>(), any::<Option<u32>>(), any::<u32>(), any::<usize>());
        let view = view.prop_map(|(trusted, holds, height, latency, in_flight)| View {
            trusted,
            holds,
            height,
            latency: Duration::from_micros(latency.into()),
            in_flight,
        });
        prop::option::of(view)
    }

    proptest! {
        #[test]
        fn whoever_can_be_asked_is_asked_and_nobody_doubted_before_the_trusted(
            views in prop::collection::vec(view(), 0..8),
        ) {
            let chosen = best(views.iter().copied());
            prop_assert_eq!(chosen.is_some(), views.iter().any(Option::is_some));
            if let Some(chosen) = chosen.and_then(|place| views[place]) {
                for view in views.iter().flatten() {
                    prop_assert!(chosen.trusted || !view.trusted);
                    prop_assert!(chosen.knows_better() || !view.knows_better());
                }
            }
        }
    }
}
