use proptest::prelude::*;

use super::*;
use crate::queue::CallResult;

const PATIENCE: Patience = Patience { first: 1_000, longest: 8_000 };

fn intent() -> Intent<u8> {
    Intent::new(1, JobId("7".to_owned()), 0, 0)
}

fn ask(intent: &mut Intent<u8>, fate: &Fate, seen: u32, now: Millis) -> Ask {
    Intent::ask(Some((intent, fate)), &1, seen, now, &PATIENCE)
}

#[test]
fn what_is_open_is_not_asked_for_twice() {
    let open = &mut intent();
    for fate in [Fate::Waiting, Fate::Underway, Fate::Finalized { block: 6, error: None }] {
        assert!(matches!(ask(open, &fate, 5, 1_000_000), Ask::Later { .. }), "{fate:?}");
    }
    assert_eq!(Intent::ask(None, &1, 5, 0, &PATIENCE), Ask::Now { tries: 0 });
    let other = Intent::ask(Some((open, &Fate::Waiting)), &2, 5, 0, &PATIENCE);
    assert_eq!(other, Ask::Now { tries: 0 });
}

#[test]
fn what_had_no_effect_is_asked_for_again_later() {
    for fate in [
        Fate::Failed("no".to_owned()),
        Fate::Finalized { block: 5, error: Some("no".to_owned()) },
        Fate::Finalized { block: 5, error: None },
    ] {
        let open = &mut intent();
        assert!(matches!(ask(open, &fate, 5, 500), Ask::Later { .. }));
        assert!(matches!(ask(open, &fate, 5, 1_499), Ask::Later { .. }));
        assert_eq!(ask(open, &fate, 5, 1_500), Ask::Now { tries: 1 });
        // The second failure is waited out longer, and said to fail.
        let open = &mut Intent::new(1, open.job.clone(), 1, 1_500);
        assert!(matches!(ask(open, &fate, 5, 2_000), Ask::Later { failing: true, .. }));
        assert_eq!(ask(open, &fate, 5, 4_000), Ask::Now { tries: 2 });
    }
}

#[test]
fn a_job_that_the_queue_lost_is_asked_for_again() {
    let open = &mut intent();
    assert!(matches!(ask(open, &Fate::Lost, 5, LOST_AFTER - 1), Ask::Later { .. }));
    assert_eq!(ask(open, &Fate::Lost, 5, LOST_AFTER), Ask::Now { tries: 0 });
}

#[test]
fn the_first_refused_call_is_told_with_its_documentation() {
    let call = |outcome| CallResult { call: "A.b".to_owned(), outcome };
    let error = CallOutcome::Error { error: "A.No".to_owned(), docs: "Not so.".to_owned() };
    let outcome = Outcome {
        extrinsic_hash: String::new(),
        block_hash: String::new(),
        block_number: 3,
        calls: vec![call(CallOutcome::Ok), call(error)],
    };
    assert_eq!(first_error(&outcome).unwrap(), "A.b: A.No (Not so.)");
}

proptest! {
    /// However a job ends, it is asked for again within the longest wait.
    #[test]
    fn nothing_waits_for_ever_for_a_job_that_ended(
        tries in 0..100_u32,
        now in 0..1_u64 << 40,
        seen in 0..10_u32,
    ) {
        for fate in [
            Fate::Failed(String::new()),
            Fate::Finalized { block: seen, error: None },
            Fate::Lost,
        ] {
            let mut open = Intent::new(1_u8, JobId(String::new()), tries, now);
            ask(&mut open, &fate, seen, now);
            let later = now + PATIENCE.longest.max(LOST_AFTER);
            let asked_again = matches!(ask(&mut open, &fate, seen, later), Ask::Now { .. });
            prop_assert!(asked_again);
        }
    }
}
