//! What exists on the embedded network alone: the gatekeepers' part played on chain, and calls of
//! one account that arrange the chain for a test.
//!
//! On the live networks gatekeepers watch the heartbeats off chain and settle what they saw. Here
//! the chain challenges, and judges the answers, itself.

mod arrange;
mod heartbeat;
mod window;

pub use self::{pallet::*, window::Waiting};

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{
        dispatch::GetDispatchInfo, pallet_prelude::*, traits::UnfilteredDispatchable,
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::SaturatedConversion as _;

    use super::Waiting;
    use crate::{
        chain::{AccountId, Balance, CALL_WEIGHT},
        para::{phala_computation, phala_stake_pool},
        types::WorkerPublicKey,
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config:
        phala_stake_pool::Config + frame_system::Config<RuntimeEvent: From<Event<Self>>>
    {
        /// A call of the runtime.
        type RuntimeCall: Parameter
            + UnfilteredDispatchable<RuntimeOrigin = Self::RuntimeOrigin>
            + GetDispatchInfo;
    }

    /// The last heartbeat of a worker that was accepted.
    #[derive(Encode, Decode, TypeInfo, Clone, Copy, PartialEq, Eq, Debug)]
    pub struct AcceptedHeartbeat {
        /// The session it reports from.
        pub session_id: u32,
        /// The block of the challenge it answers.
        pub challenge_block: u32,
        /// The block that accepted it.
        pub accepted_at: u32,
    }

    /// A worker that computes.
    #[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
    pub struct ComputingWorker {
        /// Its session.
        pub session_id: u32,
        /// The challenges it has not answered yet.
        pub waiting: Waiting,
    }

    /// The account that may arrange the chain.
    #[pallet::storage]
    pub type Admin<T> = StorageValue<_, AccountId>;

    /// Blocks between two challenges of a worker, on average. 0 stops all challenges.
    #[pallet::storage]
    pub type HeartbeatInterval<T> = StorageValue<_, u32, ValueQuery>;

    /// The workers that compute.
    #[pallet::storage]
    pub type ComputingWorkers<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, ComputingWorker>;

    /// The last accepted heartbeat of each worker.
    #[pallet::storage]
    pub type LastHeartbeats<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, AcceptedHeartbeat>;

    /// What the chain saw.
    #[pallet::event]
    #[pallet::generate_deposit(pub(in crate::para::dev_gatekeeper) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker answered a challenge in time.
        HeartbeatAccepted {
            /// The worker.
            worker: WorkerPublicKey,
            /// Its session.
            session_id: u32,
            /// The block of the challenge.
            challenge_block: u32,
        },
    }

    /// Why the chain is not arranged.
    #[pallet::error]
    pub enum Error<T> {
        /// The caller is not the account that may arrange the chain.
        NotAdmin,
        /// There is no such stake pool.
        PoolDoesNotExist,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_finalize(number: BlockNumberFor<T>) {
            Self::end_block(number.saturated_into());
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Executes any call as root.
        #[pallet::call_index(0)]
        #[pallet::weight((call.get_dispatch_info().call_weight, DispatchClass::Normal))]
        pub fn dispatch_as_root(
            origin: OriginFor<T>,
            call: Box<<T as Config>::RuntimeCall>,
        ) -> DispatchResult {
            Self::ensure_admin(origin)?;
            call.dispatch_bypass_filter(frame_system::RawOrigin::Root.into())
                .map(|_| ())
                .map_err(|failed| failed.error)
        }

        /// Adds free stake to a pool, in planck.
        #[pallet::call_index(1)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn deposit_stake(origin: OriginFor<T>, pid: u64, amount: Balance) -> DispatchResult {
            Self::ensure_admin(origin)?;
            Self::add_stake(pid, amount)
        }

        /// Creates a pool of any account; `PhalaStakePoolv2.PoolCreated` tells its number.
        #[pallet::call_index(2)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn create_pool(origin: OriginFor<T>, owner: AccountId) -> DispatchResult {
            Self::ensure_admin(origin)?;
            phala_stake_pool::Pallet::<T>::create_pool(owner);
            Ok(())
        }

        /// Makes pRuntimes below a version stop themselves.
        #[pallet::call_index(3)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn set_minimum_pruntime_version(
            origin: OriginFor<T>,
            major: u32,
            minor: u32,
            patch: u32,
        ) -> DispatchResult {
            Self::ensure_admin(origin)?;
            crate::para::phala_registry::MinimumPRuntimeVersion::<T>::put((major, minor, patch));
            Ok(())
        }

        /// Sets how many blocks pass between two challenges of a worker, on average; 0 for no
        /// challenges.
        #[pallet::call_index(4)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn set_heartbeat_interval(origin: OriginFor<T>, blocks: u32) -> DispatchResult {
            Self::ensure_admin(origin)?;
            HeartbeatInterval::<T>::put(blocks);
            Ok(())
        }

        /// Sets the seconds from a stop until the stake can be reclaimed.
        #[pallet::call_index(5)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn set_cool_down_period(origin: OriginFor<T>, seconds: u64) -> DispatchResult {
            Self::ensure_admin(origin)?;
            phala_computation::CoolDownPeriod::<T>::put(seconds);
            Ok(())
        }

        /// Pauses or resumes the challenges, by the flag the live networks have.
        #[pallet::call_index(6)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn set_heartbeat_paused(origin: OriginFor<T>, paused: bool) -> DispatchResult {
            Self::ensure_admin(origin)?;
            phala_computation::HeartbeatPaused::<T>::put(paused);
            Ok(())
        }

        /// Lets these accounts wait for a withdrawal from a pool, in place of those who do.
        #[pallet::call_index(7)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn set_withdraw_queue(
            origin: OriginFor<T>,
            pid: u64,
            users: Vec<AccountId>,
        ) -> DispatchResult {
            Self::ensure_admin(origin)?;
            Self::replace_withdraw_queue(pid, users)
        }
    }
}
