//! The plan against a model of pRuntime's counters: it always reaches the tip, and no request
//! asks for what is not there or would be refused.

use proptest::prelude::*;

use super::plan::{Available, Counters, Limits, Need, Plan, Request, Run, Segment, plan};

mod walks;

/// A relay chain from block 1 on: its justified blocks, and the parachain heads there.
#[derive(Clone, Debug)]
struct World {
    segments: Vec<Segment>,
    /// The same chain with the segments of closed periods merged, as a provider keeps them.
    merged: Vec<Segment>,
    /// Parachain blocks whose full states are kept.
    states: Vec<u32>,
    /// The first parachain block that knows the worker.
    known_at: Option<u32>,
}

impl World {
    fn new(pieces: &[(u32, u32, bool)]) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        for &(length, new_heads, changes_set) in pieces {
            let (from, head) =
                segments.last().map_or((1, None), |last| (last.to + 1, last.para_head));
            let para_head = match (head, new_heads) {
                (None, 0) => None,
                (None, heads) => Some(heads - 1),
                (Some(head), heads) => Some(head + heads),
            };
            let bytes = 300 * length as usize;
            let to = from + length - 1;
            segments.push(Segment { from, to, changes_set, para_head, bytes });
        }
        let mut merged: Vec<Segment> = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let closed = segments[index..].iter().any(|later| later.changes_set);
            match merged.last_mut().filter(|last| closed && !last.changes_set) {
                Some(last) => {
                    *last =
                        Segment { from: last.from, bytes: last.bytes + segment.bytes, ..*segment };
                }
                None => merged.push(*segment),
            }
        }
        Self { segments, merged, states: Vec::new(), known_at: None }
    }

    fn tip(&self) -> u32 {
        self.segments.last().map_or(0, |last| last.to)
    }

    fn head_at(&self, relay: u32) -> Option<u32> {
        self.segments.iter().find(|segment| segment.to == relay).and_then(|it| it.para_head)
    }

    fn last_head(&self) -> Option<u32> {
        self.segments.last().and_then(|last| last.para_head)
    }

    fn available(&self, counters: Counters) -> Available {
        let standing = self.merged.iter().find(|it| it.to + 1 == counters.relay).copied();
        // Some were fetched before they were merged.
        let mut segments: Vec<Segment> = Vec::new();
        while let Some(segment) = {
            let next = segments.last().map_or(counters.relay, |last| last.to + 1);
            let old = next.is_multiple_of(3);
            let from = if old { &self.segments } else { &self.merged };
            from.iter().find(|it| it.from <= next && it.to >= next)
        } {
            segments.push(*segment);
        }
        let blocks = self.last_head().map_or(0, |head| (head + 1).saturating_sub(counters.block));
        // A chunk ends somewhere ahead.
        let block_bytes = (0..blocks.min(7)).map(|n| 1000 * (n as usize + 1)).collect();
        let (states, known_at) = (self.states.clone(), self.known_at);
        Available { states, known_at, standing, segments, block_bytes }
    }
}

/// What pRuntime keeps.
#[derive(Clone, Copy, Debug)]
struct Worker {
    counters: Counters,
    /// Relay block whose root waits.
    root: Option<u32>,
}

impl Worker {
    fn new(para: u32, block: u32) -> Self {
        let counters = Counters { relay: 1, para, block, root_waiting: false, takes_state: false };
        Self { counters, root: None }
    }

    fn load(&mut self, world: &World, number: u32) -> Result<(), String> {
        if !self.counters.takes_state || self.counters.block > 1 || self.counters.para > 1 {
            return Err("Can not load chain state".to_owned());
        }
        if number == 0 || world.known_at.is_some_and(|known_at| number >= known_at) {
            return Err("the worker is already registered".to_owned());
        }
        self.counters.takes_state = false;
        (self.counters.para, self.counters.block) = (number, number + 1);
        Ok(())
    }

