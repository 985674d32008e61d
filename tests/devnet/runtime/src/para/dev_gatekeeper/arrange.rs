//! Arranging the chain for a test.

use frame_support::ensure;
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use sp_runtime::DispatchResult;

use super::{Admin, Config, Error, Pallet};
use crate::{
    chain::{AccountId, Balance},
    para::{
        assets::{self, WRAPPED_PHA},
        phala_base_pool,
    },
    types::Withdrawal,
};

impl<T: Config> Pallet<T> {
    pub(super) fn ensure_admin(origin: OriginFor<T>) -> DispatchResult {
        let who = ensure_signed(origin)?;
        ensure!(Admin::<T>::get() == Some(who), Error::<T>::NotAdmin);
        Ok(())
    }

    /// Adds free stake to a pool, in planck.
    pub fn add_stake(pid: u64, amount: Balance) -> DispatchResult {
        let mut pool =
            phala_base_pool::Pallet::<T>::stake_pool(pid).ok_or(Error::<T>::PoolDoesNotExist)?;
        assets::Pallet::<T>::mint(WRAPPED_PHA, &pool.basepool.pool_account_id, amount);
        pool.basepool.total_shares = pool.basepool.total_shares.saturating_add(amount);
        pool.basepool.total_value = pool.basepool.total_value.saturating_add(amount);
        phala_base_pool::Pallet::<T>::store_stake_pool(pool);
        Ok(())
    }

    pub(super) fn replace_withdraw_queue(pid: u64, users: Vec<AccountId>) -> DispatchResult {
        let mut pool =
            phala_base_pool::Pallet::<T>::stake_pool(pid).ok_or(Error::<T>::PoolDoesNotExist)?;
        let start_time = pallet_timestamp::Now::<T>::get() / 1_000;
        pool.basepool.withdraw_queue = users
            .into_iter()
            .zip(0..)
            .map(|(user, nft_id)| Withdrawal { user, start_time, nft_id })
            .collect();
        phala_base_pool::Pallet::<T>::store_stake_pool(pool);
        Ok(())
    }
}
