use proptest::prelude::*;

use super::*;

const PACE: Pace = Pace { recovered_after: 30, gap: 60, window: 60, most: 3 };

fn report(worker: u128, health: Health) -> Arc<WorkerReport> {
    Arc::new(WorkerReport {
        health,
        message: format!("{health:?}"),
        ..WorkerReport::new(Uuid::from_u128(worker), format!("w{worker}"), 1, 0)
    })
}

fn kinds(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.kind).collect()
}

/// One worker's health from a time on, and what is told at that time.
#[track_caller]
fn tells(steps: &[(u64, Health, &[NoticeKind])]) {
    let mut decision = Decision::new(PACE);
    for (now, health, expected) in steps {
        let notices = decision.observe(&[report(1, *health)], *now);
        assert_eq!(kinds(&notices), *expected, "at {now}");
    }
}

#[test]
fn trouble_is_told_once_and_its_end_when_it_lasts() {
    tells(&[
        (0, Health::Well, &[]),
        (1, Health::Offline, &[NoticeKind::Offline]),
        (2, Health::Offline, &[]),
        (10, Health::Well, &[]),
        // It flaps.
        (20, Health::Offline, &[]),
        (70, Health::Well, &[]),
        (99, Health::Well, &[]),
        (100, Health::Well, &[NoticeKind::Recovered]),
        (500, Health::Well, &[]),
        (501, Health::Error, &[NoticeKind::Error]),
    ]);
}

#[test]
fn other_trouble_waits_for_its_turn_and_is_told_if_it_is_still_there() {
    tells(&[
        (0, Health::Error, &[NoticeKind::Error]),
        (10, Health::Offline, &[]),
        (20, Health::Unresponsive, &[]),
        (59, Health::Unresponsive, &[]),
        (60, Health::Unresponsive, &[NoticeKind::Unresponsive]),
    ]);
}

#[test]
fn of_one_that_is_left_alone_or_removed_nothing_more_is_told() {
    tells(&[
        (0, Health::Offline, &[NoticeKind::Offline]),
        (1, Health::LeftAlone, &[]),
        (200, Health::LeftAlone, &[]),
        (300, Health::Well, &[]),
        (400, Health::Well, &[]),
    ]);
    let mut decision = Decision::new(PACE);
    assert_eq!(decision.observe(&[report(1, Health::Offline)], 0).len(), 1);
    assert_eq!(decision.observe(&[], 1), []);
    assert!(decision.watched.is_empty());
}

#[test]
fn a_flood_is_one_digest_that_names_some_and_counts_all() {
    let mut decision = Decision::new(PACE);
    let of = |health| (0..100).map(|worker| report(worker, health)).collect::<Vec<_>>();
    let notices = decision.observe(&of(Health::Offline), 5);
    assert_eq!(kinds(&notices), [NoticeKind::Digest]);
    assert_eq!(notices[0].counts.unwrap().offline, 100);
    assert!(notices[0].message.contains("w0, w1") && notices[0].message.ends_with("and 90 more"));
    assert_eq!(decision.observe(&of(Health::Offline), 6), []);
    // All well again: they wait for the next window.
    assert_eq!(decision.observe(&of(Health::Well), 10), []);
    let notices = decision.observe(&of(Health::Well), 65);
    assert_eq!(notices[0].counts.unwrap().recovered, 100);
    assert_eq!(decision.observe(&of(Health::Well), 1_000), []);
    assert!(decision.watched.is_empty(), "who is well is forgotten");
}

fn healths() -> impl Strategy<Value = Health> {
    prop::sample::select(vec![
        Health::Well,
        Health::LeftAlone,
        Health::Offline,
        Health::Unresponsive,
        Health::Error,
    ])
}

proptest! {
    #[test]
    fn whatever_happens_the_pace_holds_and_lasting_trouble_is_told(
        steps in prop::collection::vec(
            (0..40_u64, prop::collection::vec(healths(), 8)), 1..60,
        ),
    ) {
        let mut decision = Decision::new(PACE);
        let (mut now, mut told) = (0, Vec::new());
        let mut last = Vec::new();
        for (wait, healths) in steps {
            now += wait;
            last = healths;
            let reports: Vec<_> =
                last.iter().zip(0..).map(|(health, worker)| report(worker, *health)).collect();
            told.extend(decision.observe(&reports, now));
        }
        // As long as nothing changes, all that is so is told.
        let reports: Vec<_> =
            last.iter().zip(0..).map(|(health, worker)| report(worker, *health)).collect();
        for _ in 0..10 {
            now += PACE.gap;
            told.extend(decision.observe(&reports, now));
        }
        for (watched, health) in reports.iter().zip(&last) {
            let held = decision.watched.get(&watched.uuid);
            match health.kind() {
                Some(kind) => prop_assert_eq!(held.unwrap().told.map(|told| told.0), Some(kind)),
                None => prop_assert!(held.is_none(), "{:?}", held),
            }
        }
        for (index, notice) in told.iter().enumerate() {
            let window = told[index..].iter().take_while(|it| it.at < notice.at + PACE.window);
            // A window may open within another's time, so two at most.
            prop_assert!(window.count() <= 2 * (PACE.most + 1));
        }
    }
}