    fn relay(&mut self, world: &World, run: Run) -> Result<(), String> {
        self.counters.takes_state = false;
        if run.to < self.counters.relay {
            return Err("only headers that the worker has".to_owned());
        }
        if run.from > self.counters.relay {
            return Err("BlockNumberMismatch".to_owned());
        }
        let end = world.segments.iter().find(|it| it.to == run.to);
        end.ok_or("MissingJustification")?;
        let hidden = world
            .segments
            .iter()
            .any(|it| it.changes_set && it.to >= self.counters.relay && it.to < run.to);
        if hidden {
            return Err("a change of the set inside a run".to_owned());
        }
        self.counters.relay = run.to + 1;
        self.root = Some(run.to);
        Ok(())
    }

    fn para(&mut self, world: &World, run: Run) -> Result<(), String> {
        if run.to < self.counters.para {
            return Err("only headers that the worker has".to_owned());
        }
        if run.from > self.counters.para {
            return Err("BlockNumberMismatch".to_owned());
        }
        let root = self.root.ok_or("RelaychainHeaderNotSynced")?;
        if world.head_at(root) != Some(run.to) {
            return Err("StorageProofFailed".to_owned());
        }
        self.counters.para = run.to + 1;
        self.root = None;
        Ok(())
    }

    fn blocks(&mut self, run: Run) -> Result<(), String> {
        if run.from != self.counters.block || run.to < run.from {
            return Err("BlockNumberMismatch".to_owned());
        }
        if run.to >= self.counters.para {
            return Err("NoStateRoot".to_owned());
        }
        self.counters.block = run.to + 1;
        Ok(())
    }

    /// Carries out a request; `half` ends a combined one after its relay part.
    fn take(&mut self, world: &World, request: Request, half: bool) -> Result<(), String> {
        match request {
            Request::Relay { from, to } => self.relay(world, Run { from, to })?,
            Request::Combined { relay, para } => {
                self.relay(world, relay)?;
                if !half {
                    self.para(world, para)?;
                }
            }
            Request::Para { at, run } => {
                if at + 1 != self.counters.relay {
                    return Err("proof of another relay block".to_owned());
                }
                self.para(world, run)?;
            }
            Request::Blocks(run) => self.blocks(run)?,
        }
        self.counters.root_waiting = self.root.is_some();
        Ok(())
    }
}

fn limits() -> Limits {
    Limits { bytes: 5000, blocks: 4, segments: 8, held: 3, para_headers: 1_000_000 }
}

/// The relay headers are whole segments, one after another.
fn can_be_made(request: Request, segments: &[Segment]) -> bool {
    let run = match request {
        Request::Relay { from, to } => Run { from, to },
        Request::Combined { relay, .. } => relay,
        Request::Para { .. } | Request::Blocks(_) => return true,
    };
    let mut next = run.from;
    for segment in segments.iter().take_while(|it| it.to <= run.to) {
        if segment.from != next {
            return false;
        }
        next = segment.to + 1;
    }
    next == run.to + 1
}

/// Feeds the worker until nothing is left to send; answers the requests it took.
fn feed(world: &World, worker: &mut Worker, faults: &[bool]) -> Result<Vec<Request>, String> {
    let mut sent = Vec::new();
    loop {
        let available = world.available(worker.counters);
        match plan(worker.counters, &available, &limits()) {
            Plan::Send(request) => {
                if !can_be_made(request, &available.segments) {
                    return Err(format!("{request:?} out of {:?}", available.segments));
                }
                let half = faults.get(sent.len()).copied().unwrap_or(false);
                worker
                    .take(world, request, half)
                    .map_err(|error| format!("{request:?} to {worker:?}: {error}"))?;
                sent.push(request);
            }
            Plan::Load(number) => {
                worker.load(world, number).map_err(|error| format!("{number}: {error}"))?;
            }
            Plan::Need(need) if need == Need::Segment(world.tip() + 1) => return Ok(sent),
            other => return Err(format!("{other:?} for {worker:?} in {world:?}")),
        }
        if sent.len() > 10_000 {
            return Err(format!("no end for {worker:?}"));
        }
    }
}

