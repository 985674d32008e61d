//! A million short ways to the tip: what the longer properties check with few cases, checked with
//! many.

use rand::Rng as _;

use super::*;
use crate::test_cases::{CaseRng, each_of};

const CASES: u64 = 1_000_000;

fn world(random: &mut CaseRng) -> World {
    let pieces: Vec<_> = (0..random.gen_range(1..6))
        .map(|_| (random.gen_range(1..6), random.gen_range(0..4), random.gen_bool(0.3)))
        .collect();
    let mut world = World::new(&pieces);
    world.states = (0..random.gen_range(0..3)).map(|_| random.gen_range(0..12)).collect();
    world.known_at = random.gen_bool(0.5).then(|| random.gen_range(0..12));
    world
}

/// One that stands anywhere on its way through a shorter chain, or was never fed.
fn worker(random: &mut CaseRng, world: &World) -> Worker {
    let mut worker = Worker::new(random.gen_range(0..2), 1);
    worker.counters.takes_state = random.r#gen();
    let mut shorter = world.clone();
    shorter.segments.truncate(random.gen_range(1..=world.segments.len()));
    shorter.merged.clone_from(&shorter.segments);
    for _ in 0..random.gen_range(0..6) {
        let available = shorter.available(worker.counters);
        match plan(worker.counters, &available, &limits()) {
            Plan::Send(request) => {
                // A combined request may end after its relay part.
                worker.take(&shorter, request, random.gen_bool(0.3)).expect("a request it takes");
            }
            Plan::Load(number) => worker.load(&shorter, number).expect("a state it takes"),
            Plan::Need(_) | Plan::Stuck(_) => break,
        }
    }
    worker
}

#[test]
fn a_million_workers_reach_the_tip_by_requests_that_they_take() {
    each_of(CASES, |case| {
        let random = &mut CaseRng::new(case);
        let world = world(random);
        let mut worker = worker(random, &world);
        let mut start = worker.counters;
        if let Plan::Load(number) = plan(start, &world.available(start), &limits()) {
            (start.para, start.block) = (number, number + 1);
        }
        let faults = [random.r#gen(), random.r#gen(), random.r#gen()];
        if let Err(error) = feed(&world, &mut worker, &faults) {
            panic!("{error}");
        }
        assert!(at_the_tip(&world, &worker, start), "{worker:?} in {world:?}");
    });
}
