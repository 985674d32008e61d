//! Reports in the shape of DCAP quotes, version 3.
//!
//! A quote is the body (432 bytes), the length of the signature data (`u32`, little-endian), and
//! that: the ed25519 signature over the body (64 bytes), the signer's public key in the place of a
//! longer one (64 bytes), zeros in the place of the quoting enclave's report and its signature (448
//! bytes) and of its data (a length, `u16`), and the certificates: their type and length, and PEM.
//!
//! The machine's certificate tells its FMSPC. The chain takes a quote only with collateral for that.

use sp_core::{Pair as _, ed25519};

use super::{
    Enclave, RuntimeInfoHash, Verified, VerifyError, check_measurement,
    quote::{self, BODY_LENGTH},
    signing_pair,
};
use crate::types::{
    AttestationProvider, AttestationReport, Collateral, Measurement, SgxV30QuoteCollateral,
};

const QUOTE_VERSION: u16 = 3;
const SIGNATURE_LENGTH: usize = 64;
/// The type of certification data that is a chain of certificates.
const PCK_CHAIN: u16 = 5;
/// The machine's certificate and who signed it.
const CERTIFICATES: &str = include_str!("dcap/certificates.pem");
/// As the machine's certificate tells it.
const FMSPC: &str = "10906AED0000";

/// A report of `enclave` for a runtime info, without collateral.
pub fn report(enclave: &Enclave, hash: &RuntimeInfoHash) -> AttestationReport {
    let pair = signing_pair();
    let mut quote = quote::body(QUOTE_VERSION, enclave, hash);
    let signature = pair.sign(&quote);
    let certification = certification();
    let length = SIGNATURE_LENGTH + certification.len();
    quote.extend_from_slice(&(length as u32).to_le_bytes());
    quote.extend_from_slice(&signature.0);
    quote.extend_from_slice(&certification);
    AttestationReport::SgxDcap { quote, collateral: None }
}

/// A report with the collateral that it needs to be registered.
pub fn completed(report: AttestationReport) -> AttestationReport {
    match report {
        AttestationReport::SgxDcap { quote, .. } => {
            AttestationReport::SgxDcap { quote, collateral: Some(Collateral::SgxV30(collateral())) }
        }
        other @ AttestationReport::SgxIas { .. } => other,
    }
}

/// What a caching service has for the development machine.
pub fn collateral() -> SgxV30QuoteCollateral {
    let sign = |text: &str| signing_pair().sign(text.as_bytes()).0.to_vec();
    let tcb_info = format!(r#"{{"id":"SGX","version":3,"fmspc":"{FMSPC}","tcbLevels":[]}}"#);
    let qe_identity = r#"{"id":"QE","version":2,"tcbLevels":[]}"#.to_owned();
    let chain =
        |of: &str| format!("-----BEGIN CERTIFICATE-----\n{of}+/=\n-----END CERTIFICATE-----\n");
    SgxV30QuoteCollateral {
        pck_crl_issuer_chain: chain("pckcrl"),
        root_ca_crl: "308201".to_owned(),
        pck_crl: "30820a".to_owned(),
        tcb_info_issuer_chain: chain("tcb"),
        tcb_info_signature: sign(&tcb_info),
        tcb_info,
        qe_identity_issuer_chain: chain("qe"),
        qe_identity_signature: sign(&qe_identity),
        qe_identity,
    }
}

/// Whether the chain can verify a quote with this.
pub fn is_collateral(collateral: Option<&Collateral>) -> bool {
    matches!(collateral, Some(Collateral::SgxV30(it)) if *it == self::collateral())
}

/// What follows the signature in the signature data.
fn certification() -> Vec<u8> {
    let mut data = signing_pair().public().0.to_vec();
    data.resize(64 + 448 + 2, 0);
    data.extend_from_slice(&PCK_CHAIN.to_le_bytes());
    data.extend_from_slice(&(CERTIFICATES.len() as u32).to_le_bytes());
    data.extend_from_slice(CERTIFICATES.as_bytes());
    data
}

/// Checks a quote. See [`super::verify`].
pub fn verify(
    quote: &[u8],
    runtime_info_hash: &RuntimeInfoHash,
    allow_list: Option<&[Measurement]>,
) -> Result<Verified, VerifyError> {
    let (enclave, hash) = signed_body(quote).ok_or(VerifyError::InvalidDcapQuote)?;
    check_measurement(&enclave, allow_list)?;
    if hash != *runtime_info_hash {
        return Err(VerifyError::RuntimeInfoHashMismatch);
    }
    Ok(Verified { provider: AttestationProvider::Dcap, confidence_level: 1 })
}

/// What a quote says, if it has the shape of one and the signature is good.
fn signed_body(quote: &[u8]) -> Option<(Enclave, RuntimeInfoHash)> {
    let (body, signed) = quote.split_at_checked(BODY_LENGTH)?;
    let (length, signed) = signed.split_first_chunk::<4>()?;
    let certification = certification();
    if u32::from_le_bytes(*length) as usize != SIGNATURE_LENGTH + certification.len() {
        return None;
    }
    let (signature, rest) = signed.split_at_checked(SIGNATURE_LENGTH)?;
    let signature = ed25519::Signature::try_from(signature).ok()?;
    let signed = ed25519::Pair::verify(&signature, body, &signing_pair().public());
    if rest != certification || !signed {
        return None;
    }
    if body[..2] != QUOTE_VERSION.to_le_bytes() {
        return None;
    }
    quote::parse(body)
}
