//! What the chain and the pRuntime say of a worker, as managers tell it (`session_info_json`).

use serde::Deserialize;

/// A worker's session and its pRuntime; what is not known is empty or zero.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Session {
    /// On chain, such as `WorkerIdle`.
    pub(super) state: String,
    pub(super) v: String,
    pub(super) ve: String,
    pub(super) stats: Stats,
    pub(super) raw: Raw,
    pub(super) runtime_info: RuntimeInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Stats {
    /// Decimal planck.
    pub(super) total_reward: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Raw {
    pub(super) benchmark: Benchmark,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Benchmark {
    pub(super) p_init: u64,
    pub(super) p_instant: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuntimeInfo {
    pub(super) version: String,
    pub(super) git_revision: String,
    pub(super) registered: bool,
    pub(super) memory_usage: MemoryUsage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MemoryUsage {
    /// Bytes.
    pub(super) rust_used: u64,
    /// Bytes.
    pub(super) total_peak_used: u64,
}

impl Session {
    /// Of another bridge's manager it may be anything.
    pub(super) fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// Two decimals are enough of V.
pub(super) fn v(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| String::new(), |v| format!("{v:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_empty() {
        let json = r#"{"state":"WorkerIdle","v":"1.50000000","runtimeInfo":{"version":"2.2.0"}}"#;
        let session = Session::read(json);
        assert_eq!((&*session.state, &*v(&session.v)), ("WorkerIdle", "1.50"));
        assert_eq!((&*session.runtime_info.version, session.raw.benchmark.p_init), ("2.2.0", 0));
        assert_eq!(Session::read("").state, "");
        assert_eq!(v(""), "");
    }
}
