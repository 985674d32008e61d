//! GetInfo.

use super::Phactory;
use super::sync::MAX_CONSENSUS_VERSION;
use crate::pruntime::config::{AttestationMethod, Mode};
use crate::pruntime::proto;

/// The newest contract runtime of version 2.2.
const PINK_RUNTIME_VERSION: &str = "1.2";

/// Seconds a contract query may take.
const QUERY_TIMEOUT: u32 = 10;

impl Phactory {
    /// What GetInfo answers.
    pub(crate) fn info(&self) -> proto::PhactoryInfo {
        let (major, minor, patch) = self.settings.version;
        let mut info = proto::PhactoryInfo {
            initialized: self.runtime.is_some(),
            gatekeeper: Some(proto::GatekeeperStatus::default()),
            score: u64::from(self.settings.score),
            version: format!("{major}.{minor}.{patch}"),
            git_revision: concat!("prb-devnet-", env!("CARGO_PKG_VERSION")).into(),
            memory_usage: Some(proto::MemoryUsage::default()),
            can_load_chain_state: self.can_load_chain_state,
            ..proto::PhactoryInfo::default()
        };
        if self.settings.mode == Mode::V2 {
            info.max_supported_pink_runtime_version = PINK_RUNTIME_VERSION.into();
            info.supported_attestation_methods = self.attestation_methods();
            info.query_timeout = QUERY_TIMEOUT;
        }
        let Some(runtime) = &self.runtime else { return info };
        let state = &runtime.state;
        let counters = state.follower.counters();
        let public_key = hex::encode(runtime.identity.public_key());
        let ecdh_public_key = hex::encode(runtime.identity.ecdh_public_key());
        let registered = state.worker.registered();
        info.registered = registered;
        info.genesis_block_hash = Some(hex::encode(state.genesis_block_hash));
        info.public_key = Some(public_key.clone());
        info.ecdh_public_key = Some(ecdh_public_key.clone());
        info.headernum = counters.headernum;
        info.para_headernum = counters.para_headernum;
        info.blocknum = counters.blocknum;
        info.waiting_for_paraheaders = counters.waiting_for_paraheaders;
        info.state_root = hex::encode(state.follower.state_root());
        info.dev_mode = runtime.dev_mode;
        info.pending_messages = state.worker.pending() as u64;
        if self.settings.mode == Mode::V2 {
            info.current_block_time = state.worker.now_ms();
            info.system = Some(proto::SystemInfo {
                registered,
                public_key,
                ecdh_public_key,
                gatekeeper: Some(proto::GatekeeperStatus::default()),
                number_of_clusters: 0,
                number_of_contracts: 0,
                max_supported_consensus_version: MAX_CONSENSUS_VERSION,
                genesis_block: state.genesis_block,
            });
        }
        info
    }

    fn attestation_methods(&self) -> Vec<String> {
        let own = match self.settings.attestation {
            AttestationMethod::None => None,
            AttestationMethod::Epid => Some("epid"),
            AttestationMethod::Dcap => Some("dcap"),
        };
        ["none"].into_iter().chain(own).map(String::from).collect()
    }
}
