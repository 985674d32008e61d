//! Workers that save their state.

use super::*;

proptest! {
    #[test]
    fn one_that_is_drained_is_sent_nothing_more_and_left_alone(
        mut world in worlds(),
        outsides in outsides(),
    ) {
        let mut run = Run::new(WORKING);
        disturb(&mut run, &mut world, outsides);
        run.on(Event::Told(Told::Configure(WORKING)));
        let before = run.calls.len();
        let in_flight = run.in_flight;
        run.on(Event::Told(Told::Configure(DRAINED)));
        prop_assert!(in_flight.is_none() || run.in_flight == in_flight, "it is not cut off");
        run.until(&mut world, Phase::Drained)?;
        let later = &run.calls[before..];
        prop_assert!(later.iter().all(|call| *call == Call::Checkpoint), "{:?}", later);
        prop_assert_eq!((run.in_flight, run.life.wake_at()), (None, None));
        let wills = [Told::Checkpoint, Told::Restart { register_anew: true }].map(Event::Told);
        for event in [Event::TipMoved, Event::TimeCame].into_iter().chain(wills) {
            run.on(event);
            prop_assert_eq!((run.in_flight, run.life.phase()), (None, Phase::Drained));
        }
        run.on(Event::Told(Told::Configure(WORKING)));
        run.until(&mut world, Phase::Computing)?;
    }
}

/// Computing, with a block to execute.
fn feeding(world: &mut World) -> Run {
    let mut run = Run::new(WORKING);
    run.until(world, Phase::Computing).unwrap();
    world.to_feed = 1;
    run.on(Event::TipMoved);
    assert_eq!(run.in_flight, Some(Call::Feed));
    run
}

#[test]
fn a_call_in_flight_ends_before_the_state_is_saved() {
    let mut world = World::good();
    let mut run = feeding(&mut world);
    run.on(Event::Told(Told::Configure(DRAINED)));
    assert_eq!((run.life.phase(), run.in_flight), (Phase::Draining, Some(Call::Feed)));
    run.advance(&mut world);
    assert_eq!((world.to_feed, run.in_flight), (0, Some(Call::Checkpoint)));
    run.advance(&mut world);
    assert_eq!(run.life.phase(), Phase::Drained);
    assert_eq!(run.life.reason(), "drained, saved; restart it to go on");
}

#[test]
fn on_demand_it_saves_its_state_and_goes_on() {
    let mut world = World::good();
    let mut run = feeding(&mut world);
    let calls = run.calls.len();
    run.on(Event::Told(Told::Checkpoint));
    run.advance(&mut world);
    run.until(&mut world, Phase::Computing).unwrap();
    assert_eq!(run.calls[calls..calls + 3], [Call::Checkpoint, Call::ReadInfo, Call::Feed]);
    let saved = run.calls.iter().filter(|call| **call == Call::Checkpoint);
    assert_eq!(saved.count(), 1);
}

#[test]
fn what_passes_is_waited_for_and_what_does_not_leaves_it_without_a_checkpoint() {
    let failures = [Cause::Busy, Cause::Unreachable, Cause::Deadline, Cause::Refused];
    let failures = failures.map(|cause| (Call::Checkpoint, cause)).into();
    let mut world = World { failures, ..World::good() };
    let mut run = feeding(&mut world);
    run.on(Event::Told(Told::Configure(DRAINED)));
    run.until(&mut world, Phase::Drained).unwrap();
    assert_eq!(run.life.reason(), "drained, no checkpoint: Refused; restart it to go on");
    let tries = run.calls.iter().filter(|call| **call == Call::Checkpoint);
    assert_eq!(tries.count(), 4);
}

#[test]
fn one_that_was_drained_before_is_left_alone_from_the_start() {
    let mut run = Run::new(DRAINED);
    assert_eq!((run.life.phase(), run.calls.len()), (Phase::Drained, 0));
    run.on(Event::Told(Told::Configure(Policy { enabled: false, ..DRAINED })));
    assert_eq!(run.life.phase(), Phase::Disabled);
    run.on(Event::Told(Told::Configure(DRAINED)));
    assert_eq!((run.life.phase(), run.calls.len()), (Phase::Drained, 0));
    run.on(Event::Told(Told::Configure(WORKING)));
    run.until(&mut World::good(), Phase::Computing).unwrap();
}
