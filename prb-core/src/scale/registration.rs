//! What a worker says about itself when it registers, and the attestation that vouches for it.

use parity_scale_codec::{Decode, Encode};
use subxt::utils::{AccountId32, H256};

/// How a worker proves that it runs in an enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum AttestationProvider {
    /// By the chain's root account.
    #[codec(index = 0)]
    Root,
    /// Intel Attestation Service (EPID).
    #[codec(index = 1)]
    Ias,
    /// A quote with collateral (DCAP).
    #[codec(index = 2)]
    Dcap,
}

/// The argument of `register_worker`: a worker of pRuntime 0.2.x.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WorkerRegistrationInfo {
    /// `major << 16 | minor << 8 | patch`.
    pub version: u32,
    /// Opaque.
    pub machine_id: Vec<u8>,
    /// sr25519, the worker's identity.
    pub pubkey: [u8; 32],
    /// For encryption.
    pub ecdh_pubkey: [u8; 32],
    /// Hash of the relay chain block that the worker was initialised with.
    pub genesis_block_hash: H256,
    /// Cores, then the processor's feature level.
    pub features: Vec<u32>,
    /// Who may put the worker into a pool.
    pub operator: Option<AccountId32>,
}

/// The argument of `register_worker_v2`: a worker of pRuntime 2.x.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WorkerRegistrationInfoV2 {
    /// `major << 16 | minor << 8 | patch`.
    pub version: u32,
    /// Opaque.
    pub machine_id: Vec<u8>,
    /// sr25519, the worker's identity.
    pub pubkey: [u8; 32],
    /// For encryption.
    pub ecdh_pubkey: [u8; 32],
    /// Hash of the relay chain block that the worker was initialised with.
    pub genesis_block_hash: H256,
    /// Cores, then the processor's feature level.
    pub features: Vec<u32>,
    /// Who may put the worker into a pool.
    pub operator: Option<AccountId32>,
    /// Parachain that the worker was initialised with.
    pub para_id: u32,
    /// Newest consensus version it can follow.
    pub max_consensus_version: u32,
}

/// The attestation of `register_worker`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Attestation {
    /// A report of the Intel Attestation Service.
    #[codec(index = 0)]
    SgxIas {
        /// JSON text.
        ra_report: Vec<u8>,
        /// Over the report.
        signature: Vec<u8>,
        /// DER.
        raw_signing_cert: Vec<u8>,
    },
}

/// The attestation of `register_worker_v2`, which takes it as an option.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AttestationReport {
    /// A report of the Intel Attestation Service.
    #[codec(index = 0)]
    SgxIas {
        /// JSON text.
        ra_report: Vec<u8>,
        /// Over the report.
        signature: Vec<u8>,
        /// DER.
        raw_signing_cert: Vec<u8>,
    },
    /// A quote, and what is needed to verify it.
    #[codec(index = 1)]
    SgxDcap {
        /// As the quoting enclave made it.
        quote: Vec<u8>,
        /// A worker does not have it.
        collateral: Option<Collateral>,
    },
}

/// What a quote is verified with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Collateral {
    /// For quotes of version 3.
    #[codec(index = 0)]
    SgxV30(SgxV30Collateral),
}

/// The answers of a caching service for quotes of version 3. Chains of certificates are PEM.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SgxV30Collateral {
    /// Who signed `pck_crl`.
    pub pck_crl_issuer_chain: String,
    /// Revoked authorities, as the service words it.
    pub root_ca_crl: String,
    /// Revoked machines, as the service words it.
    pub pck_crl: String,
    /// Who signed `tcb_info`.
    pub tcb_info_issuer_chain: String,
    /// JSON text, as it was signed.
    pub tcb_info: String,
    /// Over `tcb_info`.
    pub tcb_info_signature: Vec<u8>,
    /// Who signed `qe_identity`.
    pub qe_identity_issuer_chain: String,
    /// JSON text, as it was signed.
    pub qe_identity: String,
    /// Over `qe_identity`.
    pub qe_identity_signature: Vec<u8>,
}

/// Where a worker is reached.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WorkerEndpoints {
    /// URLs.
    #[codec(index = 0)]
    V1(Vec<String>),
}

/// What a worker signs of where it is reached, an argument of `update_worker_endpoint`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WorkerEndpointPayload {
    /// Who signs.
    pub pubkey: [u8; 32],
    /// Where it is reached.
    pub endpoints: WorkerEndpoints,
    /// Of the last block that the worker executed, Unix milliseconds. The chain takes it for four
    /// hours.
    pub signing_time: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_form_appends_to_the_first() {
        let first = WorkerRegistrationInfo {
            version: 2 << 16 | 2 << 8 | 1,
            machine_id: vec![1, 2],
            pubkey: [3; 32],
            ecdh_pubkey: [4; 32],
            genesis_block_hash: H256::repeat_byte(5),
            features: vec![4, 1],
            operator: Some(AccountId32([6; 32])),
        };
        let mut bytes = first.encode();
        bytes.extend(2004_u32.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        let second = WorkerRegistrationInfoV2::decode(&mut &bytes[..]).unwrap();
        assert_eq!((second.operator, second.para_id), (first.operator, 2004));
    }
}