prop_compose! {
    fn worlds()(
        pieces in prop::collection::vec((1..20_u32, 0..4_u32, prop::bool::weighted(0.2)), 1..40),
    ) -> World {
        World::new(&pieces)
    }
}

fn at_the_tip(world: &World, worker: &Worker, start: Counters) -> bool {
    let counters = worker.counters;
    let next = world.last_head().map_or(0, |head| head + 1);
    only_held_back(world, counters)
        && counters.para == next.max(start.para)
        && counters.block == next.max(start.block)
}

/// The relay headers that the worker lacks are few segments, change no set, and prove no parachain
/// header that it lacks.
fn only_held_back(world: &World, counters: Counters) -> bool {
    let lacking = world.merged.iter().filter(|segment| segment.to >= counters.relay);
    let held: Vec<_> = lacking.collect();
    held.len() < limits().held
        && held.iter().all(|segment| {
            !segment.changes_set && segment.para_head.is_none_or(|head| head < counters.para)
        })
}

proptest! {
    #[test]
    fn fresh_and_loaded_workers_reach_the_tip(
        world in worlds(),
        (para, block) in prop_oneof![
            Just((0, 1)),
            Just((1, 1)),
            (1..60_u32).prop_map(|loaded| (loaded, loaded + 1)),
        ],
        faults in prop::collection::vec(prop::bool::weighted(0.3), 100),
    ) {
        let mut worker = Worker::new(para, block);
        let start = worker.counters;
        feed(&world, &mut worker, &faults).map_err(TestCaseError::fail)?;
        prop_assert!(at_the_tip(&world, &worker, start), "{worker:?}");
    }

    #[test]
    fn a_fresh_worker_with_kept_states_reaches_the_tip(
        mut world in worlds(),
        para in 0..=1_u32,
        states in prop::collection::vec(0..60_u32, 0..4),
        known_at in prop::option::of(0..60_u32),
        refuses in any::<bool>(),
    ) {
        (world.states, world.known_at) = (states, known_at);
        let mut worker = Worker::new(para, 1);
        worker.counters.takes_state = !refuses;
        let allowed = world.states.iter().filter(|state| {
            !refuses && **state > 0 && known_at.is_none_or(|known_at| **state < known_at)
        });
        let start = match allowed.max() {
            Some(&state) => Worker::new(state, state + 1).counters,
            None => worker.counters,
        };
        feed(&world, &mut worker, &[]).map_err(TestCaseError::fail)?;
        prop_assert!(at_the_tip(&world, &worker, start), "{worker:?}");
    }

    /// It stood at the tip of a shorter chain whose period has since been closed and merged, or
    /// went back there when its pRuntime restarted.
    #[test]
    fn a_worker_goes_on_from_anywhere_it_once_stood(
        world in worlds(),
        keep in 0..40_usize,
        steps in 0..60_usize,
        half in any::<bool>(),
    ) {
        let mut shorter = world.clone();
        shorter.segments.truncate(keep.max(1));
        shorter.merged.clone_from(&shorter.segments);
        let mut worker = Worker::new(0, 1);
        let mut history = vec![worker];
        for request in feed(&shorter, &mut worker.clone(), &[]).map_err(TestCaseError::fail)? {
            worker.take(&shorter, request, half).ok();
            history.push(worker);
        }
        let mut worker = history[steps.min(history.len() - 1)];
        feed(&world, &mut worker, &[]).map_err(TestCaseError::fail)?;
        prop_assert!(at_the_tip(&world, &worker, Worker::new(0, 1).counters), "{worker:?}");
    }

    #[test]
    fn any_counters_give_an_answer(
        relay in any::<u32>(),
        para in any::<u32>(),
        block in any::<u32>(),
        root_waiting in any::<bool>(),
        takes_state in any::<bool>(),
        world in worlds(),
    ) {
        let counters = Counters { relay, para, block, root_waiting, takes_state };
        let mut available = world.available(counters);
        plan(counters, &available, &limits());
        available.block_bytes = vec![1; 10];
        available.segments.clone_from(&world.merged);
        available.standing = world.merged.first().copied();
        plan(counters, &available, &limits());
    }
}

