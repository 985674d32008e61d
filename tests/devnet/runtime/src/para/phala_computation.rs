//! Sessions: binding of workers, computing, cooling down.

mod session;
pub mod tokenomic;

pub use self::pallet::*;

use crate::types::{AccountId, WorkerPublicKey};

/// The least score a worker may start to compute with.
pub const MIN_INITIAL_SCORE: u32 = 50;

/// Told when a session loses its worker.
pub trait OnUnbound {
    /// `worker` no longer belongs to `session`.
    fn on_unbound(session: &AccountId, worker: &WorkerPublicKey);
}

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::ConstBool};
    use frame_system::pallet_prelude::*;

    use super::OnUnbound;
    use crate::{
        chain::{AccountId, CALL_WEIGHT},
        para::phala_registry,
        types::{SessionInfo, TokenomicParameters as Parameters, WorkerPublicKey, WorkerState},
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>> + phala_registry::Config
    {
        /// Told when a session loses its worker.
        type OnUnbound: OnUnbound;
    }

    /// The session of each bound worker.
    #[pallet::storage]
    pub type WorkerBindings<T> = StorageMap<_, Twox64Concat, WorkerPublicKey, AccountId>;

    /// The worker of each bound session.
    #[pallet::storage]
    pub type SessionBindings<T> = StorageMap<_, Twox64Concat, AccountId, WorkerPublicKey>;

    /// The sessions. One stays when its worker is unbound.
    #[pallet::storage]
    pub type Sessions<T> = StorageMap<_, Twox64Concat, AccountId, SessionInfo>;

    /// The stake of each session that computes or cools down, in planck.
    #[pallet::storage]
    pub type Stakes<T> = StorageMap<_, Twox64Concat, AccountId, u128>;

    /// Seconds from a stop until the stake can be reclaimed.
    #[pallet::storage]
    pub type CoolDownPeriod<T> = StorageValue<_, u64, ValueQuery>;

    /// The numbers of the economic model.
    #[pallet::storage]
    pub type TokenomicParameters<T> = StorageValue<_, Parameters>;

    /// The number the next session to start gets.
    #[pallet::storage]
    pub type NextSessionId<T> = StorageValue<_, u32, ValueQuery>;

    /// How many workers compute.
    #[pallet::storage]
    pub type OnlineWorkers<T> = StorageValue<_, u32, ValueQuery>;

    /// Whether no heartbeats are asked for. Absent means they are not.
    #[pallet::storage]
    pub type HeartbeatPaused<T> = StorageValue<_, bool, ValueQuery, ConstBool<true>>;

    /// What happened to a session.
    #[pallet::event]
    #[pallet::generate_deposit(pub(in crate::para::phala_computation) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker started to compute.
        #[codec(index = 1)]
        WorkerStarted {
            /// The session.
            session: AccountId,
            /// The initial value, U64F64 bits.
            init_v: u128,
            /// The initial score.
            init_p: u32,
        },
        /// A worker stopped computing.
        #[codec(index = 2)]
        WorkerStopped {
            /// The session.
            session: AccountId,
        },
        /// The stake of a stopped worker came free.
        #[codec(index = 3)]
        WorkerReclaimed {
            /// The session.
            session: AccountId,
            /// The stake, in planck.
            original_stake: u128,
            /// What was lost of it, in planck.
            slashed: u128,
        },
        /// A worker was bound.
        #[codec(index = 4)]
        SessionBound {
            /// The session.
            session: AccountId,
            /// The worker.
            worker: WorkerPublicKey,
        },
        /// A worker was unbound.
        #[codec(index = 5)]
        SessionUnbound {
            /// The session.
            session: AccountId,
            /// The worker.
            worker: WorkerPublicKey,
        },
        /// A challenge stayed unanswered for too long.
        #[codec(index = 6)]
        WorkerEnterUnresponsive {
            /// The session.
            session: AccountId,
        },
        /// A worker answers again.
        #[codec(index = 7)]
        WorkerExitUnresponsive {
            /// The session.
            session: AccountId,
        },
    }

    /// Why a session cannot do what it is asked to.
    #[pallet::error]
    pub enum Error<T> {
        /// Only the worker's operator may do this.
        #[codec(index = 0)]
        BadSender,
        /// The worker is not registered.
        #[codec(index = 2)]
        WorkerNotRegistered,
        /// The session has a worker already.
        #[codec(index = 4)]
        DuplicateBoundSession,
        /// The worker has no score yet.
        #[codec(index = 5)]
        BenchmarkMissing,
        /// There is no such session.
        #[codec(index = 6)]
        SessionNotFound,
        /// The session has no worker.
        #[codec(index = 7)]
        SessionNotBound,
        /// The session computes or cools down.
        #[codec(index = 8)]
        WorkerNotReady,
        /// The session does not compute.
        #[codec(index = 9)]
        WorkerNotComputing,
        /// The session does not cool down, or not long enough.
        #[codec(index = 11)]
        CoolDownNotReady,
        /// The stake is below `k · √score`.
        #[codec(index = 12)]
        InsufficientStake,
        /// The value would be above its bound.
        #[codec(index = 13)]
        TooMuchStake,
        /// The economic model has no numbers.
        #[codec(index = 14)]
        InternalErrorBadTokenomicParameters,
        /// The worker belongs to a session already.
        #[codec(index = 15)]
        DuplicateBoundWorker,
        /// The worker's score is too low.
        #[codec(index = 16)]
        BenchmarkTooLow,
        /// The session has a stake already.
        #[codec(index = 17)]
        InternalErrorCannotStartWithExistingStake,
        /// The worker must register again.
        #[codec(index = 22)]
        WorkerReregisterNeeded,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Takes the worker from its session, stopping it if it computes. For the worker's
        /// operator.
        #[pallet::call_index(1)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal))]
        pub fn unbind(origin: OriginFor<T>, session: AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let worker = SessionBindings::<T>::get(&session).ok_or(Error::<T>::SessionNotBound)?;
            let info =
                phala_registry::Workers::<T>::get(worker).ok_or(Error::<T>::WorkerNotRegistered)?;
            ensure!(info.operator == Some(who), Error::<T>::BadSender);
            let state = Sessions::<T>::get(&session).map(|session| session.state);
            if state.is_some_and(WorkerState::is_computing) {
                Self::stop(&session)?;
            }
            Self::unbind_session(&session)
        }
    }
}
