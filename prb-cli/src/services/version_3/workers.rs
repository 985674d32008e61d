//! Workers as version 3 shows them. Pure.

use prb_walkie::proto::worker_state::Status;
use prb_walkie::proto::{WorkerState, db};
use serde_json::{Value, json};

/// A worker as it is kept.
pub(super) fn kept(worker: &db::Worker) -> Value {
    json!({
        "id": worker.uuid,
        "name": worker.name,
        "endpoint": worker.endpoint,
        "stake": worker.stake,
        "pid": worker.pid,
        "enabled": worker.enabled,
        "sync_only": worker.sync_only,
        "gatekeeper": worker.gatekeeper,
    })
}

/// A worker with how it is.
pub(super) fn state(state: &WorkerState) -> Value {
    let session: Value = serde_json::from_str(&state.session_info_json).unwrap_or_default();
    let standing = match state.status() {
        Status::SIdle | Status::SKicked => json!("Disabled"),
        Status::SStarting => json!("Starting"),
        Status::SSynching | Status::SSynched => json!("Synchronizing"),
        Status::SPreActive => json!("Preparing"),
        Status::SActive => json!("Working"),
        Status::SError => json!({ "HasError": state.last_message }),
    };
    json!({
        "worker": state.worker.as_ref().map(kept),
        "state": standing,
        "phactory_info": phactory(state, &session["runtimeInfo"]),
        "last_message": state.last_message,
        "session_info": session_info(&session["raw"], &session["stats"]),
    })
}

/// What the pRuntime says of itself; nothing before it was asked. Its counters are those of the
/// next blocks.
fn phactory(state: &WorkerState, info: &Value) -> Value {
    if !info.is_object() {
        return Value::Null;
    }
    let memory = &info["memoryUsage"];
    let public_key = state.public_key.trim_start_matches("0x");
    json!({
        "initialized": state.initialized,
        "registered": info["registered"],
        "public_key": public_key,
        "headernum": state.parent_header_synched_to + 1,
        "para_headernum": state.para_header_synched_to + 1,
        "blocknum": state.para_block_dispatched_to + 1,
        "dev_mode": info["devMode"],
        "pending_messages": info["pendingMessages"],
        "score": info["score"],
        "version": info["version"],
        "git_revision": info["gitRevision"],
        "memory_usage": {
            "rust_used": memory["rustUsed"],
            "rust_peak_used": memory["rustPeakUsed"],
            "total_peak_used": memory["totalPeakUsed"],
            "free": memory["free"],
        },
        "system": { "registered": info["registered"], "public_key": public_key },
    })
}

/// What the chain says of its session; nothing without one.
fn session_info(raw: &Value, stats: &Value) -> Value {
    if !raw.is_object() {
        return Value::Null;
    }
    let benchmark = &raw["benchmark"];
    json!({
        "state": raw["state"],
        "v": raw["v"],
        "ve": raw["ve"],
        "v_updated_at": raw["vUpdatedAt"],
        "benchmark": {
            "p_init": benchmark["pInit"],
            "p_instant": benchmark["pInstant"],
            "iterations": benchmark["iterations"],
            "working_start_time": benchmark["workingStartTime"],
            "challenge_time_last": benchmark["challengeTimeLast"],
        },
        "cool_down_start": raw["coolDownStart"],
        "stats": { "total_reward": stats["totalReward"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_shown_in_version_3s_words() {
        let info = json!({
            "raw": { "state": "WorkerIdle", "v": "7", "benchmark": { "pInit": 9 } },
            "stats": { "totalReward": "1" },
            "runtimeInfo": { "registered": true, "score": 5 },
        });
        let mut worker = WorkerState {
            worker: Some(db::Worker { name: "w".into(), pid: 7, ..db::Worker::default() }),
            parent_header_synched_to: 9,
            para_block_dispatched_to: -1,
            public_key: "0xab".into(),
            last_message: "no answer".into(),
            session_info_json: info.to_string(),
            ..WorkerState::default()
        };
        worker.set_status(Status::SActive);
        let shown = state(&worker);
        assert_eq!(shown["state"], "Working");
        assert_eq!((&shown["worker"]["pid"], &shown["worker"]["name"]), (&7.into(), &"w".into()));
        let info = &shown["phactory_info"];
        assert_eq!((&info["headernum"], &info["blocknum"]), (&10.into(), &0.into()));
        assert_eq!((&info["public_key"], &info["score"]), (&"ab".into(), &5.into()));
        assert_eq!(shown["session_info"]["benchmark"]["p_init"], 9);
        worker.set_status(Status::SError);
        worker.session_info_json.clear();
        let shown = state(&worker);
        assert_eq!(shown["state"]["HasError"], "no answer");
        assert!(shown["phactory_info"].is_null() && shown["session_info"].is_null(), "{shown}");
    }
}
