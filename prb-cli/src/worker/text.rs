//! Workers as tables for people.

use prb_core::lifecycle::Amount;
use prb_walkie::proto::{WorkerState, db};

use crate::manager;
use crate::output::table;

/// As they are configured.
pub(super) fn workers(workers: &[db::Worker]) -> String {
    if workers.is_empty() {
        return "no workers\n".to_owned();
    }
    let rows: Vec<_> = workers.iter().map(configured).collect();
    table(&["NAME", "POOL", "STATE", "STAKE", "ENDPOINT", "UUID"], &rows)
}

fn configured(worker: &db::Worker) -> Vec<String> {
    let mut wanted = manager::state(worker.deleted, worker.enabled, worker.sync_only).to_owned();
    if worker.gatekeeper {
        wanted.push_str(", gatekeeper");
    }
    let stake = worker.stake.parse().map_or_else(|_| "-".to_owned(), |it| Amount(it).to_string());
    let (name, endpoint, uuid) = (&worker.name, &worker.endpoint, &worker.uuid);
    vec![name.clone(), worker.pid.to_string(), wanted, stake, endpoint.clone(), uuid.clone()]
}

/// As they are.
pub(super) fn states(states: &[WorkerState]) -> String {
    if states.is_empty() {
        return "no workers\n".to_owned();
    }
    let rows: Vec<_> = states.iter().map(state).collect();
    table(&["NAME", "POOL", "STATUS", "RELAY", "PARA", "BLOCK", "MESSAGE"], &rows)
}

fn state(state: &WorkerState) -> Vec<String> {
    let height = |height: i32| if height < 0 { "-".to_owned() } else { height.to_string() };
    let (name, pid) = match &state.worker {
        Some(worker) => (worker.name.clone(), worker.pid.to_string()),
        None => ("-".to_owned(), "-".to_owned()),
    };
    vec![
        name,
        pid,
        status(state),
        height(state.parent_header_synched_to),
        height(state.para_header_synched_to),
        height(state.para_block_dispatched_to),
        state.last_message.clone(),
    ]
}

/// `S_PRE_ACTIVE` as `pre-active`.
pub(crate) fn status(state: &WorkerState) -> String {
    let name = state.status().as_str_name();
    name.strip_prefix("S_").unwrap_or(name).to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use prb_walkie::proto::worker_state::Status;

    use super::*;

    #[test]
    fn a_worker_takes_a_line() {
        let worker = db::Worker {
            name: "w\u{1b}[2J1".into(),
            pid: 2,
            stake: "4000000000000000".into(),
            endpoint: "http://10.0.0.1:8000".into(),
            enabled: true,
            gatekeeper: true,
            uuid: "u".into(),
            ..db::Worker::default()
        };
        assert_eq!(
            workers(std::slice::from_ref(&worker)).lines().nth(1).unwrap(),
            "w [2J1  2     enabled, gatekeeper  4000 PHA  http://10.0.0.1:8000  u"
        );
        let state = WorkerState {
            worker: Some(worker),
            status: Status::SPreActive.into(),
            parent_header_synched_to: -1,
            para_header_synched_to: 5,
            last_message: "add to the pool".into(),
            ..WorkerState::default()
        };
        let text = states(&[state]);
        assert!(text.contains("2     pre-active  -      5     0      add to the pool"), "{text}");
        assert_eq!(states(&[]), "no workers\n");
    }
}
