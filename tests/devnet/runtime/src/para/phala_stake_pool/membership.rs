//! Pools and the workers in them.

use frame_support::ensure;
use sp_runtime::DispatchResult;

use super::{
    Config, Error, Event, MAX_POOL_WORKERS, Pallet, SubAccountPreimages, WorkerAssignments,
    account::{pool_account, session_account},
};
use crate::{
    para::{
        phala_base_pool::{self, PoolCount},
        phala_computation::{self, OnUnbound, Sessions},
        phala_registry,
    },
    types::{AccountId, BasePool, StakePool, WorkerPublicKey, WorkerState},
};

impl<T: Config> Pallet<T> {
    /// Creates an empty pool and gives its number.
    pub fn create_pool(owner: AccountId) -> u64 {
        let pid = PoolCount::<T>::get().max(1);
        Self::create_pool_with_id(pid, owner);
        pid
    }

    /// Creates an empty pool of a chosen number that no pool has yet.
    pub fn create_pool_with_id(pid: u64, owner: AccountId) {
        PoolCount::<T>::mutate(|next| *next = pid.saturating_add(1).max(*next));
        let pool_account_id = pool_account(*b"bp__", pid);
        let cid = pid as u32;
        let event = Event::PoolCreated {
            owner: owner.clone(),
            pid,
            cid,
            pool_account_id: pool_account_id.clone(),
        };
        phala_base_pool::Pallet::<T>::store_stake_pool(StakePool {
            basepool: BasePool {
                pid,
                owner,
                total_shares: 0,
                total_value: 0,
                withdraw_queue: Vec::new(),
                value_subscribers: Vec::new(),
                cid,
                pool_account_id,
            },
            payout_commission: None,
            cap: None,
            workers: Vec::new(),
            cd_workers: Vec::new(),
            lock_account: pool_account(*b"spl/", pid),
            owner_reward_account: pool_account(*b"spo/", pid),
        });
        Self::deposit_event(event);
    }

    /// The pool of a number, if `who` owns it.
    pub(super) fn owned_pool(who: &AccountId, pid: u64) -> Result<StakePool, Error<T>> {
        let pool =
            phala_base_pool::Pallet::<T>::stake_pool(pid).ok_or(Error::<T>::PoolDoesNotExist)?;
        if pool.basepool.owner == *who { Ok(pool) } else { Err(Error::<T>::UnauthorizedPoolOwner) }
    }

    /// Checked in this order: registered, operator, score, pool, owner, not in the pool, room,
    /// binding. Whatever keeps the worker from being bound is one error.
    pub(super) fn add_pool_worker(
        who: &AccountId,
        pid: u64,
        worker: WorkerPublicKey,
    ) -> DispatchResult {
        let info =
            phala_registry::Workers::<T>::get(worker).ok_or(Error::<T>::WorkerNotRegistered)?;
        ensure!(info.operator.as_ref() == Some(who), Error::<T>::UnauthorizedOperator);
        ensure!(info.initial_score.is_some(), Error::<T>::BenchmarkMissing);
        let mut pool = Self::owned_pool(who, pid)?;
        ensure!(!pool.workers.contains(&worker), Error::<T>::WorkerExists);
        ensure!(pool.workers.len() < MAX_POOL_WORKERS, Error::<T>::WorkersExceedLimit);
        let session = session_account(pid, &worker);
        phala_computation::Pallet::<T>::bind(&session, worker)
            .map_err(|_| Error::<T>::FailedToBindSessionAndWorker)?;
        pool.workers.push(worker);
        phala_base_pool::Pallet::<T>::store_stake_pool(pool);
        SubAccountPreimages::<T>::insert(&session, (pid, worker));
        WorkerAssignments::<T>::insert(worker, pid);
        Self::deposit_event(Event::PoolWorkerAdded { pid, worker, session });
        Ok(())
    }

    pub(super) fn remove_pool_worker(
        who: &AccountId,
        pid: u64,
        worker: WorkerPublicKey,
    ) -> DispatchResult {
        Self::owned_pool(who, pid)?;
        let assigned = WorkerAssignments::<T>::get(worker).ok_or(Error::<T>::WorkerDoesNotExist)?;
        ensure!(assigned == pid, Error::<T>::WorkerInAnotherPool);
        let session = session_account(pid, &worker);
        let info = Sessions::<T>::get(&session).ok_or(Error::<T>::SessionDoesNotExist)?;
        ensure!(info.state == WorkerState::Ready, Error::<T>::WorkerIsNotReady);
        phala_computation::Pallet::<T>::unbind_session(&session)
    }
}

impl<T: Config> OnUnbound for Pallet<T> {
    /// A worker without a session leaves its pool. Stake that is still locked stays so until it
    /// is reclaimed.
    fn on_unbound(session: &AccountId, worker: &WorkerPublicKey) {
        let Some((pid, _)) = SubAccountPreimages::<T>::get(session) else { return };
        let Some(mut pool) = phala_base_pool::Pallet::<T>::stake_pool(pid) else { return };
        pool.workers.retain(|member| member != worker);
        let cools_down = Sessions::<T>::get(session)
            .is_some_and(|info| info.state == WorkerState::WorkerCoolingDown);
        if cools_down && !pool.cd_workers.contains(worker) {
            pool.cd_workers.push(*worker);
        }
        phala_base_pool::Pallet::<T>::store_stake_pool(pool);
        WorkerAssignments::<T>::remove(worker);
        Self::deposit_event(Event::PoolWorkerRemoved { pid, worker: *worker });
    }
}
