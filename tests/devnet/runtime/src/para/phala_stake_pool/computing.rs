//! Starting, stopping and restarting a pool's workers.

use frame_support::ensure;
use sp_runtime::DispatchResult;

use super::{Config, Error, Event, Pallet, account::session_account};
use crate::{
    chain::Balance,
    para::{
        phala_base_pool,
        phala_computation::{self, Sessions, Stakes},
    },
    types::{AccountId, WorkerPublicKey},
};

type BasePools<T> = phala_base_pool::Pallet<T>;
type Computation<T> = phala_computation::Pallet<T>;

impl<T: Config> Pallet<T> {
    /// Checked in this order: pool, owner, free stake, in the pool, then what starting needs. A
    /// start repeated by mistake can so fail for want of free stake.
    pub(super) fn start_pool_worker(
        who: &AccountId,
        pid: u64,
        worker: WorkerPublicKey,
        stake: Balance,
    ) -> DispatchResult {
        let pool = Self::owned_pool(who, pid)?;
        ensure!(BasePools::<T>::free_stake(&pool) >= stake, Error::<T>::InsufficientFreeStake);
        ensure!(pool.workers.contains(&worker), Error::<T>::WorkerDoesNotExist);
        Computation::<T>::start(&session_account(pid, &worker), stake)?;
        BasePools::<T>::lock_stake(&pool, stake)?;
        Self::deposit_event(Event::WorkingStarted { pid, worker, amount: stake });
        Ok(())
    }

    pub(super) fn stop_pool_worker(
        who: &AccountId,
        pid: u64,
        worker: WorkerPublicKey,
    ) -> DispatchResult {
        let mut pool = Self::owned_pool(who, pid)?;
        ensure!(pool.workers.contains(&worker), Error::<T>::WorkerDoesNotExist);
        ensure!(!pool.cd_workers.contains(&worker), Error::<T>::WorkerAlreadyStopped);
        Computation::<T>::stop(&session_account(pid, &worker))?;
        pool.cd_workers.push(worker);
        BasePools::<T>::store_stake_pool(pool);
        Ok(())
    }

    pub(super) fn reclaim_stake(
        pid: u64,
        worker: WorkerPublicKey,
        check_period: bool,
    ) -> DispatchResult {
        let mut pool = BasePools::<T>::stake_pool(pid).ok_or(Error::<T>::PoolDoesNotExist)?;
        let session = session_account(pid, &worker);
        let stake = Computation::<T>::reclaim(&session, check_period)?;
        BasePools::<T>::release_stake(&pool, stake)?;
        pool.cd_workers.retain(|cooling| *cooling != worker);
        BasePools::<T>::store_stake_pool(pool);
        Self::deposit_event(Event::WorkerReclaimed { pid, worker });
        Ok(())
    }

    /// Stops, reclaims at once, and starts with the new stake: a new session with its value reset.
    /// If a step fails, all is as before.
    pub(super) fn restart_pool_worker(
        who: &AccountId,
        pid: u64,
        worker: WorkerPublicKey,
        stake: Balance,
    ) -> DispatchResult {
        let pool = Self::owned_pool(who, pid)?;
        ensure!(pool.basepool.withdraw_queue.is_empty(), Error::<T>::WithdrawQueueNotEmpty);
        ensure!(pool.workers.contains(&worker), Error::<T>::WorkerDoesNotExist);
        ensure!(!pool.cd_workers.contains(&worker), Error::<T>::WorkerAlreadyStopped);
        let session = session_account(pid, &worker);
        ensure!(Sessions::<T>::contains_key(&session), Error::<T>::SessionDoesNotExist);
        let old = Stakes::<T>::get(&session).ok_or(Error::<T>::SessionDoesNotExist)?;
        ensure!(stake > old, Error::<T>::CannotRestartWithLessStake);
        Self::stop_pool_worker(who, pid, worker)?;
        Self::reclaim_stake(pid, worker, false)?;
        Self::start_pool_worker(who, pid, worker, stake)
    }
}
