use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMITS: BatchLimits =
    BatchLimits { max_calls: 8, max_bytes: 100, max_age: Duration::from_secs(10) };

#[derive(Clone, Debug)]
enum Step {
    /// lane, sender (0 = no messages), calls, bytes
    Push(u8, u8, usize, usize),
    Pass(u64),
    Take,
    Land(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..3, 0_u8..4, 1_usize..5, 1_usize..60)
            .prop_map(|(lane, sender, calls, bytes)| Step::Push(lane, sender, calls, bytes)),
        2 => (0_u64..12).prop_map(Step::Pass),
        4 => Just(Step::Take),
        2 => any::<usize>().prop_map(Step::Land),
    ]
}

fn lane(number: u8) -> Lane {
    (number > 0).then_some(AccountId32([number; 32]))
}

fn item(job: u64, lane_number: u8, messages: Option<(u8, u64)>, size: (usize, usize)) -> Item<u64> {
    Item {
        lane: lane(lane_number),
        messages: messages.map(|(sender, sequence)| (vec![sender], sequence)),
        calls: size.0,
        bytes: size.1,
        job,
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_nothing_goes_twice_and_senders_keep_their_order(
        steps in vec(step(), 0..300),
    ) {
        let mut batcher = Batcher::default();
        let mut now = Instant::now();
        let (mut pushed, mut gone) = (0_u64, BTreeSet::new());
        let mut in_flight: Vec<Batch<u64>> = Vec::new();
        let mut last_sequence = BTreeMap::new();
        for step in steps {
            match step {
                Step::Push(lane, sender, calls, bytes) => {
                    // Each sender stays in one lane, as a worker belongs to one pool.
                    let (lane, calls) = if sender > 0 { (sender % 3, calls) } else { (lane, 1) };
                    let messages = (sender > 0).then_some((sender, pushed));
                    batcher.push(item(pushed, lane, messages, (calls, bytes)), now);
                    pushed += 1;
                }
                Step::Pass(seconds) => now += Duration::from_secs(seconds),
                Step::Take => while let Some(batch) = batcher.take(&LIMITS, now) {
                    prop_assert!(!batch.items.is_empty());
                    let calls: usize = batch.items.iter().map(|item| item.calls).sum();
                    let bytes: usize = batch.items.iter().map(|item| item.bytes).sum();
                    prop_assert!(batch.items.len() == 1 || (calls <= 8 && bytes <= 100));
                    for item in &batch.items {
                        prop_assert_eq!(item.lane, batch.lane);
                        prop_assert!(gone.insert(item.job), "went twice");
                        if let Some((sender, sequence)) = &item.messages {
                            let others = in_flight.iter().chain([&batch]);
                            let windows = others
                                .flat_map(|batch| &batch.items)
                                .filter(|other| super::sender(other) == Some(sender));
                            prop_assert_eq!(windows.count(), 1, "one window in flight");
                            let last = last_sequence.insert(sender.clone(), *sequence);
                            prop_assert!(last.is_none_or(|last| last < *sequence));
                        }
                    }
                    in_flight.push(batch);
                },
                Step::Land(at) => if !in_flight.is_empty() {
                    let landed = in_flight.swap_remove(at % in_flight.len());
                    for item in &landed.items {
                        batcher.landed(item.messages.as_ref());
                    }
                },
            }
            prop_assert_eq!(batcher.len() + gone.len(), pushed as usize);
        }
        // Everything goes in the end.
        let mut rounds = 0;
        while !batcher.is_empty() {
            for landed in in_flight.drain(..) {
                landed.items.iter().for_each(|item| batcher.landed(item.messages.as_ref()));
            }
            now = now.max(batcher.next_due(&LIMITS).expect("something may go"));
            let batch = batcher.take(&LIMITS, now).expect("it is due");
            gone.extend(batch.items.iter().map(|item| item.job));
            in_flight.push(batch);
            rounds += 1;
            prop_assert!(rounds <= pushed);
        }
        prop_assert_eq!(gone.len() as u64, pushed);
    }
}

#[test]
fn a_batch_closes_by_the_age_of_its_first_job() {
    let mut batcher = Batcher::default();
    let begun = Instant::now();
    for second in 0..9 {
        let now = begun + Duration::from_secs(second);
        batcher.push(item(second, 0, None, (0, 1)), now);
        assert!(batcher.take(&LIMITS, now).is_none());
        assert_eq!(batcher.next_due(&LIMITS), Some(begun + LIMITS.max_age));
    }
    let batch = batcher.take(&LIMITS, begun + LIMITS.max_age).unwrap();
    assert_eq!(batch.items.len(), 9);
    assert_eq!(batcher.next_due(&LIMITS), None);
}

#[test]
fn a_batch_closes_by_count_and_by_bytes_at_once() {
    for size in [(4, 1), (1, 50)] {
        let mut batcher = Batcher::default();
        let now = Instant::now();
        batcher.push(item(1, 0, None, size), now);
        assert!(batcher.take(&LIMITS, now).is_none());
        batcher.push(item(2, 0, None, size), now);
        assert_eq!(batcher.take(&LIMITS, now).unwrap().items.len(), 2);
    }
}

#[test]
fn messages_go_first_but_nothing_waits_for_ever() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(item(1, 0, None, (1, 1)), now);
    batcher.push(item(2, 0, Some((1, 5)), (8, 1)), now);
    let order = |batcher: &mut Batcher<u64>, now| {
        let batch = batcher.take(&LIMITS, now).unwrap();
        batch.items.iter().map(|item| item.job).collect::<Vec<_>>()
    };
    assert_eq!(order(&mut batcher, now), [2]);
    let later = now + LIMITS.max_age * OVERDUE;
    batcher.push(item(3, 0, Some((2, 5)), (8, 1)), later);
    assert_eq!(order(&mut batcher, later), [1]);
}

#[test]
fn a_job_larger_than_a_batch_goes_alone() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(item(1, 0, None, (1, 1_000)), now);
    batcher.push(item(2, 0, None, (1, 1)), now);
    assert_eq!(batcher.take(&LIMITS, now).unwrap().items.len(), 1);
    assert_eq!(batcher.len(), 1);
}
