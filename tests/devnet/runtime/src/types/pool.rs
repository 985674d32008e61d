//! Stake pools.

use parity_scale_codec::{Decode, Encode};
use scale_info::TypeInfo;

use super::{AccountId, WorkerPublicKey};

/// A pool of either kind.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub enum PoolProxy {
    /// Stakes on workers.
    #[codec(index = 0)]
    StakePool(StakePool),
    /// Stakes in stake pools. The embedded network has none.
    #[codec(index = 1)]
    Vault(BasePool),
}

/// A pool that stakes on workers.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct StakePool {
    /// What all pools have.
    pub basepool: BasePool,
    /// The owner's share of the rewards, in millionths.
    pub payout_commission: Option<u32>,
    /// The most stake the pool takes, in planck.
    pub cap: Option<u128>,
    /// The workers of the pool.
    pub workers: Vec<WorkerPublicKey>,
    /// Those of them that cool down.
    pub cd_workers: Vec<WorkerPublicKey>,
    /// Holds the stake of the sessions.
    pub lock_account: AccountId,
    /// Receives the owner's rewards.
    pub owner_reward_account: AccountId,
}

/// What all pools have.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct BasePool {
    /// The pool's number.
    pub pid: u64,
    /// Who signs for it.
    pub owner: AccountId,
    /// Shares given out.
    pub total_shares: u128,
    /// Worth of all shares, in planck.
    pub total_value: u128,
    /// Who waits for a withdrawal.
    pub withdraw_queue: Vec<Withdrawal>,
    /// Vaults to tell of changes.
    pub value_subscribers: Vec<u64>,
    /// The collection of the pool's share tokens.
    pub cid: u32,
    /// Holds the pool's free stake.
    pub pool_account_id: AccountId,
}

/// A withdrawal that waits for stake to come free.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct Withdrawal {
    /// Who withdraws.
    pub user: AccountId,
    /// Since when, seconds since 1970.
    pub start_time: u64,
    /// The token that stands for the shares.
    pub nft_id: u32,
}
