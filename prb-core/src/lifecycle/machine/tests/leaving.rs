//! Workers that are to stop.

use super::*;

/// No machine answers any more.
fn silent() -> World {
    World { failures: vec![(Call::ReadInfo, Cause::Unreachable); 200], lacks: 2, ..World::good() }
}

proptest! {
    #[test]
    fn whatever_happened_one_that_is_to_stop_is_stopped_and_begins_again(
        mut world in worlds(),
        outsides in outsides(),
    ) {
        let mut run = Run::new(WORKING);
        disturb(&mut run, &mut world, outsides);
        for (policy, phase) in [(STOPPED, Phase::Stopped), (WORKING, Phase::Computing)] {
            run.on(Event::Told(Told::Configure(policy)));
            run.on(Event::Told(Told::Restart { register_anew: false }));
            run.until(&mut world, phase)?;
        }
    }
}

#[test]
fn one_that_is_never_reached_is_stopped_all_the_same() {
    let mut world = silent();
    let mut run = Run::new(STOPPED);
    run.until(&mut world, Phase::Stopped).unwrap();
    assert!(world.lacks == 0 && !world.failures.is_empty(), "{world:?}");
    assert!(!run.calls.contains(&Call::Feed));
    assert_eq!((run.life.reason(), run.life.health()), ("Stop", Health::LeftAlone));
    // It is still looked for, in case it is wanted again.
    let calls = run.calls.len();
    (0..20).for_each(|_| run.advance(&mut world));
    assert!(run.calls[calls..].contains(&Call::ReadInfo));
    let mut others = Run::new(WORKING);
    (0..20).for_each(|_| others.advance(&mut silent()));
    assert!(others.calls.iter().all(|call| *call == Call::ReadInfo), "{:?}", others.calls);
    // It need not wait for the next attempt.
    while others.in_flight.is_some() {
        others.advance(&mut silent());
    }
    others.on(Event::Told(Told::Configure(STOPPED)));
    assert_eq!(others.in_flight, Some(Call::Judge { register_anew: false }));
}

#[test]
fn one_that_is_far_behind_is_stopped_at_once_and_fed_on() {
    let mut world = World { to_feed: 1_000, lacks: 1, ..World::good() };
    let mut run = Run::new(STOPPED);
    (0..10).for_each(|_| run.advance(&mut world));
    let begins =
        [Call::ReadInfo, Call::Judge { register_anew: false }, Call::Act, Call::Feed, Call::Feed];
    assert_eq!(run.calls[..begins.len()], begins);
    // Once in a while is enough.
    let judged = run.calls.iter().filter(|call| matches!(call, Call::Judge { .. })).count();
    assert_eq!(judged, 1, "{:?}", run.calls);
    run.until(&mut world, Phase::Stopped).unwrap();
}

#[test]
fn what_was_judged_for_another_will_is_judged_again() {
    let mut world = World { lacks: 1, ..World::good() };
    let mut run = Run::new(WORKING);
    while !matches!(run.in_flight, Some(Call::Judge { .. })) {
        run.advance(&mut world);
    }
    let calls = run.calls.len();
    run.on(Event::Told(Told::Configure(STOPPED)));
    assert!(matches!(run.in_flight, Some(Call::Judge { .. })), "it is not cut off");
    run.advance(&mut world);
    assert_eq!(run.calls[calls..], [Call::Judge { register_anew: false }], "nothing is started");
}

#[test]
fn one_that_is_only_kept_in_sync_is_not_stopped_either() {
    let mut run = Run::new(Policy { goal: Goal::LeavePool, ..SYNC_ONLY });
    let mut world = World { to_feed: 20, lacks: 1, ..World::good() };
    run.until(&mut world, Phase::Synced).unwrap();
    assert!(run.calls.iter().all(|call| call.is_feeding()), "{:?}", run.calls);
}
