use proptest::prelude::*;

use super::*;
use crate::lifecycle::notice::Health;

mod walks;

const WORKING: Policy =
    Policy { enabled: true, sync_only: false, drained: false, goal: Goal::Compute };
const DRAINED: Policy = Policy { drained: true, ..WORKING };
const SYNC_ONLY: Policy = Policy { sync_only: true, ..WORKING };
const STOPPED: Policy = Policy { goal: Goal::Stop, ..WORKING };

/// The world around a worker: what each call comes to.
#[derive(Clone, Debug)]
struct World {
    initialized: bool,
    to_feed: u32,
    lacks: u32,
    /// Calls that fail, and why, before the world is good.
    failures: Vec<(Call, Cause)>,
}

impl World {
    fn good() -> Self {
        Self { initialized: true, to_feed: 0, lacks: 0, failures: Vec::new() }
    }

    fn answer(&mut self, call: Call, goal: Goal) -> Event {
        let same =
            |it: &&(Call, Cause)| std::mem::discriminant(&it.0) == std::mem::discriminant(&call);
        if let Some(index) = self.failures.iter().position(|it| same(&it)) {
            let (_, cause) = self.failures.remove(index);
            return Event::Failed { cause, text: format!("{cause:?}"), jitter: 0.5 };
        }
        match call {
            Call::ReadInfo => Event::Info { initialized: self.initialized, behind: self.to_feed },
            Call::Initialize => {
                self.initialized = true;
                Event::Initialized
            }
            Call::Feed if self.to_feed == 0 => Event::CaughtUp,
            Call::Feed => {
                self.to_feed -= 1;
                Event::Fed { behind: self.to_feed, blocks: self.to_feed.is_multiple_of(2) }
            }
            Call::CollectEgress => Event::Collected { left_over: false },
            Call::Judge { .. } if self.lacks == 0 && goal != Goal::Compute => {
                Event::Judged(Standing::Stopped { text: format!("{goal:?}") })
            }
            Call::Judge { register_anew: false } if self.lacks == 0 => {
                Event::Judged(Standing::Computing { text: String::new(), responsive: true })
            }
            Call::Judge { .. } => Event::Judged(Standing::Lacks { text: String::new() }),
            Call::Act => {
                self.lacks = self.lacks.saturating_sub(1);
                Event::Acted { text: "sent".to_owned() }
            }
            Call::Checkpoint => Event::Checkpointed { text: "saved".to_owned() },
        }
    }
}

/// Lets a worker live in a world; time passes while it waits. Gives every call it made.
struct Run {
    life: Life,
    in_flight: Option<Call>,
    now: Millis,
    calls: Vec<Call>,
}

impl Run {
    fn new(policy: Policy) -> Self {
        let mut run = Self { life: Life::new(0), in_flight: None, now: 0, calls: Vec::new() };
        run.on(Event::Told(Told::Configure(policy)));
        run
    }

    fn on(&mut self, event: Event) {
        let answered = !matches!(event, Event::Told(_) | Event::TipMoved | Event::TimeCame);
        let step = step(&self.life, event, self.now);
        if answered || step.cancel {
            self.in_flight = None;
        }
        if let Some(call) = step.call {
            assert_eq!(self.in_flight, None, "a second call beside {:?}", self.in_flight);
            self.in_flight = Some(call);
            self.calls.push(call);
        }
        self.life = step.life;
    }

    /// One event, of the world or of time.
    fn advance(&mut self, world: &mut World) {
        match (self.in_flight, self.life.wake_at()) {
            (Some(call), _) => {
                self.now += 1;
                let answer = world.answer(call, self.life.policy.goal);
                self.on(answer);
            }
            (None, Some(until)) => {
                self.now = self.now.max(until);
                self.on(Event::TimeCame);
            }
            (None, None) => {}
        }
    }

    fn until(&mut self, world: &mut World, phase: Phase) -> Result<(), TestCaseError> {
        for _ in 0..5_000 {
            if self.life.phase() == phase && self.in_flight.is_none() {
                return Ok(());
            }
            self.advance(world);
        }
        Err(TestCaseError::fail(format!("{phase:?} never reached: {:?}", self.life)))
    }
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![
        Just(Call::ReadInfo),
        Just(Call::Initialize),
        Just(Call::Feed),
        Just(Call::CollectEgress),
        Just(Call::Judge { register_anew: false }),
        Just(Call::Act),
        Just(Call::Checkpoint),
    ]
}

