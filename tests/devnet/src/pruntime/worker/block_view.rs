//! What a worker reads in the state after a block.

use prb_devnet_runtime::types::{Message, MessageOrigin, WorkerPublicKey};

use crate::pruntime::chain_state::ChainState;
use crate::pruntime::storage_key;

/// The parts of a para state that matter to one worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockView {
    /// The block's number.
    pub(crate) number: u32,
    /// The block's time, ms since 1970.
    pub(crate) now_ms: u64,
    /// What the block's pallets have sent.
    pub(crate) messages: Vec<Message>,
    /// The sequence the chain expects of the worker's next message.
    pub(crate) ingress: u64,
    /// The sequence the chain expects of the gatekeepers' next message.
    pub(crate) gatekeeper_ingress: u64,
    /// The key that the gatekeepers share.
    pub(crate) gatekeeper_master_key: Option<WorkerPublicKey>,
    /// Whether the registry knows the worker.
    pub(crate) registered: bool,
    /// The least pRuntime version the chain tolerates.
    pub(crate) minimum_version: (u32, u32, u32),
    /// Measurements that are tolerated whatever their version.
    pub(crate) allowed_measurements: Vec<Vec<u8>>,
    /// The consensus version a pRuntime must know.
    pub(crate) consensus_version: u32,
}

/// The storage keys a worker reads after each block.
#[derive(Clone, Debug)]
pub(crate) struct WorkerKeys {
    pub(crate) now: Vec<u8>,
    pub(crate) outbound_messages: Vec<u8>,
    pub(crate) ingress: Vec<u8>,
    pub(crate) gatekeeper_ingress: Vec<u8>,
    pub(crate) gatekeeper_master_key: Vec<u8>,
    pub(crate) minimum_version: Vec<u8>,
    pub(crate) allow_list: Vec<u8>,
    pub(crate) consensus_version: Vec<u8>,
    pub(crate) worker: Vec<u8>,
}

impl WorkerKeys {
    /// The keys of the worker with this identity.
    pub(crate) fn of(public_key: WorkerPublicKey) -> Self {
        let ingress =
            |of: MessageOrigin| storage_key::twox64_map("PhalaMq", "OffchainIngress", &of);
        Self {
            now: storage_key::value("Timestamp", "Now"),
            outbound_messages: storage_key::value("PhalaMq", "OutboundMessages"),
            ingress: ingress(MessageOrigin::Worker(public_key)),
            gatekeeper_ingress: ingress(MessageOrigin::Gatekeeper),
            gatekeeper_master_key: storage_key::value("PhalaRegistry", "GatekeeperMasterPubkey"),
            minimum_version: storage_key::value("PhalaRegistry", "MinimumPRuntimeVersion"),
            allow_list: storage_key::value("PhalaRegistry", "PRuntimeAllowList"),
            consensus_version: storage_key::value("PhalaRegistry", "PRuntimeConsensusVersion"),
            worker: storage_key::twox64_map("PhalaRegistry", "Workers", &public_key),
        }
    }
}

impl BlockView {
    /// Reads the state after block `number`.
    pub(crate) fn of_state(number: u32, state: &ChainState, keys: &WorkerKeys) -> Self {
        let minimum_version: (u32, u32, u32) =
            state.get_decoded(&keys.minimum_version).unwrap_or_default();
        Self {
            number,
            now_ms: state.get_decoded(&keys.now).unwrap_or_default(),
            messages: state.get_decoded(&keys.outbound_messages).unwrap_or_default(),
            ingress: state.get_decoded(&keys.ingress).unwrap_or_default(),
            gatekeeper_ingress: state.get_decoded(&keys.gatekeeper_ingress).unwrap_or_default(),
            gatekeeper_master_key: state.get_decoded(&keys.gatekeeper_master_key),
            registered: state.get(&keys.worker).is_some(),
            minimum_version,
            allowed_measurements: if minimum_version == (0, 0, 0) {
                Vec::new()
            } else {
                state.get_decoded(&keys.allow_list).unwrap_or_default()
            },
            consensus_version: state.get_decoded(&keys.consensus_version).unwrap_or_default(),
        }
    }
}
