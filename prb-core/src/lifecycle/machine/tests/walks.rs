//! A million short lives: what the longer properties check with few cases, checked with many.

use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::*;
use crate::test_cases::{CaseRng, each_of};

const CASES: u64 = 1_000_000;

const CALLS: [Call; 6] = [
    Call::ReadInfo,
    Call::Initialize,
    Call::Feed,
    Call::CollectEgress,
    Call::Judge { register_anew: false },
    Call::Act,
];

const CAUSES: [Cause; 15] = [
    Cause::Busy,
    Cause::CountersMoved,
    Cause::Unreachable,
    Cause::Deadline,
    Cause::Refused,
    Cause::BadBlock,
    Cause::NoData,
    Cause::WrongChain,
    Cause::BadGenesis,
    Cause::Stuck,
    Cause::SameKey,
    Cause::NoReport,
    Cause::NoAttestation,
    Cause::Queue,
    Cause::ChainView,
];

fn any_of<T: Copy>(random: &mut CaseRng, choices: &[T]) -> T {
    *choices.choose(random).expect("there are some")
}

fn world(random: &mut CaseRng) -> World {
    let failures = (0..random.gen_range(0..4))
        .map(|_| (any_of(random, &CALLS), any_of(random, &CAUSES)))
        .collect();
    let (initialized, to_feed, lacks) =
        (random.r#gen(), random.gen_range(0..4), random.gen_range(0..3));
    World { initialized, to_feed, lacks, failures }
}

fn event(random: &mut CaseRng) -> Outside {
    match random.gen_range(0..8) {
        0..4 => Outside::Steps(random.gen_range(1..6)),
        4 => Outside::TipMoved,
        5 => Outside::WentBack { initialized: random.r#gen(), to_feed: random.gen_range(0..4) },
        6 => Outside::Told(Told::Configure(Policy {
            enabled: random.r#gen(),
            sync_only: random.r#gen(),
        })),
        _ if random.r#gen() => Outside::Told(Told::Kick),
        _ => Outside::Told(Told::Restart { register_anew: random.r#gen() }),
    }
}

/// Forbidden is: a second call beside one in flight (which the run looks for), a call for one that
/// is disabled or kicked, and anything but feeding for one that is only kept in sync.
fn obeys(run: &Run, policy: Policy, kicked: bool) {
    let Some(call) = run.in_flight else { return };
    assert!(policy.enabled && !kicked, "{call:?} for one that is to be left alone");
    assert!(!policy.sync_only || call.is_feeding(), "{call:?} for one that is only synced");
}

#[test]
fn a_million_lives_ask_for_nothing_forbidden_and_end_well() {
    each_of(CASES, |case| {
        let random = &mut CaseRng::new(case);
        let mut world = world(random);
        let mut policy = Policy { enabled: true, sync_only: random.gen_bool(0.3) };
        let mut kicked = false;
        let mut run = Run::new(policy);
        for _ in 0..random.gen_range(0..6) {
            let outside = event(random);
            match &outside {
                Outside::Told(Told::Configure(told)) => {
                    kicked &= told.enabled;
                    policy = *told;
                }
                Outside::Told(Told::Kick) => kicked = policy.enabled,
                Outside::Told(Told::Restart { .. }) => kicked = false,
                _ => {}
            }
            disturb(&mut run, &mut world, vec![outside]);
            obeys(&run, policy, kicked);
        }
        policy = Policy { enabled: true, sync_only: policy.sync_only };
        run.on(Event::Told(Told::Configure(policy)));
        run.on(Event::Told(Told::Restart { register_anew: false }));
        let good = if policy.sync_only { Phase::Synced } else { Phase::Computing };
        for _ in 0..200 {
            if run.life.phase() == good && run.in_flight.is_none() {
                return;
            }
            run.advance(&mut world);
            obeys(&run, policy, false);
        }
        panic!("{good:?} never reached: {:?}", run.life);
    });
}
