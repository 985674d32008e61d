//! What a worker states about itself when it registers, and what the registry keeps.

use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

use super::{AccountId, AttestationProvider, EcdhPublicKey, WorkerPublicKey};

/// The statement of a pRuntime 0.2.x.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct WorkerRegistrationInfo {
    /// See [`runtime_version_code`].
    pub version: u32,
    /// Identifies the machine; empty where unknown.
    pub machine_id: Vec<u8>,
    /// The worker's identity.
    pub pubkey: WorkerPublicKey,
    /// Its key for key agreement.
    pub ecdh_pubkey: EcdhPublicKey,
    /// The relay block the pRuntime started from.
    pub genesis_block_hash: H256,
    /// Number of cores, level of CPU features.
    pub features: Vec<u32>,
    /// Who may add the worker to a pool.
    pub operator: Option<AccountId>,
}

/// The statement of a pRuntime 2.x.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct WorkerRegistrationInfoV2 {
    /// See [`runtime_version_code`].
    pub version: u32,
    /// Identifies the machine; empty where unknown.
    pub machine_id: Vec<u8>,
    /// The worker's identity.
    pub pubkey: WorkerPublicKey,
    /// Its key for key agreement.
    pub ecdh_pubkey: EcdhPublicKey,
    /// The relay block the pRuntime started from.
    pub genesis_block_hash: H256,
    /// Number of cores, level of CPU features.
    pub features: Vec<u32>,
    /// Who may add the worker to a pool.
    pub operator: Option<AccountId>,
    /// The parachain the pRuntime follows.
    pub para_id: u32,
    /// The highest consensus version it knows.
    pub max_consensus_version: u32,
}

/// A pRuntime version as one number: `major << 16 | minor << 8 | patch`.
pub const fn runtime_version_code(major: u8, minor: u8, patch: u8) -> u32 {
    ((major as u32) << 16) | ((minor as u32) << 8) | patch as u32
}

/// What the registry keeps of a worker.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct WorkerInfoV2 {
    /// Its identity.
    pub pubkey: WorkerPublicKey,
    /// Its key for key agreement.
    pub ecdh_pubkey: EcdhPublicKey,
    /// The pRuntime's version at the last registration.
    pub runtime_version: u32,
    /// When it last registered, seconds since 1970.
    pub last_updated: u64,
    /// Who may add it to a pool.
    pub operator: Option<AccountId>,
    /// Who vouched for it; none without attestation.
    pub attestation_provider: Option<AttestationProvider>,
    /// 1 (best) to 5, or 128 without attestation.
    pub confidence_level: u8,
    /// The benchmark's score; none until the report is in.
    pub initial_score: Option<u32>,
    /// Number of cores, level of CPU features.
    pub features: Vec<u32>,
}

/// Addresses at which a worker can be reached.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub enum VersionedWorkerEndpoints {
    /// Plain URLs.
    #[codec(index = 0)]
    V1(Vec<String>),
}

/// A worker's statement of its addresses, signed by it as [`SignedContentType::EndpointInfo`].
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct WorkerEndpointPayload {
    /// The worker.
    pub pubkey: WorkerPublicKey,
    /// Its addresses.
    pub versioned_endpoints: VersionedWorkerEndpoints,
    /// Time of the worker's last dispatched block, ms since 1970.
    pub signing_time: u64,
}

/// The kinds of content, other than queue messages, that a worker signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SignedContentType {
    /// The answer to an RPC.
    RpcResponse = 1,
    /// A [`WorkerEndpointPayload`].
    EndpointInfo = 2,
    /// The rotation of the master key.
    MasterKeyRotation = 3,
    /// A stored master key.
    MasterKeyStore = 4,
    /// A request for a cluster's state.
    ClusterStateRequest = 5,
}

/// What is signed of content other than queue messages: `0xff`, the type, the content.
pub fn wrap_signed_content(content: &[u8], content_type: SignedContentType) -> Vec<u8> {
    let mut wrapped = Vec::with_capacity(content.len() + 2);
    wrapped.push(0xff);
    wrapped.push(content_type as u8);
    wrapped.extend_from_slice(content);
    wrapped
}
