//! The registry of workers: registration with attestation, scores, endpoints.

mod endpoint;
mod registration;
mod score;
mod signature;

pub use self::pallet::*;

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{dispatch::DispatchClass, pallet_prelude::*};
    use frame_system::pallet_prelude::*;
    use sp_core::H256;

    use super::registration::Statement;
    use crate::{
        chain::{AccountId, CALL_WEIGHT},
        para::{parachain_info, phala_mq},
        types::{
            Attestation, AttestationReport, Measurement, VersionedWorkerEndpoints,
            WorkerEndpointPayload, WorkerInfoV2, WorkerPublicKey, WorkerRegistrationInfo,
            WorkerRegistrationInfoV2,
        },
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, RuntimeEvent: From<Event<Self>>>
        + pallet_timestamp::Config<Moment = u64>
        + parachain_info::Config
        + phala_mq::Config
    {
    }

    /// The registered workers.
    #[pallet::storage]
    pub type Workers<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, WorkerInfoV2>;

    /// The block at which a worker registered first.
    #[pallet::storage]
    pub type WorkerAddedAt<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, BlockNumberFor<T>>;

    /// Where workers can be reached.
    #[pallet::storage]
    pub type Endpoints<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, VersionedWorkerEndpoints>;

    /// The enclaves that may register.
    #[pallet::storage]
    pub type PRuntimeAllowList<T> = StorageValue<_, Vec<Measurement>, ValueQuery>;

    /// The block at which an enclave was allowed.
    #[pallet::storage]
    pub type PRuntimeAddedAt<T> = StorageMap<_, Twox64Concat, Measurement, BlockNumberFor<T>>;

    /// Older pRuntimes stop themselves.
    #[pallet::storage]
    pub type MinimumPRuntimeVersion<T> = StorageValue<_, (u32, u32, u32), ValueQuery>;

    /// pRuntimes that know only lower ones stop themselves.
    #[pallet::storage]
    pub type PRuntimeConsensusVersion<T> = StorageValue<_, u32, ValueQuery>;

    /// Blocks a benchmark lasts.
    #[pallet::storage]
    pub type BenchmarkDuration<T> = StorageValue<_, u32>;

    /// The relay blocks a pRuntime may have started from. Where the value is absent, any: the
    /// embedded network may not know its relay chain's first hash at genesis.
    #[pallet::storage]
    pub type RelaychainGenesisBlockHashAllowList<T> = StorageValue<_, Vec<H256>>;

    /// The key that the gatekeepers share.
    #[pallet::storage]
    pub type GatekeeperMasterPubkey<T> = StorageValue<_, WorkerPublicKey>;

    /// Whether workers may register without attestation.
    #[pallet::storage]
    pub type NoneAttestationEnabled<T> = StorageValue<_, bool, ValueQuery>;

    /// What happened to a worker.
    #[pallet::event]
    #[pallet::generate_deposit(pub(in crate::para::phala_registry) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker registered for the first time.
        #[codec(index = 2)]
        WorkerAdded {
            /// The worker.
            pubkey: WorkerPublicKey,
            /// Who vouches for it.
            attestation_provider: Option<crate::types::AttestationProvider>,
            /// 1 (best) to 5, or 128 without attestation.
            confidence_level: u8,
        },
        /// A worker registered again.
        #[codec(index = 3)]
        WorkerUpdated {
            /// The worker.
            pubkey: WorkerPublicKey,
            /// Who vouches for it.
            attestation_provider: Option<crate::types::AttestationProvider>,
            /// 1 (best) to 5, or 128 without attestation.
            confidence_level: u8,
        },
        /// A worker's score was stored.
        #[codec(index = 6)]
        InitialScoreSet {
            /// The worker.
            pubkey: WorkerPublicKey,
            /// Its score.
            init_score: u32,
        },
    }

    /// Why the registry refuses.
    #[pallet::error]
    pub enum Error<T> {
        /// The worker of an endpoint payload is not registered.
        #[codec(index = 2)]
        InvalidPubKey,
        /// The signature cannot be read.
        #[codec(index = 3)]
        MalformedSignature,
        /// The signature is not 64 bytes long.
        #[codec(index = 4)]
        InvalidSignatureLength,
        /// The signature is not the sender's.
        #[codec(index = 5)]
        InvalidSignature,
        /// No key of the contract is known.
        #[codec(index = 6)]
        UnknownContract,
        /// The attestation report is not signed as it must be.
        #[codec(index = 7)]
        InvalidIASSigningCert,
        /// The attestation report is not one.
        #[codec(index = 8)]
        InvalidReport,
        /// The quote status is not accepted.
        #[codec(index = 9)]
        InvalidQuoteStatus,
        /// A member of the attestation report cannot be read.
        #[codec(index = 10)]
        BadIASReport,
        /// The attestation report is two hours old or older.
        #[codec(index = 11)]
        OutdatedIASReport,
        /// The quote body has the wrong length.
        #[codec(index = 12)]
        UnknownQuoteBodyFormat,
        /// The attestation report was made for another runtime info.
        #[codec(index = 13)]
        InvalidRuntimeInfoHash,
        /// An argument is out of bounds.
        #[codec(index = 15)]
        InvalidInput,
        /// A benchmark report makes no sense.
        #[codec(index = 16)]
        InvalidBenchReport,
        /// The worker is not registered.
        #[codec(index = 17)]
        WorkerNotFound,
        /// Workers may not register without attestation.
        #[codec(index = 18)]
        NoneAttestationDisabled,
        /// There is no master key of the gatekeepers.
        #[codec(index = 22)]
        MasterKeyUninitialized,
        /// The pRuntime started from a relay block that is not allowed.
        #[codec(index = 23)]
        GenesisBlockHashRejected,
        /// The enclave's measurement is not allowed.
        #[codec(index = 26)]
        PRuntimeRejected,
        /// No key of the cluster is known.
        #[codec(index = 29)]
        UnknownCluster,
        /// The endpoint payload was signed in the future or more than four hours ago.
        #[codec(index = 34)]
        InvalidEndpointSigningTime,
        /// The pRuntime follows another parachain.
        #[codec(index = 36)]
        ParachainIdMismatch,
        /// The DCAP quote does not pass.
        #[codec(index = 39)]
        InvalidDCAPQuote,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers a worker of pRuntime 0.2.x. Anybody may do it.
        #[pallet::call_index(6)]
        #[pallet::weight((Weight::zero(), DispatchClass::Normal))]
        pub fn register_worker(
            origin: OriginFor<T>,
            pruntime_info: WorkerRegistrationInfo,
            attestation: Attestation,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            let hash = sp_io::hashing::blake2_256(&pruntime_info.encode());
            let vouched = Self::check_legacy_attestation(&attestation, &hash)?;
            Self::check_genesis_hash(pruntime_info.genesis_block_hash)?;
            Self::register(Statement::from(pruntime_info), &vouched);
            Ok(())
        }

        /// Registers a worker of pRuntime 2.x. Anybody may do it.
        #[pallet::call_index(7)]
        #[pallet::weight((Weight::zero(), DispatchClass::Normal))]
        pub fn register_worker_v2(
            origin: OriginFor<T>,
            pruntime_info: WorkerRegistrationInfoV2,
            attestation: Box<Option<AttestationReport>>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            let hash = sp_io::hashing::blake2_256(&pruntime_info.encode());
            let vouched = Self::check_attestation(attestation.as_ref().as_ref(), &hash)?;
            Self::check_genesis_hash(pruntime_info.genesis_block_hash)?;
            ensure!(
                pruntime_info.para_id == parachain_info::ParachainId::<T>::get(),
                Error::<T>::ParachainIdMismatch
            );
            Self::register(Statement::from(pruntime_info), &vouched);
            Ok(())
        }

        /// Stores where a worker can be reached, as the worker signed it. Anybody may do it.
        #[pallet::call_index(8)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn update_worker_endpoint(
            origin: OriginFor<T>,
            endpoint_payload: WorkerEndpointPayload,
            signature: Vec<u8>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::check_endpoint(&endpoint_payload, &signature)?;
            Endpoints::<T>::insert(endpoint_payload.pubkey, endpoint_payload.versioned_endpoints);
            Ok(())
        }
    }
}
