//! The events messages carry: chain to worker, and worker to chain.

use parity_scale_codec::{Decode, Encode};
use sp_core::U256;
use sp_io::hashing::blake2_256;

use super::WorkerPublicKey;

/// What the chain tells workers, on topic `phala/system/event`.
#[derive(Encode, Decode, Clone, PartialEq, Eq, Debug)]
pub enum SystemEvent {
    /// Something about one worker.
    #[codec(index = 0)]
    WorkerEvent {
        /// The worker it is about.
        pubkey: WorkerPublicKey,
        /// What happened.
        event: WorkerEvent,
    },
    /// A call to the computing workers it hits to answer with a heartbeat.
    #[codec(index = 1)]
    HeartbeatChallenge(HeartbeatChallenge),
}

/// What happened to a worker.
#[derive(Encode, Decode, Clone, PartialEq, Eq, Debug)]
pub enum WorkerEvent {
    /// It was registered, or registered again.
    #[codec(index = 0)]
    Registered {
        /// The confidence in its attestation, 1 (best) to 5, or 128 without attestation.
        confidence_level: u8,
    },
    /// It shall measure its speed.
    #[codec(index = 1)]
    BenchStart {
        /// For how many blocks.
        duration: u32,
    },
    /// Its score was stored.
    #[codec(index = 2)]
    BenchScore(u32),
    /// It started to compute.
    #[codec(index = 3)]
    Started {
        /// The session, new with each start.
        session_id: u32,
        /// The initial value, U64F64 bits.
        init_v: u128,
        /// The initial score.
        init_p: u32,
    },
    /// It stopped computing.
    #[codec(index = 4)]
    Stopped,
    /// A challenge stayed unanswered for too long.
    #[codec(index = 5)]
    EnterUnresponsive,
    /// It answers again.
    #[codec(index = 6)]
    ExitUnresponsive,
}

/// Picks, pseudo-randomly, the workers that must answer.
#[derive(Encode, Decode, Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeartbeatChallenge {
    /// A new random number for each challenge.
    pub seed: U256,
    /// The larger, the more workers are hit.
    pub online_target: U256,
}

impl HeartbeatChallenge {
    /// Whether `worker` must answer: `blake2_256(pubkey)` as a big-endian number, xor the seed,
    /// is not above the target.
    pub fn hits(&self, worker: &WorkerPublicKey) -> bool {
        let hashed_id = U256::from_big_endian(&blake2_256(worker.as_ref()));
        hashed_id ^ self.seed <= self.online_target
    }
}

/// What a worker reports while it computes, on topic `phala/mining/report`.
#[derive(Encode, Decode, Clone, PartialEq, Eq, Debug)]
pub enum WorkingReportEvent {
    /// The answer to a challenge.
    #[codec(index = 0)]
    Heartbeat {
        /// The session the worker computes in.
        session_id: u32,
        /// The parachain block whose outbound messages held the challenge.
        challenge_block: u32,
        /// That block's time, ms since 1970.
        challenge_time: u64,
        /// Benchmark iterations done since the start.
        iterations: u64,
    },
    /// The same with the worker's load.
    #[codec(index = 1)]
    HeartbeatV2 {
        /// The session the worker computes in.
        session_id: u32,
        /// The parachain block whose outbound messages held the challenge.
        challenge_block: u32,
        /// That block's time, ms since 1970.
        challenge_time: u64,
        /// Benchmark iterations done since the start.
        iterations: u64,
        /// Clusters the worker serves.
        n_clusters: u32,
        /// Contracts the worker runs.
        n_contracts: u32,
    },
}

/// What a worker tells the registry, on topic `^phala/registry/event`.
#[derive(Encode, Decode, Clone, PartialEq, Eq, Debug)]
pub enum RegistryEvent {
    /// The result of a benchmark.
    #[codec(index = 0)]
    BenchReport {
        /// When it began: time of the block that asked for it, ms since 1970.
        start_time: u64,
        /// Iterations done.
        iterations: u64,
    },
    /// A gatekeeper announces the master key.
    #[codec(index = 1)]
    MasterPubkey {
        /// The key.
        master_pubkey: WorkerPublicKey,
    },
}
