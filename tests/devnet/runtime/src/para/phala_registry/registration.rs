//! What happens when a worker registers.

use frame_support::ensure;
use sp_core::H256;
use sp_runtime::DispatchError;

use super::{
    BenchmarkDuration, Config, Error, Event, NoneAttestationEnabled, PRuntimeAllowList, Pallet,
    RelaychainGenesisBlockHashAllowList, WorkerAddedAt, Workers,
};
use crate::{
    attestation::{self, NO_CONFIDENCE, RuntimeInfoHash, VerifyError, epid},
    chain::AccountId,
    para::phala_mq,
    types::{
        Attestation, AttestationProvider, AttestationReport, EcdhPublicKey, SystemEvent,
        WorkerEvent, WorkerInfoV2, WorkerPublicKey, WorkerRegistrationInfo,
        WorkerRegistrationInfoV2,
    },
};

/// What the registry takes from either generation's registration info.
pub(super) struct Statement {
    version: u32,
    pubkey: WorkerPublicKey,
    ecdh_pubkey: EcdhPublicKey,
    features: Vec<u32>,
    operator: Option<AccountId>,
}

impl From<WorkerRegistrationInfo> for Statement {
    fn from(info: WorkerRegistrationInfo) -> Self {
        Self {
            version: info.version,
            pubkey: info.pubkey,
            ecdh_pubkey: info.ecdh_pubkey,
            features: info.features,
            operator: info.operator,
        }
    }
}

impl From<WorkerRegistrationInfoV2> for Statement {
    fn from(info: WorkerRegistrationInfoV2) -> Self {
        Self {
            version: info.version,
            pubkey: info.pubkey,
            ecdh_pubkey: info.ecdh_pubkey,
            features: info.features,
            operator: info.operator,
        }
    }
}

/// Who vouches for a worker, and how well.
pub(super) struct Vouched {
    provider: Option<AttestationProvider>,
    confidence_level: u8,
}

impl From<attestation::Verified> for Vouched {
    fn from(verified: attestation::Verified) -> Self {
        Self { provider: Some(verified.provider), confidence_level: verified.confidence_level }
    }
}

impl<T: Config> From<VerifyError> for Error<T> {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::InvalidSigningCertificate => Self::InvalidIASSigningCert,
            VerifyError::InvalidReport => Self::InvalidReport,
            VerifyError::BadReport => Self::BadIASReport,
            VerifyError::UnknownQuoteBodyFormat => Self::UnknownQuoteBodyFormat,
            VerifyError::InvalidQuoteStatus => Self::InvalidQuoteStatus,
            VerifyError::Outdated => Self::OutdatedIASReport,
            VerifyError::RuntimeInfoHashMismatch => Self::InvalidRuntimeInfoHash,
            VerifyError::InvalidDcapQuote => Self::InvalidDCAPQuote,
            VerifyError::MeasurementRejected => Self::PRuntimeRejected,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(super) fn check_attestation(
        report: Option<&AttestationReport>,
        hash: &RuntimeInfoHash,
    ) -> Result<Vouched, DispatchError> {
        let Some(report) = report else {
            ensure!(NoneAttestationEnabled::<T>::get(), Error::<T>::NoneAttestationDisabled);
            return Ok(Vouched { provider: None, confidence_level: NO_CONFIDENCE });
        };
        let allow_list = PRuntimeAllowList::<T>::get();
        let verified = attestation::verify(report, hash, Self::now_seconds(), Some(&allow_list))
            .map_err(Error::<T>::from)?;
        if let AttestationReport::SgxDcap { collateral, .. } = report {
            let good = attestation::dcap::is_collateral(collateral.as_ref());
            ensure!(good, Error::<T>::InvalidDCAPQuote);
        }
        Ok(verified.into())
    }

    pub(super) fn check_legacy_attestation(
        attestation: &Attestation,
        hash: &RuntimeInfoHash,
    ) -> Result<Vouched, DispatchError> {
        let allow_list = PRuntimeAllowList::<T>::get();
        let report = epid::EpidReport::from(attestation);
        let verified = epid::verify(&report, hash, Self::now_seconds(), Some(&allow_list))
            .map_err(Error::<T>::from)?;
        Ok(verified.into())
    }

    pub(super) fn check_genesis_hash(hash: H256) -> Result<(), DispatchError> {
        if let Some(allowed) = RelaychainGenesisBlockHashAllowList::<T>::get() {
            ensure!(allowed.contains(&hash), Error::<T>::GenesisBlockHashRejected);
        }
        Ok(())
    }

    /// Stores a checked statement, and asks the worker for a benchmark.
    ///
    /// A worker that registers again keeps its keys, provider, score and the block of its first
    /// registration.
    pub(super) fn register(statement: Statement, vouched: &Vouched) {
        let Statement { version, pubkey, ecdh_pubkey, features, operator } = statement;
        let now = Self::now_seconds();
        let known = Workers::<T>::get(pubkey);
        let attestation_provider = vouched.provider;
        let confidence_level = vouched.confidence_level;
        let event = if known.is_some() {
            Event::WorkerUpdated { pubkey, attestation_provider, confidence_level }
        } else {
            WorkerAddedAt::<T>::insert(pubkey, frame_system::Pallet::<T>::block_number());
            Event::WorkerAdded { pubkey, attestation_provider, confidence_level }
        };
        let kept = known.unwrap_or(WorkerInfoV2 {
            pubkey,
            ecdh_pubkey,
            runtime_version: version,
            last_updated: now,
            operator: None,
            attestation_provider,
            confidence_level,
            initial_score: None,
            features: Vec::new(),
        });
        let info = WorkerInfoV2 {
            runtime_version: version,
            last_updated: now,
            operator,
            confidence_level,
            features,
            ..kept
        };
        Workers::<T>::insert(pubkey, info);
        Self::deposit_event(event);
        Self::tell_worker(pubkey, WorkerEvent::Registered { confidence_level });
        let duration = BenchmarkDuration::<T>::get().unwrap_or_default();
        Self::tell_worker(pubkey, WorkerEvent::BenchStart { duration });
    }

    /// Puts an event for a worker into the block's outbound messages.
    pub(super) fn tell_worker(pubkey: WorkerPublicKey, event: WorkerEvent) {
        let event = SystemEvent::WorkerEvent { pubkey, event };
        phala_mq::Pallet::<T>::push_system_event(b"phala/registry", &event);
    }

    /// The block's time, seconds since 1970.
    pub(super) fn now_seconds() -> u64 {
        pallet_timestamp::Now::<T>::get() / 1_000
    }
}
