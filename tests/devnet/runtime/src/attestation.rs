//! A development stand-in for Intel's attestation.
//!
//! Reports have the shape of real ones: an EPID report is the JSON text of Intel's attestation
//! service with a quote body in it, a DCAP report is a quote. Both carry the enclave's measurement
//! and, in the first 32 bytes of the report data, `blake2_256` of the encoded runtime info. They are
//! signed with a key that everybody knows ([`signing_pair`]) instead of Intel's.
//!
//! A pRuntime double makes reports ([`epid::report`], [`dcap::report`]); the parachain's registry
//! checks them ([`verify`]).

pub mod dcap;
pub mod epid;
mod quote;

use sp_core::{Pair as _, ed25519};

pub use quote::Enclave;

use crate::types::{AttestationProvider, AttestationReport, Measurement};

/// The hash of the encoded runtime info that a report is made for.
pub type RuntimeInfoHash = [u8; 32];

/// The confidence level of a worker without attestation.
pub const NO_CONFIDENCE: u8 = 128;

/// The key that signs all development reports. Its seed is public: it vouches for nothing.
pub fn signing_pair() -> ed25519::Pair {
    ed25519::Pair::from_seed(b"prb development attestation key!")
}

/// What a report that passes says of a worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// Who vouches.
    pub provider: AttestationProvider,
    /// 1 (best) to 5.
    pub confidence_level: u8,
}

/// Why a report does not pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The certificate is not the development key, or the signature is not its.
    #[error("the report is not signed by the development attestation key")]
    InvalidSigningCertificate,
    /// The EPID report is not the JSON text of a report.
    #[error("the report is no JSON text with the members of a report")]
    InvalidReport,
    /// A member of the EPID report cannot be read.
    #[error("the report's time or quote body cannot be read")]
    BadReport,
    /// The quote body has the wrong length.
    #[error("the quote body is not {} bytes long", quote::BODY_LENGTH)]
    UnknownQuoteBodyFormat,
    /// The quote status is none that is accepted.
    #[error("the quote status is not accepted")]
    InvalidQuoteStatus,
    /// The report is two hours old or older.
    #[error("the report is two hours old or older")]
    Outdated,
    /// The report was made for another runtime info.
    #[error("the report was made for another runtime info")]
    RuntimeInfoHashMismatch,
    /// The DCAP quote is malformed or not signed by the development key.
    #[error("the DCAP quote is malformed or not signed by the development attestation key")]
    InvalidDcapQuote,
    /// The enclave's measurement is not in the allow list.
    #[error("the enclave's measurement is not in the allow list")]
    MeasurementRejected,
}

/// Checks a report: signature, shape, measurement, age, and that it was made for this runtime info.
///
/// `now` is in seconds since 1970. Without an `allow_list` every measurement passes.
pub fn verify(
    report: &AttestationReport,
    runtime_info_hash: &RuntimeInfoHash,
    now: u64,
    allow_list: Option<&[Measurement]>,
) -> Result<Verified, VerifyError> {
    match report {
        AttestationReport::SgxIas { ra_report, signature, raw_signing_cert } => {
            let report = epid::EpidReport { ra_report, signature, raw_signing_cert };
            epid::verify(&report, runtime_info_hash, now, allow_list)
        }
        AttestationReport::SgxDcap { quote, collateral: _ } => {
            dcap::verify(quote, runtime_info_hash, allow_list)
        }
    }
}

fn check_measurement(
    enclave: &Enclave,
    allow_list: Option<&[Measurement]>,
) -> Result<(), VerifyError> {
    let measurement = enclave.measurement();
    match allow_list {
        Some(list) if !list.contains(&measurement) => Err(VerifyError::MeasurementRejected),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
