//! Phala's on-wire types: what crosses between the parachain, a pRuntime and a bridge.
//!
//! Every layout is the SCALE layout of the live networks, field by field and index by index. The
//! pallets of this crate store and dispatch these types; the pRuntime double reads and signs them.

mod attestation;
mod computation;
mod message;
mod parachain;
mod pool;
mod registration;
mod system_event;

pub use attestation::{
    Attestation, AttestationProvider, AttestationReport, Collateral, SgxV30QuoteCollateral,
};
pub use computation::{
    BenchmarkState, SessionInfo, SessionStats, TokenomicParameters, WorkerState,
};
pub use message::{Message, MessageOrigin, SignedMessage, Topic, topic};
pub use parachain::PersistedValidationData;
pub use pool::{BasePool, PoolProxy, StakePool, Withdrawal};
pub use registration::{
    SignedContentType, VersionedWorkerEndpoints, WorkerEndpointPayload, WorkerInfoV2,
    WorkerRegistrationInfo, WorkerRegistrationInfoV2, runtime_version_code, wrap_signed_content,
};
pub use system_event::{
    HeartbeatChallenge, RegistryEvent, SystemEvent, WorkerEvent, WorkingReportEvent,
};

/// An account of either chain.
pub type AccountId = sp_core::crypto::AccountId32;

/// The sr25519 identity key of a worker.
pub type WorkerPublicKey = sp_core::sr25519::Public;

/// The key a worker uses for key agreement (ECDH over sr25519 keys).
pub type EcdhPublicKey = sp_core::sr25519::Public;

/// The measurement of an enclave as the allow list of a chain holds it: `mr_enclave` (32 bytes),
/// `isv_prod_id` (2), `isv_svn` (2), `mr_signer` (32).
pub type Measurement = Vec<u8>;

#[cfg(test)]
mod tests;
