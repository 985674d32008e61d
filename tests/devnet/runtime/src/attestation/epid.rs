//! Reports in the shape of Intel's attestation service (EPID).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use sp_core::{Pair as _, ed25519};

use super::{
    Enclave, RuntimeInfoHash, Verified, VerifyError, check_measurement, quote, signing_pair,
};
use crate::types::{Attestation, AttestationProvider, AttestationReport, Measurement};

/// Age, in seconds, from which a report is refused.
pub const MAX_AGE_SECONDS: u64 = 7200;

const QUOTE_VERSION: u16 = 2;

/// The members of a report that count.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportText {
    timestamp: String,
    isv_enclave_quote_status: String,
    isv_enclave_quote_body: String,
    #[serde(default, rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    advisory_ids: Vec<String>,
}

/// The parts of an EPID report, of either generation of pRuntime.
#[derive(Clone, Copy, Debug)]
pub struct EpidReport<'a> {
    /// The report's JSON text.
    pub ra_report: &'a [u8],
    /// The service's signature over the text.
    pub signature: &'a [u8],
    /// The certificate of the key that signed; here its public key.
    pub raw_signing_cert: &'a [u8],
}

impl<'a> From<&'a Attestation> for EpidReport<'a> {
    fn from(attestation: &'a Attestation) -> Self {
        let Attestation::SgxIas { ra_report, signature, raw_signing_cert } = attestation;
        Self { ra_report, signature, raw_signing_cert }
    }
}

/// A report with quote status `OK` of `enclave` for a runtime info, made at `now` (seconds since
/// 1970).
pub fn report(enclave: &Enclave, hash: &RuntimeInfoHash, now: u64) -> AttestationReport {
    report_with_status(enclave, hash, now, "OK")
}

/// A report with any quote status, for example `GROUP_OUT_OF_DATE`.
#[expect(clippy::expect_used, reason = "the message says why it holds")]
pub fn report_with_status(
    enclave: &Enclave,
    hash: &RuntimeInfoHash,
    now: u64,
    status: &str,
) -> AttestationReport {
    let text = ReportText {
        timestamp: format_time(now),
        isv_enclave_quote_status: status.to_owned(),
        isv_enclave_quote_body: BASE64.encode(quote::body(QUOTE_VERSION, enclave, hash)),
        advisory_ids: Vec::new(),
    };
    let ra_report = serde_json::to_vec(&text).expect("strings always make JSON");
    let pair = signing_pair();
    let signature = pair.sign(&ra_report).0.to_vec();
    AttestationReport::SgxIas { ra_report, signature, raw_signing_cert: pair.public().0.to_vec() }
}

/// Checks a report. See [`super::verify`].
pub fn verify(
    report: &EpidReport<'_>,
    runtime_info_hash: &RuntimeInfoHash,
    now: u64,
    allow_list: Option<&[Measurement]>,
) -> Result<Verified, VerifyError> {
    let key = signing_pair().public();
    let signature = ed25519::Signature::try_from(report.signature)
        .map_err(|()| VerifyError::InvalidSigningCertificate)?;
    if report.raw_signing_cert != key.0
        || !ed25519::Pair::verify(&signature, report.ra_report, &key)
    {
        return Err(VerifyError::InvalidSigningCertificate);
    }
    let text: ReportText =
        serde_json::from_slice(report.ra_report).map_err(|_| VerifyError::InvalidReport)?;
    let made_at = parse_time(&text.timestamp).ok_or(VerifyError::BadReport)?;
    let body = BASE64.decode(&text.isv_enclave_quote_body).map_err(|_| VerifyError::BadReport)?;
    let (enclave, hash) = quote::parse(&body).ok_or(VerifyError::UnknownQuoteBodyFormat)?;
    let confidence_level = confidence(&text.isv_enclave_quote_status, &text.advisory_ids)
        .ok_or(VerifyError::InvalidQuoteStatus)?;
    check_measurement(&enclave, allow_list)?;
    if now.saturating_sub(made_at) >= MAX_AGE_SECONDS {
        return Err(VerifyError::Outdated);
    }
    if hash != *runtime_info_hash {
        return Err(VerifyError::RuntimeInfoHashMismatch);
    }
    Ok(Verified { provider: AttestationProvider::Ias, confidence_level })
}

/// How much a quote status is trusted, 1 (best) to 5; none if not at all.
fn confidence(status: &str, advisory_ids: &[String]) -> Option<u8> {
    match status {
        "OK" => Some(1),
        "SW_HARDENING_NEEDED" => Some(2),
        "CONFIGURATION_NEEDED" | "CONFIGURATION_AND_SW_HARDENING_NEEDED" => {
            Some(if advisory_ids.is_empty() { 3 } else { 4 })
        }
        "GROUP_OUT_OF_DATE" => Some(5),
        _ => None,
    }
}

/// A time as the service writes it: without time zone.
fn format_time(seconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_micros(time).to_string().trim_end_matches('Z').to_owned()
}

fn parse_time(text: &str) -> Option<u64> {
    let time: SystemTime = humantime::parse_rfc3339_weak(text).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
