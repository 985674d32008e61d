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

const GOALS: [Goal; 4] = [Goal::Compute, Goal::Compute, Goal::Stop, Goal::LeavePool];

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
            drained: random.gen_bool(0.2),
            goal: any_of(random, &GOALS),
        })),
        _ if random.r#gen() => Outside::Told(Told::Kick),
        _ => Outside::Told(Told::Restart { register_anew: random.r#gen() }),
    }
}

/// What an operator wanted last.
struct Will {
    policy: Policy,
    kicked: bool,
    /// Calls before it was to be drained.
    drained_at: usize,
}

impl Will {
    fn learn(&mut self, told: Told, calls: usize) {
        match told {
            Told::Configure(policy) => {
                let before = std::mem::replace(&mut self.policy, policy);
                self.kicked &= policy.enabled && before.drained == policy.drained;
                if policy.drained && !before.drained {
                    self.drained_at = calls;
                }
            }
            Told::Kick => self.kicked = self.policy.enabled,
            Told::Restart { .. } => self.kicked &= self.policy.drained,
            Told::Checkpoint => {}
        }
    }
}

/// Forbidden is: a second call beside one in flight (which the run looks for), a call for one that
/// is disabled or kicked, anything but feeding for one that is only kept in sync, and anything but
/// saving its state for one that is to be drained.
fn obeys(run: &Run, will: &Will) {
    if will.policy.drained {
        let later = &run.calls[will.drained_at..];
        assert!(later.iter().all(|call| *call == Call::Checkpoint), "{later:?} of one drained");
    }
    let Some(call) = run.in_flight else { return };
    let policy = will.policy;
    assert!(policy.enabled && !will.kicked, "{call:?} for one that is to be left alone");
    let saves = policy.drained && call == Call::Checkpoint;
    assert!(
        !policy.sync_only || call.is_feeding() || saves,
        "{call:?} for one that is only synced"
    );
}

#[test]
fn a_million_lives_ask_for_nothing_forbidden_and_end_well() {
    each_of(CASES, |case| {
        let random = &mut CaseRng::new(case);
        let mut world = world(random);
        let policy = Policy { sync_only: random.gen_bool(0.3), ..WORKING };
        let mut will = Will { policy, kicked: false, drained_at: 0 };
        let mut run = Run::new(policy);
        for _ in 0..random.gen_range(0..6) {
            let outside = event(random);
            if let Outside::Told(told) = outside {
                will.learn(told, run.calls.len());
            }
            disturb(&mut run, &mut world, vec![outside]);
            obeys(&run, &will);
        }
        let Policy { sync_only, goal, .. } = will.policy;
        let policy = Policy { sync_only, goal, ..WORKING };
        for told in [Told::Configure(policy), Told::Restart { register_anew: false }] {
            will.learn(told, run.calls.len());
            run.on(Event::Told(told));
        }
        let good = match goal {
            _ if sync_only => Phase::Synced,
            Goal::Compute => Phase::Computing,
            Goal::Stop | Goal::LeavePool => Phase::Stopped,
        };
        for _ in 0..200 {
            if run.life.phase() == good && run.in_flight.is_none() {
                return;
            }
            run.advance(&mut world);
            obeys(&run, &will);
        }
        panic!("{good:?} never reached: {:?}", run.life);
    });
}
