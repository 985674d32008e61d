//! What a job is and what becomes of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::wire::WireError;
use crate::error::ErrorClass;

/// Names a job within its queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub String);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A worker's public key, 32 bytes of sr25519.
pub type WorkerKey = [u8; 32];

/// An intent of a lifecycle manager: calls to be made in the name of pool `pid`'s operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Pool.
    pub pid: u64,
    /// What to do.
    pub action: Action,
}

/// What a job asks for. SCALE bytes stand behind the call's index as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// One `PhalaMq.sync_offchain_message` per message, in order, all or the first ones.
    SyncMessages {
        /// SCALE SignedMessage, in sequence; the messages of one sender only.
        messages: Vec<Vec<u8>>,
    },
    /// `PhalaRegistry.register_worker` with the older report.
    RegisterWorker {
        /// SCALE WorkerRegistrationInfo.
        runtime_info: Vec<u8>,
        /// SCALE Attestation.
        attestation: Vec<u8>,
    },
    /// `PhalaRegistry.register_worker_v2`.
    RegisterWorkerV2 {
        /// SCALE WorkerRegistrationInfoV2.
        runtime_info: Vec<u8>,
        /// SCALE Option of AttestationReport.
        attestation: Vec<u8>,
    },
    /// `PhalaStakePoolv2.add_worker`.
    AddWorker {
        /// Worker.
        public_key: WorkerKey,
    },
    /// `PhalaStakePoolv2.remove_worker`.
    RemoveWorker {
        /// Worker.
        public_key: WorkerKey,
    },
    /// `PhalaStakePoolv2.start_computing`.
    StartComputing {
        /// Worker.
        public_key: WorkerKey,
        /// Planck.
        stake: u128,
    },
    /// `PhalaStakePoolv2.stop_computing`.
    StopComputing {
        /// Worker.
        public_key: WorkerKey,
    },
    /// `PhalaStakePoolv2.restart_computing`: raises the stake.
    RestartComputing {
        /// Worker.
        public_key: WorkerKey,
        /// Planck, more than before.
        stake: u128,
    },
    /// `PhalaStakePoolv2.reclaim_pool_worker`.
    ReclaimWorker {
        /// Worker.
        public_key: WorkerKey,
    },
    /// `PhalaRegistry.update_worker_endpoint`, never proxied.
    UpdateEndpoint {
        /// SCALE WorkerEndpointPayload.
        payload: Vec<u8>,
        /// sr25519 signature of the worker.
        signature: Vec<u8>,
    },
}

impl Action {
    /// What it is called in figures and lists.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SyncMessages { .. } => "sync_messages",
            Self::RegisterWorker { .. } | Self::RegisterWorkerV2 { .. } => "register",
            Self::AddWorker { .. } => "add_worker",
            Self::RemoveWorker { .. } => "remove_worker",
            Self::StartComputing { .. } => "start_computing",
            Self::StopComputing { .. } => "stop_computing",
            Self::RestartComputing { .. } => "restart_computing",
            Self::ReclaimWorker { .. } => "reclaim_worker",
            Self::UpdateEndpoint { .. } => "update_endpoint",
        }
    }
}

/// How far a job has come, as the field's dashboards name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// Taken.
    #[serde(rename = "RP_INIT")]
    Init,
    /// Its calls are built.
    #[serde(rename = "RP_PREPROCESSED")]
    Preprocessed,
    /// Sent, or in a block that is not final.
    #[serde(rename = "RP_WORKING")]
    Working,
    /// Will be tried again.
    #[serde(rename = "RP_SHOULD_RETRY")]
    ShouldRetry,
    /// Final.
    #[serde(rename = "RP_FINISHED")]
    Finished,
    /// Failed for good.
    #[serde(rename = "RP_FAILED")]
    Failed,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// To be reserved.
    Waiting,
    /// Reserved by a trader.
    Active,
    /// To be tried again later.
    Delayed,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
}

/// What one call of a job came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallResult {
    /// `Pallet.call`.
    pub call: String,
    /// Its own result.
    #[serde(flatten)]
    pub outcome: CallOutcome,
}

/// The result of one call in a finalized block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CallOutcome {
    /// Executed.
    Ok,
    /// Refused by the chain.
    Error {
        /// `Pallet.Error`, as the metadata names it, or the name of another dispatch error.
        error: String,
        /// The error's documentation from the metadata.
        docs: String,
    },
}

impl CallOutcome {
    /// Whether the call was executed.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }
}

/// How a job ended in a finalized block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// 0x hex of the extrinsic's hash.
    pub extrinsic_hash: String,
    /// 0x hex of the block's hash.
    pub block_hash: String,
    /// The block's number.
    pub block_number: u32,
    /// One per call that was sent, in order. Of a job with more messages than fit into one
    /// extrinsic only the first ones are sent.
    pub calls: Vec<CallResult>,
}

/// Why a job did not come to a finalized block, or why none of its calls was executed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For a person.
    pub reason: String,
    /// Whether trying again can help.
    pub transient: bool,
    /// The calls' own results, where the extrinsic was finalized.
    pub calls: Vec<CallResult>,
}

impl Failure {
    /// A failure before anything was sent or included.
    pub fn new(reason: impl Into<String>, class: ErrorClass) -> Self {
        Self { reason: reason.into(), transient: class == ErrorClass::Transient, calls: Vec::new() }
    }
}

/// The extrinsic that carries a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentExtrinsic {
    /// 0x hex of its hash.
    pub hash: String,
    /// 0x hex of the account that signed it.
    pub signer: String,
    /// Its nonce.
    pub nonce: u32,
    /// The block its era begins with; no earlier one can hold it.
    pub birth: u32,
    /// The first block that can no longer hold it.
    pub death: u32,
    /// Runs in the name of another account.
    pub proxied: bool,
    /// Where the job's calls begin among those of the extrinsic.
    pub first_call: u32,
    /// How many calls of the job it carries: all, or the first ones.
    pub calls: u32,
    /// How many calls the extrinsic has.
    pub total_calls: u32,
}

/// How many jobs are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// To be reserved.
    pub waiting: u64,
    /// Reserved by a trader.
    pub active: u64,
    /// To be tried again later.
    pub delayed: u64,
    /// Ended well and still kept.
    pub succeeded: u64,
    /// Ended badly and still kept.
    pub failed: u64,
}

/// A job with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// What was asked, or why that cannot be told.
    pub job: Result<Job, WireError>,
    /// What it claims to ask for, where its signature does not hold: to be shown, never to be done.
    pub claimed: Option<Job>,
    /// Where it stands.
    pub state: JobState,
    /// The last reported progress.
    pub progress: Option<Progress>,
    /// How often it was tried.
    pub attempts: u32,
    /// Unix milliseconds.
    pub created_at: u64,
    /// How it ended, if it ended well.
    pub outcome: Option<Outcome>,
    /// Why it failed, the last time it did.
    pub failure: Option<Failure>,
    /// The extrinsic that carried it, the last time it was sent.
    pub sent: Option<SentExtrinsic>,
}

impl JobRecord {
    /// What it asks for, or claims to.
    pub fn asks(&self) -> Result<&Job, &WireError> {
        self.job.as_ref().or_else(|error| self.claimed.as_ref().ok_or(error))
    }
}

/// Something happened to a job.
#[derive(Clone, Debug)]
pub struct JobEvent {
    /// Which job.
    pub id: JobId,
    /// Where it stands now.
    pub state: JobState,
    /// Its progress, if that is what happened.
    pub progress: Option<Progress>,
}
