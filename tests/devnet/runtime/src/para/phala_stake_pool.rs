//! Stake pools: their workers, and starting and stopping them.

mod account;
mod computing;
mod membership;

pub use self::{account::session_account, pallet::*};

/// The most workers a pool may have.
pub const MAX_POOL_WORKERS: usize = 200;

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    use crate::{
        chain::{AccountId, Balance, CALL_WEIGHT},
        para::{phala_base_pool, phala_computation},
        types::WorkerPublicKey,
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config:
        phala_base_pool::Config
        + phala_computation::Config
        + frame_system::Config<RuntimeEvent: From<Event<Self>>>
    {
    }

    /// The pool of each worker that is in one.
    #[pallet::storage]
    pub type WorkerAssignments<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, u64>;

    /// The pool and worker a session account was made of.
    #[pallet::storage]
    pub type SubAccountPreimages<T> =
        StorageMap<_, Twox64Concat, AccountId, (u64, WorkerPublicKey)>;

    /// What happened to a pool.
    #[pallet::event]
    #[pallet::generate_deposit(pub(in crate::para::phala_stake_pool) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A pool was created.
        #[codec(index = 0)]
        PoolCreated {
            /// Its owner.
            owner: AccountId,
            /// Its number.
            pid: u64,
            /// The collection of its share tokens.
            cid: u32,
            /// The account of its free stake.
            pool_account_id: AccountId,
        },
        /// A worker joined a pool.
        #[codec(index = 3)]
        PoolWorkerAdded {
            /// The pool.
            pid: u64,
            /// The worker.
            worker: WorkerPublicKey,
            /// Its session.
            session: AccountId,
        },
        /// A worker left a pool.
        #[codec(index = 11)]
        PoolWorkerRemoved {
            /// The pool.
            pid: u64,
            /// The worker.
            worker: WorkerPublicKey,
        },
        /// The stake of a stopped worker came back to its pool.
        #[codec(index = 12)]
        WorkerReclaimed {
            /// The pool.
            pid: u64,
            /// The worker.
            worker: WorkerPublicKey,
        },
        /// A worker of a pool started to compute.
        #[codec(index = 14)]
        WorkingStarted {
            /// The pool.
            pid: u64,
            /// The worker.
            worker: WorkerPublicKey,
            /// Its stake, in planck.
            amount: Balance,
        },
    }

    /// Why a pool refuses.
    #[pallet::error]
    pub enum Error<T> {
        /// The worker is not registered.
        #[codec(index = 0)]
        WorkerNotRegistered,
        /// The worker has no score yet.
        #[codec(index = 1)]
        BenchmarkMissing,
        /// The worker is in this pool already.
        #[codec(index = 2)]
        WorkerExists,
        /// The worker cools down.
        #[codec(index = 3)]
        WorkerAlreadyStopped,
        /// The worker is not in this pool.
        #[codec(index = 4)]
        WorkerDoesNotExist,
        /// The worker is in another pool.
        #[codec(index = 5)]
        WorkerInAnotherPool,
        /// The caller is not the worker's operator.
        #[codec(index = 6)]
        UnauthorizedOperator,
        /// The caller is not the pool's owner.
        #[codec(index = 7)]
        UnauthorizedPoolOwner,
        /// There is no such stake pool.
        #[codec(index = 10)]
        PoolDoesNotExist,
        /// The pool has less free stake than asked for.
        #[codec(index = 16)]
        InsufficientFreeStake,
        /// The worker cannot be bound to a session.
        #[codec(index = 18)]
        FailedToBindSessionAndWorker,
        /// The pool has as many workers as it may.
        #[codec(index = 23)]
        WorkersExceedLimit,
        /// The new stake is not above the old one.
        #[codec(index = 24)]
        CannotRestartWithLessStake,
        /// Someone waits for stake to come free.
        #[codec(index = 26)]
        WithdrawQueueNotEmpty,
        /// The worker has no session.
        #[codec(index = 29)]
        SessionDoesNotExist,
        /// The worker computes or cools down.
        #[codec(index = 30)]
        WorkerIsNotReady,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Creates a pool of the caller.
        #[pallet::call_index(0)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn create(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::create_pool(owner);
            Ok(())
        }

        /// Adds a worker to a pool. For the owner of both.
        #[pallet::call_index(1)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn add_worker(
            origin: OriginFor<T>,
            pid: u64,
            pubkey: WorkerPublicKey,
        ) -> DispatchResult {
            Self::add_pool_worker(&ensure_signed(origin)?, pid, pubkey)
        }

        /// Removes a worker that neither computes nor cools down. For the pool's owner.
        #[pallet::call_index(2)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn remove_worker(
            origin: OriginFor<T>,
            pid: u64,
            worker: WorkerPublicKey,
        ) -> DispatchResult {
            Self::remove_pool_worker(&ensure_signed(origin)?, pid, worker)
        }

        /// Starts a worker with a stake in planck. For the pool's owner.
        #[pallet::call_index(13)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn start_computing(
            origin: OriginFor<T>,
            pid: u64,
            worker: WorkerPublicKey,
            stake: Balance,
        ) -> DispatchResult {
            Self::start_pool_worker(&ensure_signed(origin)?, pid, worker, stake)
        }

        /// Stops a worker; its stake stays locked for the cool-down period. For the pool's owner.
        #[pallet::call_index(14)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn stop_computing(
            origin: OriginFor<T>,
            pid: u64,
            worker: WorkerPublicKey,
        ) -> DispatchResult {
            Self::stop_pool_worker(&ensure_signed(origin)?, pid, worker)
        }

        /// Brings the stake of a stopped worker back to its pool. For anybody.
        #[pallet::call_index(15)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn reclaim_pool_worker(
            origin: OriginFor<T>,
            pid: u64,
            worker: WorkerPublicKey,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::reclaim_stake(pid, worker, true)
        }

        /// Raises the stake of a computing worker, in planck. For the pool's owner.
        #[pallet::call_index(17)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn restart_computing(
            origin: OriginFor<T>,
            pid: u64,
            worker: WorkerPublicKey,
            stake: Balance,
        ) -> DispatchResult {
            Self::restart_pool_worker(&ensure_signed(origin)?, pid, worker, stake)
        }
    }
}
