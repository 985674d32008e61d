//! `session_info_json`: a worker's session and its pRuntime, as the field's monitors read them.

use serde_json::{Value, json};

use crate::pruntime::proto::PhactoryInfo;
use crate::scale::on_chain::SessionInfo;

/// Empty if nothing is known.
pub(super) fn json(session: Option<&SessionInfo>, info: Option<&PhactoryInfo>) -> String {
    if session.is_none() && info.is_none() {
        return String::new();
    }
    let mut value = match session {
        Some(session) => session_json(session),
        None => json!({}),
    };
    if let Some(info) = info {
        value["runtimeInfo"] = info_json(info);
    }
    value.to_string()
}

fn session_json(session: &SessionInfo) -> Value {
    let benchmark = &session.benchmark;
    json!({
        "state": format!("{:?}", session.state),
        "v": fixed(session.v),
        "ve": fixed(session.ve),
        "stats": { "totalReward": session.stats.total_reward.to_string() },
        "raw": {
            "state": format!("{:?}", session.state),
            "v": session.v.to_string(),
            "ve": session.ve.to_string(),
            "vUpdatedAt": session.v_updated_at,
            "coolDownStart": session.cool_down_start,
            "benchmark": {
                "pInit": benchmark.p_init,
                "pInstant": benchmark.p_instant,
                "iterations": benchmark.iterations,
                "workingStartTime": benchmark.working_start_time,
                "challengeTimeLast": benchmark.challenge_time_last,
            },
        },
    })
}

/// A U64F64 with eight decimals.
fn fixed(bits: u128) -> String {
    const SCALE: u128 = 100_000_000;
    let (whole, rest) = (bits >> 64, bits & u128::from(u64::MAX));
    format!("{whole}.{:08}", (rest * SCALE) >> 64)
}

fn info_json(info: &PhactoryInfo) -> Value {
    let memory = info.memory_usage.unwrap_or_default();
    json!({
        "initialized": info.initialized,
        "registered": info.system.as_ref().map_or(info.registered, |system| system.registered),
        "headernum": info.headernum,
        "paraHeadernum": info.para_headernum,
        "blocknum": info.blocknum,
        "devMode": info.dev_mode,
        "pendingMessages": info.pending_messages,
        "score": info.score,
        "version": info.version,
        "gitRevision": info.git_revision,
        "memoryUsage": {
            "rustUsed": memory.rust_used,
            "rustPeakUsed": memory.rust_peak_used,
            "totalPeakUsed": memory.total_peak_used,
            "free": memory.free,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_with_eight_decimals() {
        assert_eq!(fixed(3 << 63), "1.50000000");
        assert_eq!(fixed(u128::MAX), "18446744073709551615.99999999");
        assert_eq!(json(None, None), "");
    }
}
