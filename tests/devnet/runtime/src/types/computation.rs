//! Sessions of computing workers, and the numbers that rule them.

use parity_scale_codec::{Decode, Encode};
use scale_info::TypeInfo;

/// What a session does.
#[derive(Encode, Decode, TypeInfo, Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkerState {
    /// Bound and not computing.
    #[codec(index = 0)]
    Ready,
    /// Computing.
    #[codec(index = 1)]
    WorkerIdle,
    /// Never used.
    #[codec(index = 2)]
    Unused,
    /// Computing, with an unanswered heartbeat challenge.
    #[codec(index = 3)]
    WorkerUnresponsive,
    /// Stopped, the stake still locked.
    #[codec(index = 4)]
    WorkerCoolingDown,
}

impl WorkerState {
    /// Whether the worker computes, responsive or not.
    pub fn is_computing(self) -> bool {
        matches!(self, Self::WorkerIdle | Self::WorkerUnresponsive)
    }
}

/// A session.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct SessionInfo {
    /// What it does.
    pub state: WorkerState,
    /// The value at the start, U64F64 bits.
    pub ve: u128,
    /// The value now, U64F64 bits.
    pub v: u128,
    /// When the value last changed, seconds since 1970.
    pub v_updated_at: u64,
    /// The speed.
    pub benchmark: BenchmarkState,
    /// When it stopped, seconds since 1970; 0 if it did not.
    pub cool_down_start: u64,
    /// What it earned.
    pub stats: SessionStats,
}

/// The speed of a computing worker.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug, Default)]
pub struct BenchmarkState {
    /// Score at the start.
    pub p_init: u32,
    /// Score by the last heartbeats.
    pub p_instant: u32,
    /// Iterations of the last heartbeat.
    pub iterations: u64,
    /// When computing began, seconds since 1970.
    pub working_start_time: u64,
    /// Time of the last answered challenge, seconds since 1970.
    pub challenge_time_last: u64,
}

/// What a session earned.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionStats {
    /// In planck.
    pub total_reward: u128,
}

/// The numbers of the economic model. All `u128` are U64F64 bits.
#[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct TokenomicParameters {
    /// Price of one PHA.
    pub pha_rate: u128,
    /// Growth of the value.
    pub rho: u128,
    /// PHA paid per block to all workers.
    pub budget_per_block: u128,
    /// The largest value a worker may start with.
    pub v_max: u128,
    /// Slope of the cost of a score.
    pub cost_k: u128,
    /// Constant of the cost of a score.
    pub cost_b: u128,
    /// Share of the value lost while unresponsive.
    pub slash_rate: u128,
    /// Share of the rewards that goes to the treasury.
    pub treasury_ratio: u128,
    /// Blocks a worker has to answer a challenge.
    pub heartbeat_window: u32,
    /// Slope of the price of a machine by its score.
    pub rig_k: u128,
    /// Constant of the price of a machine.
    pub rig_b: u128,
    /// Multiplier of the initial value.
    pub re: u128,
    /// Factor of the least stake: `k · √score` PHA.
    pub k: u128,
    /// Cap of the value's growth.
    pub kappa: u128,
}
