//! What workers need to earn, for people.

use std::fmt::Write as _;

use prb_walkie::proto::WorkerExplanation;
use prb_walkie::proto::worker_explanation::{Condition, ConditionState};

use crate::output::table;
use crate::view::text::single_line;

/// For each worker what it comes to, and its conditions.
pub(super) fn text(workers: &[WorkerExplanation]) -> String {
    if workers.is_empty() {
        return "no workers\n".to_owned();
    }
    let mut text = String::new();
    for worker in workers {
        let unmet = worker.conditions.iter().find(|it| it.state() != ConditionState::CsMet);
        let _infallible = writeln!(text, "{}: {}", single_line(&worker.name), comes_to(unmet));
        let rows: Vec<_> = worker.conditions.iter().map(row).collect();
        text.push_str(&table(&["", "CONDITION", "DETAIL"], &rows));
    }
    text
}

fn comes_to(unmet: Option<&Condition>) -> String {
    let Some(condition) = unmet else { return "earns".to_owned() };
    let what = single_line(&condition.requirement);
    let detail = single_line(&condition.detail);
    match (condition.state(), single_line(&condition.remedy)) {
        (ConditionState::CsFailed, remedy) if !remedy.is_empty() => {
            format!("{what} fails: {detail}; {remedy}")
        }
        (ConditionState::CsFailed, _) => format!("{what} fails: {detail}"),
        (ConditionState::CsUnderway, _) => format!("{what} is underway: {detail}"),
        _ => format!("{what} is not known: {detail}"),
    }
}

fn row(condition: &Condition) -> Vec<String> {
    let mark = match condition.state() {
        ConditionState::CsMet => "yes",
        ConditionState::CsUnderway => "...",
        ConditionState::CsFailed => "NO",
        ConditionState::CsUnknown => "?",
    };
    vec![mark.to_owned(), condition.requirement.clone(), condition.detail.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_missing_comes_first_with_what_to_do() {
        let condition = |requirement: &str, state: ConditionState, detail: &str, remedy: &str| {
            let (requirement, detail) = (requirement.to_owned(), detail.to_owned());
            Condition { requirement, state: state.into(), detail, remedy: remedy.to_owned() }
        };
        let conditions = vec![
            condition("synced", ConditionState::CsMet, "at block 7", ""),
            condition("stake", ConditionState::CsFailed, "too low", "prb worker edit"),
            condition("heartbeat", ConditionState::CsUnknown, "none\u{1b}", ""),
        ];
        let (uuid, name) = (String::new(), "w".to_owned());
        let worker = WorkerExplanation { uuid, name, conditions };
        let expected = "w: stake fails: too low; prb worker edit\n     CONDITION  DETAIL\nyes  \
                        synced     at block 7\nNO   stake      too low\n?    heartbeat  none\n";
        assert_eq!(text(std::slice::from_ref(&worker)), expected);
        let earns = WorkerExplanation { conditions: vec![], ..worker };
        assert!(text(&[earns]).starts_with("w: earns\n"));
    }
}
