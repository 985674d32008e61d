//! What is wrong with the workers of a manager.

use prb_walkie::proto::WorkerState;
use prb_walkie::proto::worker_state::Status;
use serde_json::Value;

use super::{Critical, Problem, Severity, Warning};

/// A worker that computes is behind when it lacks so many blocks: its heartbeats are late.
const BEHIND: u32 = 60;
/// As many workers are named of those with the same problem.
const NAMED: usize = 3;

/// What is wrong with these workers, those with the same problem together. The parachain's
/// finalized height is known or not.
pub(super) fn of(manager: &str, states: &[WorkerState], para: Option<u32>) -> Vec<Problem> {
    if states.is_empty() {
        let remedy = "prb pool add NAME --pid PID --owner -; prb worker add NAME --pool POOL \
                      --endpoint URL";
        return vec![Problem::new(Warning, manager, "it keeps no worker", remedy)];
    }
    let mut groups: Vec<(Wrong, Vec<&str>)> = Vec::new();
    for state in states {
        let (Some(wrong), Some(worker)) = (wrong(state, para), &state.worker) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == wrong) {
            Some((_, names)) => names.push(&worker.name),
            None => groups.push((wrong, vec![&worker.name])),
        }
    }
    let tell = |(wrong, names): (Wrong, Vec<&str>)| {
        let Wrong { severity, problem, command } = wrong;
        let about = format!("{} of {manager}", named(&names));
        let remedy = format!("{command} {}", names.first().copied().unwrap_or_default());
        Problem::new(severity, about, problem, remedy)
    };
    groups.into_iter().map(tell).collect()
}

#[derive(PartialEq, Eq)]
struct Wrong {
    severity: Severity,
    problem: String,
    /// What to do with such a worker.
    command: &'static str,
}

fn wrong(state: &WorkerState, para: Option<u32>) -> Option<Wrong> {
    let explain = "prb worker explain";
    match state.status() {
        Status::SError => {
            let problem = match state.last_message.as_str() {
                "" => "in error, and the manager does not say why".to_owned(),
                message => format!("in error: {message}"),
            };
            Some(Wrong { severity: Critical, problem, command: explain })
        }
        Status::SKicked => {
            let problem = "left alone until restarted".to_owned();
            Some(Wrong { severity: Warning, problem, command: "prb worker restart" })
        }
        Status::SActive if is_unresponsive(state) => {
            let problem = "unresponsive on chain, and slashed: heartbeats do not get there";
            Some(Wrong { severity: Critical, problem: problem.to_owned(), command: explain })
        }
        Status::SActive => {
            let executed = u32::try_from(state.para_block_dispatched_to).unwrap_or(0);
            let behind = para.is_some_and(|para| para.saturating_sub(executed) >= BEHIND);
            // How far differs from worker to worker, and they are told of together.
            let problem = format!("computing, and more than {BEHIND} blocks behind the chain");
            behind.then_some(Wrong { severity: Warning, problem, command: explain })
        }
        _ => None,
    }
}

/// As its manager read it from the chain.
fn is_unresponsive(state: &WorkerState) -> bool {
    let session: Value = serde_json::from_str(&state.session_info_json).unwrap_or_default();
    session["state"] == "WorkerUnresponsive"
}

fn named(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 if names.len() == 1 => format!("worker {shown}"),
        0 => format!("workers {shown}"),
        more => format!("workers {shown} and {more} more"),
    }
}
