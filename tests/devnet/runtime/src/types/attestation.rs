//! Attestation: who vouches for a worker, and the report itself.

use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// Who vouches for a worker.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttestationProvider {
    /// The chain's root origin.
    #[codec(index = 0)]
    Root,
    /// Intel's attestation service (EPID).
    #[codec(index = 1)]
    Ias,
    /// Data centre attestation (DCAP).
    #[codec(index = 2)]
    Dcap,
}

/// The report of an attestation, as pRuntime 2.x gives it.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub enum AttestationReport {
    /// A report of Intel's attestation service.
    #[codec(index = 0)]
    SgxIas {
        /// The report's JSON text.
        ra_report: Vec<u8>,
        /// The service's signature over the text.
        signature: Vec<u8>,
        /// The certificate of the key that signed.
        raw_signing_cert: Vec<u8>,
    },
    /// A DCAP quote.
    #[codec(index = 1)]
    SgxDcap {
        /// The quote.
        quote: Vec<u8>,
        /// What its verification needs besides; a bridge may have to fetch it.
        collateral: Option<Collateral>,
    },
}

/// The report of an attestation, as pRuntime 0.2.x gives it.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub enum Attestation {
    /// A report of Intel's attestation service.
    #[codec(index = 0)]
    SgxIas {
        /// The report's JSON text.
        ra_report: Vec<u8>,
        /// The service's signature over the text.
        signature: Vec<u8>,
        /// The certificate of the key that signed.
        raw_signing_cert: Vec<u8>,
    },
}

/// What the verification of a DCAP quote needs besides the quote.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub enum Collateral {
    /// For quotes of version 3.
    #[codec(index = 0)]
    SgxV30(SgxV30QuoteCollateral),
}

/// Collateral of a version 3 quote, as a provisioning certificate caching service serves it.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug, Default)]
pub struct SgxV30QuoteCollateral {
    /// Certificates that issued the PCK revocation list (PEM).
    pub pck_crl_issuer_chain: String,
    /// Revocation list of the root.
    pub root_ca_crl: String,
    /// Revocation list of the PCK certificates.
    pub pck_crl: String,
    /// Certificates that signed the TCB info (PEM).
    pub tcb_info_issuer_chain: String,
    /// The TCB info's JSON text.
    pub tcb_info: String,
    /// Signature over that text.
    pub tcb_info_signature: Vec<u8>,
    /// Certificates that signed the quoting enclave's identity (PEM).
    pub qe_identity_issuer_chain: String,
    /// The quoting enclave's identity as JSON text.
    pub qe_identity: String,
    /// Signature over that text.
    pub qe_identity_signature: Vec<u8>,
}
