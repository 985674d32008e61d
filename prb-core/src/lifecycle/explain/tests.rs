use super::*;
use crate::lifecycle::machine::Cause;

fn situation(phase: Phase, message: &str) -> Situation<'_> {
    Situation {
        name: "w 1",
        phase,
        message,
        policy: Policy { enabled: true, sync_only: false, drained: false, goal: Goal::Compute },
        config_mode: false,
        block: Some(100),
        trouble: None,
        on_chain: Err("the parachain's state was not read yet".to_owned()),
    }
}

fn first_unmet(situation: &Situation<'_>) -> Condition {
    let explanation = Explanation {
        uuid: Uuid::nil(),
        name: situation.name.to_owned(),
        conditions: explain(situation),
    };
    explanation.first_unmet().unwrap().clone()
}

fn unreachable(shown: bool) -> Trouble {
    let text = "connection refused".to_owned();
    Trouble { feeding: true, cause: Cause::Unreachable, text, shown }
}

#[test]
fn what_its_operator_does_not_allow_comes_first() {
    let kicked = first_unmet(&situation(Phase::Kicked, "kicked"));
    assert_eq!(kicked.requirement, Requirement::Allowed);
    assert_eq!(kicked.remedy, "prb worker restart \"w 1\"");
    let drained = first_unmet(&situation(Phase::Drained, "drained"));
    assert_eq!((drained.requirement, drained.remedy), (kicked.requirement, kicked.remedy));
    for goal in [Goal::Stop, Goal::LeavePool] {
        let mut stopped = situation(Phase::Stopped, "in no pool");
        stopped.policy.goal = goal;
        assert_eq!(first_unmet(&stopped).remedy, "prb worker start \"w 1\"");
    }
    let mut disabled = situation(Phase::Disabled, "disabled");
    disabled.policy.enabled = false;
    assert!(first_unmet(&disabled).remedy.contains("--enabled true"));
    disabled.config_mode = true;
    assert!(first_unmet(&disabled).remedy.contains("without --config-mode"));
    let mut sync_only = situation(Phase::Synced, "synced");
    sync_only.policy.sync_only = true;
    assert!(first_unmet(&sync_only).remedy.contains("--sync-only false"));
}

#[test]
fn a_worker_that_cannot_be_fed_is_not_synced_and_says_why() {
    let mut failing = situation(Phase::Failing, "connection refused");
    failing.trouble = Some(unreachable(true));
    let condition = first_unmet(&failing);
    assert_eq!(
        (condition.requirement, condition.state),
        (Requirement::Synced, ConditionState::Failed)
    );
    assert_eq!(condition.detail, "connection refused");
    assert!(condition.remedy.contains("--endpoint"), "{condition:?}");
    // The first failures in a row are nobody's business yet.
    failing.trouble = Some(unreachable(false));
    failing.phase = Phase::Syncing;
    let condition = first_unmet(&failing);
    assert_eq!(condition.state, ConditionState::Underway);
    assert_eq!(condition.remedy, "");
    let behind = first_unmet(&situation(Phase::Syncing, "block 3 of 9"));
    assert_eq!((behind.state, behind.detail.as_str()), (ConditionState::Underway, "block 3 of 9"));
}

#[test]
fn a_chain_that_was_not_read_is_unknown_and_not_failed() {
    let condition = first_unmet(&situation(Phase::Synced, "synced"));
    let expected = (Requirement::Registered, ConditionState::Unknown);
    assert_eq!((condition.requirement, condition.state), expected);
}

#[test]
fn what_keeps_it_from_earning_is_not_said_of_its_feeding() {
    let mut failing = situation(Phase::Failing, "no report");
    failing.trouble = Some(Trouble {
        feeding: false,
        cause: Cause::NoReport,
        text: "no report".to_owned(),
        shown: true,
    });
    assert_eq!(first_unmet(&failing).requirement, Requirement::Registered);
    let (reason, remedy) = refused(&failing).unwrap();
    assert!(reason == "no report" && remedy.contains("attests"), "{remedy}");
    failing.trouble = None;
    assert!(refused(&failing).unwrap().1.contains("prb queue list failed"));
}
