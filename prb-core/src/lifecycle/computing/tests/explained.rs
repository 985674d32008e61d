//! What is explained is what is decided.

use proptest::prelude::*;

use super::*;
use crate::lifecycle::explain::{Condition, ConditionState, Requirement};

fn first_unmet(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.state != ConditionState::Met)
}

pub(super) fn any_seen() -> impl Strategy<Value = Seen> {
    let registration = (0..3_u8, prop_oneof![Just(None), (0..200_u32).prop_map(Some)]);
    let place = (
        prop_oneof![Just(None), Just(Some(2)), Just(Some(7))],
        any::<bool>(),
        prop_oneof![
            Just(SessionState::Unused),
            Just(SessionState::Ready),
            Just(SessionState::WorkerIdle),
            Just(SessionState::WorkerUnresponsive),
            Just(SessionState::WorkerCoolingDown),
        ],
        any::<bool>(),
    );
    let pool = (any::<bool>(), any::<bool>(), 1..3_u8, 0..3_000_u128, 199..201_usize);
    (registration, place, pool, 1_000..2_000_u64).prop_map(|(registration, place, pool, now)| {
        let (operator, initial_score) = registration;
        let (assignment, bound, state, has_session) = place;
        let (exists, takes_workers, owner, free, workers) = pool;
        let mut seen = Seen { assignment, now, ..seen() };
        seen.registration = seen.registration.filter(|_| operator > 0);
        if let Some(it) = &mut seen.registration {
            (it.operator, it.initial_score) = (Some(account(operator)), initial_score);
        }
        seen.binding = seen.binding.filter(|_| bound);
        seen.session = (bound && has_session).then(|| session(state));
        seen.pool = exists.then(|| SeenPool {
            owner: account(owner),
            takes_workers,
            workers,
            free_stake: free * PHA,
            withdrawing: false,
        });
        seen
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn a_worker_earns_if_all_is_met_and_what_blocks_it_is_the_first_that_is_not(
        seen in any_seen(),
        stake in prop_oneof![Just(0), Just(999), Just(2_000), Just(30_000)],
        gatekeeper in any::<bool>(),
    ) {
        let wanted = Wanted { stake: stake * PHA, gatekeeper, ..wanted() };
        let conditions = conditions(&wanted, &seen, "w");
        let unmet = first_unmet(&conditions);
        match next(&wanted, &seen) {
            Next::Working(Working::Computing { unresponsive: true, .. })
            | Next::Do(Deed::Raise { .. })
                if unmet.is_some() =>
            {
                prop_assert_eq!(unmet.unwrap().requirement, Requirement::Heartbeat);
            }
            Next::Working(_) | Next::Do(Deed::Raise { .. }) => {
                prop_assert_eq!(unmet, None);
            }
            Next::Blocked(blocked) => {
                let unmet = unmet.unwrap();
                prop_assert_eq!(unmet.state, ConditionState::Failed);
                prop_assert_eq!(&unmet.detail, &blocked.to_string());
                prop_assert!(!unmet.remedy.is_empty());
            }
            Next::Do(_) | Next::Wait(_) | Next::AtRest(_) => prop_assert!(unmet.is_some(), "{:?}", conditions),
        }
    }
}

#[test]
fn all_conditions_of_a_worker_that_earns_are_met_and_said() {
    let conditions = conditions(&wanted(), &seen(), "w");
    let said: Vec<_> = conditions.iter().map(|it| it.detail.as_str()).collect();
    assert_eq!(
        said[1..],
        [
            "100, and 50 is needed",
            "in pool 2",
            "2000 PHA",
            "in use",
            "computing with 2000 PHA",
            "accepted"
        ]
    );
}

#[test]
fn what_the_chain_refuses_comes_with_what_to_type() {
    let seen = with_pool(|pool| pool.free_stake = 1_500 * PHA);
    for (stake, requirement, remedy) in [
        (0, Requirement::Stake, "prb worker edit \"w\" --stake AMOUNT"),
        (999, Requirement::Stake, "prb worker edit \"w\" --stake 1000000000000000"),
        (2_000, Requirement::FreeStake, "delegate another 500 PHA to pool 2"),
    ] {
        let conditions = conditions(&Wanted { stake: stake * PHA, ..wanted() }, &seen, "w");
        let unmet = first_unmet(&conditions).unwrap();
        assert_eq!(unmet.requirement, requirement);
        assert!(unmet.remedy.starts_with(remedy), "{}", unmet.remedy);
    }
}