#[test]
fn a_fresh_worker_begins_with_the_newest_state_that_does_not_know_it() {
    let fresh = Counters { relay: 9, para: 0, block: 1, root_waiting: false, takes_state: true };
    let begins_with = |counters: Counters, states: &[u32], known_at| {
        let available = Available { states: states.to_vec(), known_at, ..Available::default() };
        match plan(counters, &available, &limits()) {
            Plan::Load(number) => Some(number),
            _ => None,
        }
    };
    assert_eq!(begins_with(fresh, &[20, 40], None), Some(40));
    assert_eq!(begins_with(fresh, &[20, 40], Some(41)), Some(40));
    assert_eq!(begins_with(fresh, &[20, 40], Some(40)), Some(20));
    assert_eq!(begins_with(fresh, &[20, 40], Some(20)), None);
    assert_eq!(
        begins_with(fresh, &[0], None),
        None,
        "no worker takes the genesis' for a later one"
    );
    assert_eq!(begins_with(fresh, &[], None), None);
    assert_eq!(begins_with(Counters { takes_state: false, ..fresh }, &[20], None), None);
    assert_eq!(begins_with(Counters { para: 5, block: 5, ..fresh }, &[20], None), None);
}

#[test]
fn a_worker_that_joins_late_in_a_period_is_not_fed_segment_by_segment() {
    let world = World::new(&[(2, 1, false); 300]);
    let mut worker = Worker::new(0, 1);
    let sent = feed(&world, &mut worker, &[]).unwrap();
    let headers = sent.iter().filter(|it| matches!(it, Request::Combined { .. })).count();
    assert!(headers <= 300 / 8 + 1, "{headers} requests for headers");
}

#[test]
fn several_relay_blocks_with_one_head_need_no_parachain_headers() {
    let world = World::new(&[(1, 1, false), (1, 0, false), (1, 0, false)]);
    let mut worker = Worker::new(1, 1);
    let sent = feed(&world, &mut worker, &[]).unwrap();
    assert_eq!(sent, [Request::Relay { from: 1, to: 3 }]);
}

#[test]
fn relay_headers_that_prove_nothing_wait_for_those_that_do() {
    let pieces = [(1, 2, false), (1, 0, false), (1, 1, false)];
    let mut worker = Worker::new(1, 1);
    feed(&World::new(&pieces[..2]), &mut worker, &[]).unwrap();
    assert_eq!(worker.counters.relay, 3, "one call had both");
    feed(&World::new(&[pieces[0], pieces[1], (1, 0, false)]), &mut worker, &[]).unwrap();
    assert_eq!(worker.counters.relay, 3, "held back");
    let sent = feed(&World::new(&pieces), &mut worker, &[]).unwrap();
    let relay = Run { from: 3, to: 3 };
    assert_eq!(sent[0], Request::Combined { relay, para: Run { from: 2, to: 2 } });
}

#[test]
fn relay_headers_are_held_back_neither_for_ever_nor_at_a_change_of_the_set() {
    let held = |segments: usize, changes_set| {
        let mut pieces = vec![(1, 1, false)];
        pieces.extend(vec![(1, 0, false); segments]);
        pieces.last_mut().unwrap().2 = changes_set;
        let mut worker = Worker::new(0, 1);
        feed(&World::new(&pieces[..1]), &mut worker, &[]).unwrap();
        feed(&World::new(&pieces), &mut worker, &[]).unwrap();
        worker.counters.relay == 2
    };
    assert!(held(limits().held - 1, false));
    assert!(!held(limits().held, false));
    assert!(!held(1, true));
}
