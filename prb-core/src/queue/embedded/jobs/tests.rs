use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::error::ErrorClass;

#[derive(Clone, Debug)]
enum Step {
    Add,
    Take,
    Succeed(usize),
    Fail(usize, Option<u8>),
    Release(usize, u8),
    Remove(usize),
    Retry(usize),
    Pass(u8),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Add),
        4 => Just(Step::Take),
        1 => any::<usize>().prop_map(Step::Succeed),
        1 => any::<(usize, Option<u8>)>().prop_map(|(at, after)| Step::Fail(at, after)),
        1 => any::<(usize, u8)>().prop_map(|(at, after)| Step::Release(at, after)),
        1 => any::<usize>().prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Retry),
        1 => any::<u8>().prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

const LIMITS: Limits = Limits { max_unfinished: 12, keep_succeeded: 3, keep_failed: 4 };

fn outcome() -> Outcome {
    Outcome {
        extrinsic_hash: String::new(),
        block_hash: String::new(),
        block_number: 1,
        calls: Vec::new(),
    }
}

/// Follows what a store would hold.
fn write(jobs: &mut Jobs, store: &mut BTreeMap<u64, Record>) {
    for (id, record) in jobs.drain_unwritten() {
        match record {
            Some(record) => store.insert(id, record.clone()),
            None => store.remove(&id),
        };
    }
}

proptest! {
    #[test]
    fn no_job_is_lost_and_none_is_taken_twice(steps in vec(step(), 0..200)) {
        let mut jobs = Jobs::restore(LIMITS, BTreeMap::new());
        let mut store = BTreeMap::new();
        let (mut now, mut active, mut unfinished) = (1_000_u64, Vec::<JobId>::new(), 0_usize);
        let mut ended = Vec::<JobId>::new();
        for step in steps {
            let pick = |from: &[JobId], at: usize| from.get(at % from.len().max(1)).cloned();
            match step {
                Step::Add => match jobs.add(Vec::new(), now) {
                    Ok(_) => unfinished += 1,
                    Err(_) => prop_assert!(unfinished >= LIMITS.max_unfinished),
                },
                Step::Take => {
                    jobs.raise(now);
                    let waited = jobs.has_waiting();
                    let taken = jobs.take();
                    prop_assert_eq!(taken.is_some(), waited);
                    if let Some((id, _)) = taken {
                        prop_assert!(!active.contains(&id));
                        active.push(id);
                    }
                }
                Step::Succeed(at) => if let Some(id) = pick(&active, at) {
                    jobs.succeed(&id, outcome()).unwrap();
                    active.retain(|other| *other != id);
                    ended.push(id);
                    unfinished -= 1;
                },
                Step::Fail(at, after) => if let Some(id) = pick(&active, at) {
                    let retry = after.map(|ms| Duration::from_millis(ms.into()));
                    let failure = Failure::new("no", ErrorClass::Transient);
                    let state = jobs.fail(&id, failure, retry, now).unwrap();
                    active.retain(|other| *other != id);
                    if state == JobState::Failed {
                        ended.push(id);
                        unfinished -= 1;
                    }
                },
                Step::Release(at, after) => if let Some(id) = pick(&active, at) {
                    jobs.release(&id, Duration::from_millis(after.into()), now).unwrap();
                    active.retain(|other| *other != id);
                },
                Step::Remove(at) => if let Some(id) = pick(&ended, at) {
                    let known = jobs.get(&id).is_some();
                    prop_assert_eq!(jobs.remove(&id), known);
                    ended.retain(|other| *other != id);
                },
                Step::Retry(at) => if let Some(id) = pick(&ended, at) && jobs.retry(&id) {
                    ended.retain(|other| *other != id);
                    unfinished += 1;
                },
                Step::Pass(ms) => now += u64::from(ms),
                Step::Restart => {
                    jobs = Jobs::restore(LIMITS, store.clone());
                    active.clear();
                }
            }
            write(&mut jobs, &mut store);
            prop_assert_eq!(&store, &jobs.records);
            let counts = jobs.counts();
            let open = counts.waiting + counts.active + counts.delayed;
            prop_assert_eq!(open, unfinished as u64);
            prop_assert_eq!(counts.active, active.len() as u64);
            prop_assert!(counts.succeeded <= 3 && counts.failed <= 4);
        }
    }
}

#[test]
fn released_jobs_keep_their_order_before_the_others() {
    let mut jobs = Jobs::restore(LIMITS, BTreeMap::new());
    for _ in 0..3 {
        jobs.add(Vec::new(), 0).unwrap();
    }
    let (first, _) = jobs.take().unwrap();
    let (second, _) = jobs.take().unwrap();
    jobs.release(&second, Duration::ZERO, 0).unwrap();
    jobs.release(&first, Duration::ZERO, 0).unwrap();
    let order: Vec<_> = std::iter::from_fn(|| jobs.take()).map(|(id, _)| id.0).collect();
    assert_eq!(order, ["1", "2", "3"]);
}
