//! Workers that are to stop, or to leave their pool.

use proptest::prelude::*;

use super::explained::any_seen;
use super::*;
use crate::lifecycle::explain::{ConditionState, Requirement};

fn wanted_to(goal: Goal) -> Wanted {
    Wanted { goal, ..wanted() }
}

#[test]
fn the_way_out() {
    let stopping = |seen: &Seen| next(&wanted_to(Goal::Stop), seen);
    let retiring = |seen: &Seen| next(&wanted_to(Goal::LeavePool), seen);
    let cooling = in_session(SessionState::WorkerCoolingDown);
    let cooled = Seen { now: 1_600, ..cooling.clone() };
    let ready = in_session(SessionState::Ready);
    let out = Seen { assignment: None, binding: None, session: None, ..seen() };
    let at_rest = Next::AtRest(AtRest::CoolingDown { seconds: 400 });
    for next in [stopping, retiring] as [fn(&Seen) -> Next; 2] {
        assert_eq!(next(&seen()), Next::Do(Deed::Stop));
        assert_eq!(next(&in_session(SessionState::WorkerUnresponsive)), Next::Do(Deed::Stop));
        assert_eq!(next(&cooling), at_rest);
        assert_eq!(next(&cooled), Next::Do(Deed::Reclaim));
        assert_eq!(next(&out), Next::AtRest(AtRest::OutOfPool));
    }
    assert_eq!(stopping(&ready), Next::AtRest(AtRest::InPool(2)));
    assert_eq!(retiring(&ready), Next::Do(Deed::LeavePool));
    assert_eq!(at_rest.to_string(), "stopped, cooling down for another 0 h 6 min 40 s");
}

#[test]
fn neither_registration_nor_score_nor_stake_nor_free_stake_is_asked_for() {
    let mut seen = registered(|it| it.initial_score = None);
    assert_eq!(next(&wanted_to(Goal::Stop), &seen), Next::Do(Deed::Stop));
    seen.registration = None;
    seen.pool.as_mut().unwrap().free_stake = 0;
    let wanted = Wanted { stake: 0, register_anew: true, ..wanted_to(Goal::Stop) };
    assert_eq!(next(&wanted, &seen), Next::Do(Deed::Stop));
}

#[test]
fn what_another_pool_has_is_left_alone() {
    let elsewhere = Seen { assignment: Some(7), ..seen() };
    let foreign = with_pool(|pool| pool.owner = account(5));
    for (seen, expected) in [(elsewhere, "in pool 7, not in 2"), (foreign, "pool 2 belongs to 3")] {
        let Next::Blocked(blocked) = next(&wanted_to(Goal::LeavePool), &seen) else {
            panic!("not blocked: {seen:?}");
        };
        assert!(blocked.to_string().contains(expected), "{blocked}");
        let told = conditions(&wanted_to(Goal::LeavePool), &seen, "w").remove(0);
        assert_eq!(
            (told.requirement, told.state),
            (Requirement::Computing, ConditionState::Failed)
        );
        assert!(!told.remedy.is_empty());
    }
}

proptest! {
    /// Whoever carries out what is said gets a worker to rest, and makes no call that the goal does
    /// not name.
    #[test]
    fn doing_what_is_said_leads_to_rest(
        mut seen in any_seen(),
        goal in prop_oneof![Just(Goal::Stop), Just(Goal::LeavePool)],
    ) {
        for _ in 0..6 {
            let next = next(&wanted_to(goal), &seen);
            if let Next::Do(deed) = next {
                prop_assert!(deed.serves(goal), "{deed}");
            }
            match next {
                Next::AtRest(AtRest::CoolingDown { seconds }) => seen.now += seconds,
                Next::AtRest(AtRest::InPool(pid)) => {
                    prop_assert_eq!((goal, seen.assignment), (Goal::Stop, Some(pid)));
                    return Ok(());
                }
                Next::AtRest(AtRest::OutOfPool) => {
                    prop_assert_eq!(seen.assignment, None);
                    return Ok(());
                }
                Next::Do(Deed::Stop) => seen.session = Some(session(SessionState::WorkerCoolingDown)),
                Next::Do(Deed::Reclaim) => seen.session = Some(session(SessionState::Ready)),
                Next::Do(Deed::LeavePool) => {
                    (seen.assignment, seen.binding, seen.session) = (None, None, None);
                }
                // The chain, or somebody else, has to change something.
                Next::Wait(Wait::Session) | Next::Blocked(_) => return Ok(()),
                next => prop_assert!(false, "{next}"),
            }
        }
        prop_assert!(false, "never at rest: {seen:?}");
    }
}