fn causes() -> impl Strategy<Value = Cause> {
    use Cause::*;
    prop::sample::select(vec![
        Busy,
        CountersMoved,
        Unreachable,
        Deadline,
        Refused,
        BadBlock,
        NoData,
        WrongChain,
        BadGenesis,
        Stuck,
        NoReport,
        Queue,
        ChainView,
    ])
}

fn goals() -> impl Strategy<Value = Goal> {
    prop_oneof![3 => Just(Goal::Compute), 1 => Just(Goal::Stop), 1 => Just(Goal::LeavePool)]
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        Just(Told::Kick),
        Just(Told::Checkpoint),
        any::<bool>().prop_map(|register_anew| Told::Restart { register_anew }),
        (any::<(bool, bool, bool)>(), goals()).prop_map(|((enabled, sync_only, drained), goal)| {
            Told::Configure(Policy { enabled, sync_only, drained, goal })
        }),
    ]
}

fn worlds() -> impl Strategy<Value = World> {
    let failures = prop::collection::vec((calls(), causes()), 0..40);
    (any::<bool>(), 0..60_u32, 0..6_u32, failures).prop_map(
        |(initialized, to_feed, lacks, failures)| World { initialized, to_feed, lacks, failures },
    )
}

/// What happens to a run from outside between its own steps.
#[derive(Clone, Debug)]
enum Outside {
    Steps(u8),
    Told(Told),
    TipMoved,
    /// pRuntime was restarted from an older checkpoint, or swapped for a new one.
    WentBack {
        initialized: bool,
        to_feed: u32,
    },
}

fn outsides() -> impl Strategy<Value = Vec<Outside>> {
    prop::collection::vec(
        prop_oneof![
            any::<u8>().prop_map(Outside::Steps),
            told().prop_map(Outside::Told),
            Just(Outside::TipMoved),
            (any::<bool>(), 0..30_u32)
                .prop_map(|(initialized, to_feed)| Outside::WentBack { initialized, to_feed }),
        ],
        0..12,
    )
}

