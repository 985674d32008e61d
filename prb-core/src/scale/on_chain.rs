//! Values of the parachain's storage that tell where a worker stands.

use parity_scale_codec::{Decode, Encode};
use subxt::utils::AccountId32;

use super::registration::AttestationProvider;

/// `PhalaRegistry.Workers`: a registered worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WorkerInfo {
    /// sr25519.
    pub pubkey: [u8; 32],
    /// For encryption.
    pub ecdh_pubkey: [u8; 32],
    /// `major << 16 | minor << 8 | patch`.
    pub runtime_version: u32,
    /// Unix seconds of the last registration.
    pub last_updated: u64,
    /// Who may put the worker into a pool.
    pub operator: Option<AccountId32>,
    /// How it was attested.
    pub attestation_provider: Option<AttestationProvider>,
    /// 1 is best, 5 is worst, 128 stands for none.
    pub confidence_level: u8,
    /// Of its first benchmark; absent until that is on chain.
    pub initial_score: Option<u32>,
    /// Cores, then the processor's feature level.
    pub features: Vec<u32>,
}

/// `PhalaComputation.Sessions`: what a bound worker does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SessionInfo {
    /// What it does now.
    pub state: SessionState,
    /// V at the start, U64F64 bits.
    pub ve: u128,
    /// V now, U64F64 bits.
    pub v: u128,
    /// Unix seconds.
    pub v_updated_at: u64,
    /// Its performance.
    pub benchmark: Benchmark,
    /// Unix seconds of the stop; 0 before the first.
    pub cool_down_start: u64,
    /// What it earned.
    pub stats: SessionStats,
}

/// A session's state. The chain says idle for a worker that computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SessionState {
    /// May be started.
    #[codec(index = 0)]
    Ready,
    /// Computes and answers heartbeat challenges.
    #[codec(index = 1)]
    WorkerIdle,
    /// Not used any more.
    #[codec(index = 2)]
    Unused,
    /// Computes, but owes heartbeats.
    #[codec(index = 3)]
    WorkerUnresponsive,
    /// Stopped; its stake is locked until the period is over.
    #[codec(index = 4)]
    WorkerCoolingDown,
}

/// A session's performance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Benchmark {
    /// Score at the start.
    pub p_init: u32,
    /// Score now.
    pub p_instant: u32,
    /// Iterations at the last challenge.
    pub iterations: u64,
    /// Unix seconds of the start.
    pub working_start_time: u64,
    /// Unix seconds of the last challenge.
    pub challenge_time_last: u64,
}

/// A session's earnings.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SessionStats {
    /// Planck.
    pub total_reward: u128,
}

/// `PhalaBasePool.Pools`: a pool of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PoolProxy {
    /// Has workers.
    #[codec(index = 0)]
    StakePool(StakePool),
    /// Holds shares of other pools.
    #[codec(index = 1)]
    Vault(BasePool),
}

/// A pool with workers. The chain appends more fields, which a bridge does not read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StakePool {
    /// What every pool has.
    pub base: BasePool,
    /// Parts per million.
    pub payout_commission: Option<u32>,
    /// Planck.
    pub cap: Option<u128>,
    /// Public keys.
    pub workers: Vec<[u8; 32]>,
    /// Public keys of those that cool down.
    pub cooling_down_workers: Vec<[u8; 32]>,
}

/// What every pool has.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BasePool {
    /// Its id.
    pub pid: u64,
    /// Who may add, start and stop its workers.
    pub owner: AccountId32,
    /// Planck.
    pub total_shares: u128,
    /// Planck.
    pub total_value: u128,
    /// Who waits for their stake; while it is not empty no stake can be raised.
    pub withdraw_queue: Vec<Withdrawal>,
    /// Pools that hold shares of this one.
    pub value_subscribers: Vec<u64>,
    /// NFT collection.
    pub cid: u32,
    /// Holds the pool's free stake.
    pub pool_account_id: AccountId32,
}

/// Somebody waiting for their stake.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Withdrawal {
    /// Who.
    pub user: AccountId32,
    /// Unix seconds.
    pub start_time: u64,
    /// The share.
    pub nft_id: u32,
}

impl PoolProxy {
    /// What every pool has.
    pub fn base(&self) -> &BasePool {
        match self {
            Self::StakePool(pool) => &pool.base,
            Self::Vault(base) => base,
        }
    }
}

/// `PhalaComputation.TokenomicParameters`; every u128 is the bits of a U64F64.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TokenomicParameters {
    /// Price of PHA.
    pub pha_rate: u128,
    /// Growth of V.
    pub rho: u128,
    /// PHA a block.
    pub budget_per_block: u128,
    /// Highest V a session may start with.
    pub v_max: u128,
    /// Cost of power, slope.
    pub cost_k: u128,
    /// Cost of power, constant.
    pub cost_b: u128,
    /// Of V, for an unresponsive worker.
    pub slash_rate: u128,
    /// Of rewards.
    pub treasury_ratio: u128,
    /// Blocks within which a heartbeat must be on chain.
    pub heartbeat_window: u32,
    /// Cost of a rig, slope.
    pub rig_k: u128,
    /// Cost of a rig, constant.
    pub rig_b: u128,
    /// Multiplies stake into V.
    pub re: u128,
    /// Smallest stake is k times the square root of the score, in PHA.
    pub k: u128,
    /// Limits V's growth.
    pub kappa: u128,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BasePool {
        BasePool {
            pid: 2,
            owner: AccountId32([1; 32]),
            total_shares: 5,
            total_value: 6,
            withdraw_queue: vec![],
            value_subscribers: vec![],
            cid: 1,
            pool_account_id: AccountId32([2; 32]),
        }
    }

    #[test]
    fn a_pool_decodes_ahead_of_the_fields_a_bridge_does_not_read() {
        let pool = PoolProxy::StakePool(StakePool {
            base: base(),
            payout_commission: None,
            cap: Some(9),
            workers: vec![[3; 32]],
            cooling_down_workers: vec![],
        });
        let mut bytes = pool.encode();
        bytes.extend([7; 64]);
        assert_eq!(PoolProxy::decode(&mut &bytes[..]), Ok(pool));
        let vault = PoolProxy::Vault(base());
        assert_eq!(vault.encode()[0], 1);
        assert_eq!(vault.base().pid, 2);
    }

    #[test]
    fn session_states_keep_their_indices() {
        assert_eq!(SessionState::decode(&mut &[1_u8][..]), Ok(SessionState::WorkerIdle));
        assert_eq!(SessionState::decode(&mut &[4_u8][..]), Ok(SessionState::WorkerCoolingDown));
        assert!(SessionState::decode(&mut &[5_u8][..]).is_err());
    }
}
