//! What all pools have, and where pools are stored.

pub use pallet::*;

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    use crate::{
        chain::{AccountId, Balance},
        para::assets::{self, WRAPPED_PHA},
        types::{PoolProxy, StakePool},
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config + assets::Config {}

    /// The pools.
    #[pallet::storage]
    pub type Pools<T> = StorageMap<_, Twox64Concat, u64, PoolProxy>;

    /// The number the next pool gets.
    #[pallet::storage]
    pub type PoolCount<T> = StorageValue<_, u64, ValueQuery>;

    impl<T: Config> Pallet<T> {
        /// The stake pool of a number, if there is one.
        pub fn stake_pool(pid: u64) -> Option<StakePool> {
            match Pools::<T>::get(pid)? {
                PoolProxy::StakePool(pool) => Some(pool),
                PoolProxy::Vault(_) => None,
            }
        }

        /// Stores a stake pool under its number.
        pub fn store_stake_pool(pool: StakePool) {
            Pools::<T>::insert(pool.basepool.pid, PoolProxy::StakePool(pool));
        }

        /// A pool's stake on no worker, in planck: the wrapped PHA of its account.
        pub fn free_stake(pool: &StakePool) -> Balance {
            assets::Pallet::<T>::balance(WRAPPED_PHA, &pool.basepool.pool_account_id)
        }

        /// Moves stake from a pool to where it is locked.
        pub fn lock_stake(pool: &StakePool, amount: Balance) -> DispatchResult {
            Self::transfer(&pool.basepool.pool_account_id, &pool.lock_account, amount)
        }

        /// Moves locked stake back to a pool.
        pub fn release_stake(pool: &StakePool, amount: Balance) -> DispatchResult {
            Self::transfer(&pool.lock_account, &pool.basepool.pool_account_id, amount)
        }

        fn transfer(from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
            assets::Pallet::<T>::transfer(WRAPPED_PHA, from, to, amount)
        }
    }
}
