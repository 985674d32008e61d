//! Where workers can be reached.

use frame_support::ensure;
use parity_scale_codec::Encode;
use sp_runtime::DispatchResult;

use super::{Config, Error, Pallet, Workers};
use crate::types::{SignedContentType, WorkerEndpointPayload, wrap_signed_content};

/// How long after its signing a payload is taken, in ms.
const VALIDITY_MS: u64 = 4 * 3600 * 1000;

/// The most bytes a payload may have.
const MAX_PAYLOAD_LENGTH: usize = 2048;

/// Whether a payload signed at `signing_time` is taken at `now` (both ms since 1970).
fn is_timely(signing_time: u64, now: u64) -> bool {
    signing_time < now && now <= signing_time.saturating_add(VALIDITY_MS)
}

impl<T: Config> Pallet<T> {
    pub(super) fn check_endpoint(
        payload: &WorkerEndpointPayload,
        signature: &[u8],
    ) -> DispatchResult {
        let encoded = payload.encode();
        ensure!(encoded.len() <= MAX_PAYLOAD_LENGTH, Error::<T>::InvalidInput);
        let signed = wrap_signed_content(&encoded, SignedContentType::EndpointInfo);
        Self::verify_signature(&payload.pubkey, &signed, signature)?;
        ensure!(
            is_timely(payload.signing_time, pallet_timestamp::Now::<T>::get()),
            Error::<T>::InvalidEndpointSigningTime
        );
        ensure!(Workers::<T>::contains_key(payload.pubkey), Error::<T>::InvalidPubKey);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_taken_from_just_after_its_signing_for_four_hours() {
        assert!(!is_timely(1_000, 1_000));
        assert!(is_timely(1_000, 1_001));
        assert!(is_timely(1_000, 1_000 + VALIDITY_MS));
        assert!(!is_timely(1_000, 1_001 + VALIDITY_MS));
    }
}
