//! What a bridge registers the worker with: its statement about itself, and the attestation.

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{
    AccountId, AttestationProvider, AttestationReport, WorkerRegistrationInfo,
    WorkerRegistrationInfoV2,
};
use sp_io::hashing::{blake2_128, blake2_256};

use super::sync::MAX_CONSENSUS_VERSION;
use super::{NOT_INITIALIZED, Phactory, Runtime};
use crate::pruntime::attestation;
use crate::pruntime::call::{Refusal, decode_scale};
use crate::pruntime::config::{AttestationMethod, Mode};
use crate::pruntime::proto;

/// How long an attestation is handed out again, seconds.
const MAX_ATTESTATION_AGE: u64 = 3600;

/// Number of cores and level of CPU features.
const FEATURES: [u32; 2] = [4, 1];

/// Who operates the worker, who vouches for it, and the last attestation.
#[derive(Clone, Debug, Encode, Decode)]
pub(super) struct Registration {
    operator: Option<AccountId>,
    provider: Option<AttestationProvider>,
    attestation: Option<CachedAttestation>,
}

#[derive(Clone, Debug, Encode, Decode)]
struct CachedAttestation {
    report: Option<AttestationReport>,
    /// Unix seconds.
    timestamp: u64,
}

impl Registration {
    pub(super) fn new(operator: Option<AccountId>, provider: Option<AttestationProvider>) -> Self {
        Self { operator, provider, attestation: None }
    }
}

/// The provider that fits a machine's means.
pub(super) fn provider_of(method: AttestationMethod) -> Option<AttestationProvider> {
    match method {
        AttestationMethod::None => None,
        AttestationMethod::Epid => Some(AttestationProvider::Ias),
        AttestationMethod::Dcap => Some(AttestationProvider::Dcap),
    }
}

impl Phactory {
    /// Answers GetRuntimeInfo: with an attestation once the genesis state is proven by a dispatch
    /// and the key is known to be good; a key given from outside is good if the chain knows it.
    /// Naming an operator changes the statement and so ends the attestation made for it.
    pub(super) fn runtime_info(
        &mut self,
        request: &proto::GetRuntimeInfoRequest,
        now_ms: u64,
    ) -> Result<proto::InitRuntimeResponse, Refusal> {
        let operator: Option<AccountId> =
            request.encoded_operator.as_deref().map(decode_scale).transpose()?;
        let trusted_key = self.sealed.as_ref().is_some_and(|sealed| sealed.trusted);
        let now = now_ms / 1000;
        let runtime = self.runtime()?;
        let state = &mut runtime.state;
        let renew = request.force_refresh_ra || operator.is_some();
        state
            .registration
            .attestation
            .take_if(|cached| renew || now > cached.timestamp + MAX_ATTESTATION_AGE);
        if operator.is_some() {
            state.registration.operator = operator;
        }
        let provider = state.registration.provider;
        let good_key = trusted_key || state.worker.registered() || provider.is_none();
        if good_key && state.follower.state_validated() && state.registration.attestation.is_none()
        {
            let statement = self.statement()?;
            let report = attestation::report(provider, &blake2_256(&statement), now);
            self.runtime()?.state.registration.attestation =
                Some(CachedAttestation { report, timestamp: now });
        }
        self.registration_answer()
    }

    /// The statement as it stands, with the attestation for it if there is one.
    pub(super) fn registration_answer(&self) -> Result<proto::InitRuntimeResponse, Refusal> {
        let runtime = self.running()?;
        let registration = &runtime.state.registration;
        let attestation = registration
            .attestation
            .as_ref()
            .and_then(|cached| self.attestation_message(registration.provider, cached));
        Ok(proto::InitRuntimeResponse {
            encoded_runtime_info: self.statement()?,
            encoded_genesis_block_hash: runtime.state.genesis_block_hash.as_bytes().to_vec(),
            encoded_public_key: runtime.identity.public_key().0.to_vec(),
            encoded_ecdh_public_key: runtime.identity.ecdh_public_key().0.to_vec(),
            attestation,
        })
    }

    fn running(&self) -> Result<&Runtime, Refusal> {
        self.runtime.as_ref().ok_or_else(|| Refusal::application(NOT_INITIALIZED))
    }

    /// What the worker says of itself, in SCALE.
    fn statement(&self) -> Result<Vec<u8>, Refusal> {
        let runtime = self.running()?;
        let state = &runtime.state;
        let (major, minor, patch) = self.settings.version;
        let version = (major << 16) | (minor << 8) | patch;
        let pubkey = runtime.identity.public_key();
        let ecdh_pubkey = runtime.identity.ecdh_public_key();
        let machine_id = blake2_128(&pubkey.0).to_vec();
        let genesis_block_hash = state.genesis_block_hash;
        let features = FEATURES.to_vec();
        let operator = state.registration.operator.clone();
        Ok(match self.settings.mode {
            Mode::V0_2 => WorkerRegistrationInfo {
                version,
                machine_id,
                pubkey,
                ecdh_pubkey,
                genesis_block_hash,
                features,
                operator,
            }
            .encode(),
            Mode::V2 => WorkerRegistrationInfoV2 {
                version,
                machine_id,
                pubkey,
                ecdh_pubkey,
                genesis_block_hash,
                features,
                operator,
                para_id: state.para_id,
                max_consensus_version: MAX_CONSENSUS_VERSION,
            }
            .encode(),
        })
    }

    /// The attestation as this generation words it; 0.2.x has none without a report.
    fn attestation_message(
        &self,
        provider: Option<AttestationProvider>,
        cached: &CachedAttestation,
    ) -> Option<proto::Attestation> {
        let mut attestation = proto::Attestation {
            version: 1,
            timestamp: cached.timestamp,
            ..proto::Attestation::default()
        };
        match self.settings.mode {
            Mode::V2 => {
                attestation.provider = provider_name(provider).into();
                attestation.encoded_report = cached.report.encode();
            }
            Mode::V0_2 => {
                let Some(AttestationReport::SgxIas { ra_report, signature, raw_signing_cert }) =
                    cached.report.clone()
                else {
                    return None;
                };
                attestation.provider = "SGX".into();
                attestation.payload = Some(proto::AttestationReport {
                    report: String::from_utf8_lossy(&ra_report).into_owned(),
                    signature,
                    signing_cert: raw_signing_cert,
                });
            }
        }
        Some(attestation)
    }
}

/// The provider as JSON text.
fn provider_name(provider: Option<AttestationProvider>) -> &'static str {
    match provider {
        None => "null",
        Some(AttestationProvider::Root) => "\"root\"",
        Some(AttestationProvider::Ias) => "\"ias\"",
        Some(AttestationProvider::Dcap) => "\"dcap\"",
    }
}
