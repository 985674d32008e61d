//! pRuntime without its surroundings: a value that answers requests.
//!
//! Nothing here touches a socket, a file or a clock. What must outlive the process is handed out
//! as [`Effect`]s.

mod checkpoint;
mod endpoints;
mod info;
mod init;
mod registration;
mod sync;

use parity_scale_codec::{Decode, Encode};
use sp_core::H256;

use super::call::{Answer, Refusal, Request, decode_scale};
use super::config::{AttestationMethod, Mode};
use super::follower::Follower;
use super::identity::{BadKey, Identity, SealedIdentity};
use super::proto;
use super::worker::{Habits, Worker, WorkerKeys};
pub(crate) use checkpoint::{Checkpoint, Effect, RestoreError};
use endpoints::Endpoints;
use registration::Registration;

/// The text that asks a bridge to try again.
pub(crate) const RCU_IN_PROGRESS: &str = "RCU in progress, please try the request again later";
const NOT_INITIALIZED: &str = "Runtime not initialized";

/// What does not change while a pRuntime runs.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The generation to be.
    pub(crate) mode: Mode,
    /// Believe everything.
    pub(crate) light: bool,
    /// What the machine can attest.
    pub(crate) attestation: AttestationMethod,
    /// Seed of a generated identity.
    pub(crate) key_seed: Option<[u8; 32]>,
    /// Seed of the key that the gatekeepers share.
    pub(crate) master_key_seed: Option<[u8; 32]>,
    /// A checkpoint each so many dispatched blocks.
    pub(crate) checkpoint_interval: Option<u32>,
    /// Iterations per six seconds.
    pub(crate) score: u32,
    /// Major, minor, patch.
    pub(crate) version: (u32, u32, u32),
}

/// A pRuntime.
#[derive(Clone)]
pub(crate) struct Phactory {
    settings: Settings,
    sealed: Option<SealedIdentity>,
    runtime: Option<Runtime>,
    can_load_chain_state: bool,
    /// Blocks are being dispatched on a copy that will replace this one.
    rcu_dispatching: bool,
    /// The last dispatched block was an old one.
    syncing: bool,
    effects: Vec<Effect>,
}

/// What exists from InitRuntime on.
#[derive(Clone)]
struct Runtime {
    state: RuntimeState,
    identity: Identity,
    worker_keys: WorkerKeys,
    dev_mode: bool,
}

/// The part of it that a checkpoint holds.
#[derive(Clone, Encode, Decode)]
struct RuntimeState {
    genesis_block_hash: H256,
    para_id: u32,
    /// The block whose state was loaded instead of the genesis state, or 0.
    genesis_block: u32,
    follower: Follower,
    worker: Worker,
    registration: Registration,
    endpoints: Endpoints,
    blocks_since_checkpoint: u32,
}

impl Phactory {
    /// A fresh process, with the identity an earlier one has sealed.
    pub(crate) fn new(settings: Settings, sealed: Option<SealedIdentity>) -> Self {
        Self {
            can_load_chain_state: settings.mode == Mode::V2,
            settings,
            sealed,
            runtime: None,
            rcu_dispatching: false,
            syncing: false,
            effects: Vec::new(),
        }
    }

