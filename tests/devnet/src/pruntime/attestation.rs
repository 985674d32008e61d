//! The reports a double attests with: those of the embedded network's development enclave.

use prb_devnet_runtime::attestation::{Enclave, dcap, epid};
use prb_devnet_runtime::types::{AttestationProvider, AttestationReport, Measurement};

use super::config::AttestationMethod;

/// A report of the provider's shape, made at `now` (seconds since 1970), over the hash of the
/// worker's statement; none without a provider.
pub(crate) fn report(
    provider: Option<AttestationProvider>,
    statement_hash: &[u8; 32],
    now: u64,
) -> Option<AttestationReport> {
    match provider? {
        AttestationProvider::Root => None,
        AttestationProvider::Ias => Some(epid::report(&Enclave::DEVELOPMENT, statement_hash, now)),
        AttestationProvider::Dcap => Some(dcap::report(&Enclave::DEVELOPMENT, statement_hash)),
    }
}

/// What an allow list knows the double's program by; zeros outside an enclave.
pub(crate) fn measurement(method: AttestationMethod) -> Measurement {
    match method {
        AttestationMethod::None => vec![0; 32],
        AttestationMethod::Epid | AttestationMethod::Dcap => Enclave::DEVELOPMENT.measurement(),
    }
}