fn disturb(run: &mut Run, world: &mut World, outsides: Vec<Outside>) {
    for outside in outsides {
        match outside {
            Outside::Steps(steps) => (0..steps).for_each(|_| run.advance(world)),
            Outside::Told(told) => run.on(Event::Told(told)),
            Outside::TipMoved => run.on(Event::TipMoved),
            Outside::WentBack { initialized, to_feed } => {
                (world.initialized, world.to_feed) = (initialized, to_feed);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_happened_it_computes_once_the_world_is_good(
        mut world in worlds(),
        outsides in outsides(),
    ) {
        let mut run = Run::new(WORKING);
        disturb(&mut run, &mut world, outsides);
        run.on(Event::Told(Told::Configure(WORKING)));
        if run.life.phase() == Phase::Kicked {
            run.on(Event::Told(Told::Restart { register_anew: false }));
        }
        // What happened at rest shows at the next health check.
        let before = run.calls.len();
        while !run.calls[before..].contains(&Call::ReadInfo) {
            run.advance(&mut world);
        }
        run.until(&mut world, Phase::Computing)?;
        prop_assert!(world.initialized && world.to_feed <= TOLERATED_LAG && world.lacks == 0);
    }

    #[test]
    fn a_worker_that_is_only_synced_never_causes_a_transaction(
        mut world in worlds(),
        outsides in outsides(),
    ) {
        let mut run = Run::new(SYNC_ONLY);
        let allowed = outsides.into_iter().filter(|it| !matches!(it, Outside::Told(Told::Configure(_))));
        disturb(&mut run, &mut world, allowed.collect());
        run.on(Event::Told(Told::Restart { register_anew: true }));
        run.until(&mut world, Phase::Synced)?;
        let needless = |call: &&Call| !call.is_feeding() && **call != Call::Checkpoint;
        let earning = run.calls.iter().find(needless);
        prop_assert_eq!(earning, None);
    }

    #[test]
    fn a_disabled_or_kicked_worker_is_left_alone(
        mut world in worlds(),
        outsides in outsides(),
        kick in any::<bool>(),
    ) {
        let mut run = Run::new(WORKING);
        disturb(&mut run, &mut world, outsides);
        run.on(Event::Told(Told::Configure(WORKING)));
        run.on(Event::Told(if kick {
            Told::Kick
        } else {
            Told::Configure(Policy { enabled: false, ..WORKING })
        }));
        prop_assert_eq!((run.in_flight, run.life.wake_at()), (None, None));
        run.on(Event::TipMoved);
        run.on(Event::TimeCame);
        run.on(Event::CaughtUp);
        prop_assert_eq!(run.in_flight, None);
    }
}

mod leaving;
mod saving;

#[test]
fn at_rest_nothing_is_asked_before_the_next_block_or_the_health_check() {
    let mut world = World::good();
    let mut run = Run::new(WORKING);
    run.until(&mut world, Phase::Computing).unwrap();
    let calls = run.calls.len();
    run.on(Event::TimeCame);
    assert_eq!(run.calls[calls..], [Call::Feed], "woken early, it feeds");
    run.until(&mut world, Phase::Computing).unwrap();
    // Nothing was executed, so it has nothing new to say.
    assert_eq!(run.calls[calls..], [Call::Feed, Call::Judge { register_anew: false }]);
    assert_eq!(run.life.wake_at(), Some(run.now + HEALTH_CHECK));
}

#[test]
fn a_block_at_the_tip_does_not_change_the_phase() {
    let mut world = World::good();
    let mut run = Run::new(WORKING);
    run.until(&mut world, Phase::Computing).unwrap();
    let since = run.life.since();
    for _ in 0..20 {
        world.to_feed = 2;
        run.on(Event::TipMoved);
        while run.in_flight.is_some() {
            run.advance(&mut world);
            assert_eq!(run.life.phase(), Phase::Computing);
        }
    }
    assert_eq!(run.life.since(), since);
}

#[test]
fn a_queue_that_fails_does_not_stop_feeding() {
    let mut world =
        World { lacks: 1, failures: vec![(Call::Act, Cause::Queue); 30], ..World::good() };
    let mut run = Run::new(WORKING);
    run.until(&mut world, Phase::Failing).unwrap();
    world.to_feed = 4;
    run.on(Event::TipMoved);
    while run.in_flight.is_some() {
        run.advance(&mut world);
    }
    assert_eq!(world.to_feed, 0);
    assert_eq!(run.life.reason(), "Queue");
}

#[test]
fn an_error_is_shown_when_it_lasts_or_needs_somebody() {
    for (cause, failures) in [(Cause::Unreachable, 3), (Cause::WrongChain, 1)] {
        let mut world =
            World { failures: vec![(Call::ReadInfo, cause); failures], ..World::good() };
        let mut run = Run::new(WORKING);
        for failure in 1..=failures {
            run.advance(&mut world);
            let shown = run.life.phase() == Phase::Failing;
            assert_eq!(shown, failure == failures, "{cause:?} {failure}");
            if failure < failures {
                run.advance(&mut world);
            }
        }
        assert_eq!(run.life.reason(), format!("{cause:?}"));
        run.until(&mut world, Phase::Computing).unwrap();
        assert_eq!(run.life.reason(), "");
    }
    let failures = vec![(Call::Feed, Cause::Busy); 50];
    let mut world = World { to_feed: 1, failures, ..World::good() };
    let mut run = Run::new(WORKING);
    while run.life.phase() != Phase::Computing {
        run.advance(&mut world);
        assert_ne!(run.life.phase(), Phase::Failing, "busy is no error");
    }
}

#[test]
fn waits_grow_and_stay_bounded() {
    let mut fault = None;
    let mut waits = Vec::new();
    for _ in 0..40 {
        let why = (Cause::Unreachable, String::new(), 1.0);
        let next = Fault::after(fault.as_ref(), Call::ReadInfo, why, 7);
        waits.push(next.retry_at - 7);
        fault = Some(next);
    }
    assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
    assert_eq!(waits[39], 60_000);
}

#[test]
fn one_that_is_always_a_block_behind_earns_nevertheless() {
    let mut world = World { to_feed: 30, ..World::good() };
    let mut run = Run::new(WORKING);
    for _ in 0..200 {
        run.advance(&mut world);
        // While a block was executed, the next one came.
        world.to_feed = world.to_feed.max(3);
    }
    assert_eq!(run.life.phase(), Phase::Computing);
    for call in [Call::CollectEgress, Call::Judge { register_anew: false }, Call::Feed] {
        assert!(run.calls.iter().rev().take(20).any(|made| *made == call), "{call:?}");
    }
}