    /// Answers a request made at `now_ms`, ms since 1970.
    pub(crate) fn call(&mut self, request: Request, now_ms: u64) -> Result<Answer, Refusal> {
        Ok(match request {
            Request::GetInfo(_) => Answer::GetInfo(self.info()),
            Request::Echo(message) => Answer::Echo(message),
            Request::InitRuntime(request) => Answer::InitRuntime(self.init(&request, now_ms)?),
            Request::GetRuntimeInfo(request) => {
                Answer::GetRuntimeInfo(self.runtime_info(&request, now_ms)?)
            }
            Request::SyncHeader(request) => {
                let headers = decode_scale(&request.encoded_headers)?;
                let change = request.encoded_authority_set_change.as_deref();
                Self::check_authority_set_change(change)?;
                Answer::SyncHeader(proto::SyncedTo { synced_to: self.sync_header(headers)? })
            }
            Request::SyncParaHeader(request) => {
                let headers = decode_scale(&request.encoded_headers)?;
                let synced_to = self.sync_para_header(headers, request.proof)?;
                Answer::SyncParaHeader(proto::SyncedTo { synced_to })
            }
            Request::SyncCombinedHeaders(request) => {
                self.check_no_rcu()?;
                let relay_headers = decode_scale(&request.encoded_relaychain_headers)?;
                Self::check_authority_set_change(request.authority_set_change.as_deref())?;
                let para_headers = decode_scale(&request.encoded_parachain_headers)?;
                let (relaychain_synced_to, parachain_synced_to) =
                    self.sync_combined_headers(relay_headers, para_headers, request.proof)?;
                let answer = proto::HeadersSyncedTo { relaychain_synced_to, parachain_synced_to };
                Answer::SyncCombinedHeaders(answer)
            }
            Request::DispatchBlocks(request) => {
                let blocks = decode_scale(&request.encoded_blocks)?;
                let synced_to = self.dispatch_blocks(blocks, now_ms)?;
                Answer::DispatchBlocks(proto::SyncedTo { synced_to })
            }
            Request::GetEgressMessages(_) => Answer::GetEgressMessages(self.egress_messages()),
            Request::GetWorkerState(_) => {
                self.runtime()?;
                return Err(Refusal::application("Not a gatekeeper"));
            }
            Request::LoadChainState(request) => {
                self.check_no_rcu()?;
                let state = decode_scale(&request.encoded_state)?;
                self.load_chain_state(request.block_number, state)?;
                Answer::LoadChainState(proto::Empty {})
            }
            Request::LoadStorageProof(_) => {
                self.check_no_rcu()?;
                return Err(Refusal::application(
                    "Can not load storage proof when safe_mode_level < 2",
                ));
            }
            Request::TakeCheckpoint(_) => {
                self.check_no_rcu()?;
                let synced_to = self.take_checkpoint()?;
                Answer::TakeCheckpoint(proto::SyncedTo { synced_to })
            }
            Request::Stop(options) => {
                if options.remove_checkpoints {
                    self.effects.push(Effect::RemoveCheckpoints);
                }
                return Err(Refusal::Abort("stopped on request".into()));
            }
            Request::AddEndpoint(request) => {
                self.check_no_rcu()?;
                Answer::AddEndpoint(self.add_endpoint(request)?)
            }
            Request::RefreshEndpointSigningTime(_) => {
                self.check_no_rcu()?;
                Answer::RefreshEndpointSigningTime(self.sign_added_endpoints()?)
            }
            Request::GetEndpointInfo(_) => Answer::GetEndpointInfo(self.endpoint_info()?),
            Request::SignEndpointInfo(request) => {
                Answer::SignEndpointInfo(self.sign_endpoint_info(&request)?)
            }
        })
    }

    /// What has to be kept since the last time this was asked, oldest first.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The keys of the running worker.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.runtime.as_ref().map(|runtime| &runtime.identity)
    }

    /// Begins to dispatch in the background: the returned copy dispatches and then replaces this
    /// value, which refuses changes from now on. `None` if blocks are old enough to be dispatched
    /// in place.
    ///
    /// The first dispatch of a process is always in the background, however old its blocks.
    pub(crate) fn begin_rcu(&mut self) -> Result<Option<Self>, Refusal> {
        self.check_no_rcu()?;
        if self.syncing {
            return Ok(None);
        }
        let copy = self.clone();
        self.rcu_dispatching = true;
        Ok(Some(copy))
    }

    fn check_no_rcu(&self) -> Result<(), Refusal> {
        if self.rcu_dispatching {
            return Err(Refusal::application(RCU_IN_PROGRESS));
        }
        Ok(())
    }

    fn runtime(&mut self) -> Result<&mut Runtime, Refusal> {
        self.runtime.as_mut().ok_or_else(|| Refusal::application(NOT_INITIALIZED))
    }

    fn egress_messages(&self) -> proto::GetEgressMessagesResponse {
        let messages = self.runtime.as_ref().map_or_else(Vec::new, |runtime| {
            runtime.state.worker.egress(runtime.identity.public_key())
        });
        proto::GetEgressMessagesResponse { encoded_messages: messages.encode() }
    }

    fn habits(&self) -> Habits {
        let Settings { score, mode, master_key_seed, .. } = self.settings;
        Habits { score, mode, master_key_seed }
    }
}

impl Runtime {
    fn new(state: RuntimeState, sealed: &SealedIdentity) -> Result<Self, BadKey> {
        let identity = sealed.open()?;
        let worker_keys = WorkerKeys::of(identity.public_key());
        Ok(Self { state, identity, worker_keys, dev_mode: sealed.dev_mode })
    }
}
