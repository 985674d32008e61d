//! Reports in the shape of DCAP quotes, version 3.
//!
//! A quote is the body (432 bytes), the length of the signature data (`u32`, little-endian), the
//! ed25519 signature over the body (64 bytes) and the signer's public key (32 bytes). There are no
//! certificates in it, and no collateral is needed.

use sp_core::{Pair as _, ed25519};

use super::{
    Enclave, RuntimeInfoHash, Verified, VerifyError, check_measurement,
    quote::{self, BODY_LENGTH},
    signing_pair,
};
use crate::types::{AttestationProvider, AttestationReport, Measurement};

const QUOTE_VERSION: u16 = 3;
const SIGNATURE_LENGTH: usize = 64;
const SIGNATURE_DATA_LENGTH: usize = SIGNATURE_LENGTH + 32;

/// A report of `enclave` for a runtime info, without collateral.
pub fn report(enclave: &Enclave, hash: &RuntimeInfoHash) -> AttestationReport {
    let pair = signing_pair();
    let mut quote = quote::body(QUOTE_VERSION, enclave, hash);
    let signature = pair.sign(&quote);
    quote.extend_from_slice(&(SIGNATURE_DATA_LENGTH as u32).to_le_bytes());
    quote.extend_from_slice(&signature.0);
    quote.extend_from_slice(&pair.public().0);
    AttestationReport::SgxDcap { quote, collateral: None }
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
    if u32::from_le_bytes(*length) as usize != SIGNATURE_DATA_LENGTH {
        return None;
    }
    let (signature, key) = signed.split_at_checked(SIGNATURE_LENGTH)?;
    let signature = ed25519::Signature::try_from(signature).ok()?;
    let expected_key = signing_pair().public();
    if key != expected_key.0 || !ed25519::Pair::verify(&signature, body, &expected_key) {
        return None;
    }
    if body[..2] != QUOTE_VERSION.to_le_bytes() {
        return None;
    }
    quote::parse(body)
}
