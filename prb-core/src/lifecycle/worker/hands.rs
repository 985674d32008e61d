//! What a worker's task does for it, one call at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use subxt::utils::AccountId32;
use tokio::sync::watch;

use super::cause::{Failure, fail};
use crate::lifecycle::chain_view::Subject;
use crate::lifecycle::computing::{Deed, Wanted};
use crate::lifecycle::egress::Window;
use crate::lifecycle::intent::Intent;
use crate::lifecycle::inventory::{Goal, WorkerRecord};
use crate::lifecycle::key_claims::KeyClaim;
use crate::lifecycle::machine::{Call, Cause, Event, Policy};
use crate::lifecycle::report::Cell;
use crate::lifecycle::shared::Shared;
use crate::lifecycle::sync::genesis::attestation;
use crate::lifecycle::sync::plan::Counters;
use crate::lifecycle::sync::start_state::StartState;
use crate::pruntime::{Endpoint, Method, Pruntime, proto};
use crate::scale::messages::MessageOrigin;

/// Heavy requests that one thing to do for a worker may take, one after the other.
const CALLS_PER_TURN: u32 = 3;

/// What the inventory says of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The worker.
    pub(crate) record: WorkerRecord,
    /// Where it listens.
    pub(crate) endpoint: Endpoint,
    /// Its pool, on chain.
    pub(crate) pid: u64,
    /// The account in whose name the pool's calls are made.
    pub(crate) operator: AccountId32,
    /// What is allowed.
    pub(crate) policy: Policy,
}

impl Assignment {
    /// What is wanted of it on chain. `min_score` is the bridge's own bar.
    pub(crate) fn wanted(&self, min_score: u32, register_anew: bool) -> Wanted {
        Wanted {
            pid: self.pid,
            stake: self.record.stake,
            gatekeeper: self.record.gatekeeper,
            operator: self.operator,
            min_score,
            public_endpoints: self.record.public_endpoints.clone(),
            register_anew,
            goal: self.record.goal,
        }
    }

    /// Whom to look for on chain.
    pub(crate) fn subject(&self, public_key: [u8; 32]) -> Subject {
        let endpoints = !self.record.public_endpoints.is_empty();
        Subject { public_key, pid: self.pid, endpoints }
    }
}

/// A worker, as far as its task knows it.
pub(crate) struct Hands {
    pub(super) shared: Arc<Shared>,
    assignment: watch::Receiver<Arc<Assignment>>,
    pub(super) cell: Arc<Cell>,
    pub(super) pruntime: Pruntime,
    pub(super) known: Option<Known>,
    /// It earns, and no other worker with its key does.
    pub(super) claim: Option<KeyClaim>,
    /// It speaks for all gatekeepers.
    pub(super) speaks: Option<KeyClaim>,
    /// What the worker lacks and the bridge can do, found by the last judgement.
    pub(super) due: Option<(Deed, u32)>,
    /// What was asked of the queue for it.
    pub(super) asked: Option<Intent<Deed>>,
    /// Messages on their way, by sender.
    pub(super) windows: BTreeMap<MessageOrigin, Intent<Window>>,
    /// What it is to begin with, while it waits for its turn to be given it.
    pub(super) start_state: Option<Arc<StartState>>,
    /// How often in a row a worker, by its key, could not be given a state to begin with. A process
    /// that ended of it has no key until it is started anew.
    pub(super) failed_loads: Option<([u8; 32], u32)>,
}

/// What the worker last said of itself.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) counters: Counters,
    /// None before it has a state.
    pub(super) public_key: Option<[u8; 32]>,
    pub(super) attestation_methods: Vec<String>,
}

impl Hands {
    pub(super) fn new(
        shared: Arc<Shared>,
        assignment: watch::Receiver<Arc<Assignment>>,
        cell: Arc<Cell>,
    ) -> Self {
        let endpoint = assignment.borrow().endpoint.clone();
        let pruntime = shared.pruntime(endpoint);
        let windows = BTreeMap::new();
        Self {
            shared,
            assignment,
            cell,
            pruntime,
            known: None,
            claim: None,
            speaks: None,
            due: None,
            asked: None,
            windows,
            start_state: None,
            failed_loads: None,
        }
    }

    pub(super) fn assignment(&self) -> Arc<Assignment> {
        self.assignment.borrow().clone()
    }

    pub(super) fn policy(&self) -> Policy {
        self.assignment.borrow().policy
    }

    /// Does what a worker's life asks for. Every wait inside has its own deadline; the one here is
    /// for the mistake that none foresaw, so that a worker may fail but never silently stand still.
    pub(super) async fn perform(&mut self, call: Call) -> Event {
        let limit = self.shared.config.deadlines.heavy.saturating_mul(CALLS_PER_TURN);
        let done = tokio::time::timeout(limit, self.attempt(call)).await;
        let done = done.unwrap_or_else(|_| {
            tracing::error!(?call, ?limit, "a worker's call did not end");
            fail(Cause::Deadline, format!("{call:?} did not end within {} s", limit.as_secs()))
        });
        done.unwrap_or_else(|Failure { cause, text }| {
            self.shared.totals.failed(cause.name());
            Event::Failed { cause, text, jitter: rand::random() }
        })
    }

    async fn attempt(&mut self, call: Call) -> Result<Event, Failure> {
        match call {
            Call::ReadInfo => self.read_info().await,
            Call::Initialize => self.initialize().await,
            Call::Feed => self.feed().await,
            Call::CollectEgress => self.collect_egress().await,
            Call::Judge { register_anew } => self.judge(register_anew).await,
            Call::Act => self.act().await,
            Call::Checkpoint => self.checkpoint().await,
        }
    }

    async fn read_info(&mut self) -> Result<Event, Failure> {
        let endpoint = self.assignment.borrow().endpoint.clone();
        if *self.pruntime.endpoint() != endpoint {
            self.pruntime = self.shared.pruntime(endpoint);
        }
        let info = self.pruntime.info().await?;
        let public_key = public_key(&info);
        if self.known.as_ref().and_then(|known| known.public_key) != public_key {
            // Another worker: what was asked for the one before does not concern it.
            (self.due, self.asked) = (None, None);
            self.windows.clear();
            self.give_up_key();
        }
        if info.initialized && !info.can_load_chain_state {
            (self.start_state, self.failed_loads) = (None, None);
        }
        if info.initialized {
            let start = self.shared.start().await?.hash();
            let theirs = info.genesis_block_hash.as_deref().unwrap_or_default();
            if !theirs.trim_start_matches("0x").eq_ignore_ascii_case(&hex::encode(start.0)) {
                let text = format!(
                    "the worker was started at relay block 0x{theirs} and not at {start:?}: it \
                     belongs to another chain"
                );
                return fail(Cause::WrongChain, text);
            }
        }
        let counters = counters(&info);
        let initialized = info.initialized;
        self.cell.tells(&info, counters, public_key, &self.shared);
        self.known = Some(Known {
            counters,
            public_key,
            attestation_methods: info.supported_attestation_methods,
        });
        self.let_others_speak_if_behind();
        Ok(Event::Info { initialized, behind: self.behind() })
    }

    /// Its public key. One that is to stop is known by what it told an earlier manager too: it may
    /// be gone for good.
    pub(super) fn key(&self) -> Result<[u8; 32], Failure> {
        match &self.known {
            Some(Known { public_key: Some(key), .. }) => Ok(*key),
            Some(_) => fail(Cause::Refused, "the worker does not tell its public key"),
            None => {
                let assignment = self.assignment.borrow();
                let last = assignment.record.last_key;
                last.filter(|_| assignment.record.goal != Goal::Compute).map_or_else(
                    || {
                        let text = "the worker was not reached yet: its key is not known";
                        fail(Cause::Unreachable, text)
                    },
                    Ok,
                )
            }
        }
    }

    /// Makes sure that no other worker earns with this one's key.
    pub(super) fn claim_key(&mut self) -> Result<(), Failure> {
        let key = self.key()?;
        if let Some(claim) = self.claim.as_ref().filter(|claim| claim.key() == key) {
            return leased(claim);
        }
        self.claim = None;
        match self.shared.key_claims.claim(key, self.assignment().record.uuid) {
            Ok(claim) => leased(self.claim.insert(claim)),
            Err(holder) => {
                let text = format!(
                    "worker {holder} has the same public key 0x{} and earns with it: remove one \
                     of the two",
                    hex::encode(key)
                );
                fail(Cause::SameKey, text)
            }
        }
    }

    /// Lets another worker with the same key earn.
    pub(super) fn give_up_key(&mut self) {
        (self.claim, self.speaks) = (None, None);
    }

    async fn initialize(&mut self) -> Result<Event, Failure> {
        let start = self.shared.start().await?;
        let Some(known) = &self.known else {
            return fail(Cause::CountersMoved, "the worker was not asked yet what it is");
        };
        let skip = self.shared.config.skip_attestation;
        let provider = match attestation(&known.attestation_methods, skip) {
            Ok(provider) => provider,
            Err(error) => return fail(Cause::NoAttestation, error.to_string()),
        };
        let request = start.request(provider);
        match self.pruntime.send(Method::InitRuntime, request).await {
            Ok(proto::InitRuntimeResponse { encoded_genesis_block_hash, .. }) => {
                if encoded_genesis_block_hash != start.hash().0[..] {
                    let text = format!(
                        "the worker says it starts at 0x{}, not at {:?}",
                        hex::encode(&encoded_genesis_block_hash),
                        start.hash()
                    );
                    return fail(Cause::WrongChain, text);
                }
                Ok(Event::Initialized)
            }
            Err(error) if error.is_already_initialized() => Ok(Event::Initialized),
            Err(error) => Err(error.into()),
        }
    }

    async fn checkpoint(&self) -> Result<Event, Failure> {
        let taken = self.pruntime.take_checkpoint().await;
        let text = match &taken {
            Ok(block) => format!("checkpoint at block {block}"),
            Err(error) => format!("no checkpoint: {error}"),
        };
        tracing::info!(text, "worker");
        self.cell.notes(&text, &self.shared);
        Ok(taken.map(|_| Event::Checkpointed { text })?)
    }

    /// Parachain blocks to the tip.
    pub(super) fn behind(&self) -> u32 {
        let tip = self.shared.blobs.tip().borrow().and_then(|tip| tip.para);
        let next = self.known.as_ref().map_or(0, |known| known.counters.block);
        tip.map_or(0, |tip| tip.saturating_add(1).saturating_sub(next))
    }
}

/// Whether other managers agree that this one speaks for the worker.
fn leased(claim: &KeyClaim) -> Result<(), Failure> {
    claim.check().or_else(|text| fail(Cause::NoLease, text))
}

fn counters(info: &proto::PhactoryInfo) -> Counters {
    Counters {
        relay: info.headernum,
        para: info.para_headernum,
        block: info.blocknum,
        // Workers of 0.2.x do not tell.
        root_waiting: info.waiting_for_paraheaders || info.version.starts_with("0."),
        takes_state: info.initialized && info.can_load_chain_state,
    }
}

fn public_key(info: &proto::PhactoryInfo) -> Option<[u8; 32]> {
    let system = info.system.as_ref().map(|system| system.public_key.as_str());
    let text = system.filter(|text| !text.is_empty()).or(info.public_key.as_deref())?;
    hex::decode(text.trim_start_matches("0x")).ok()?.try_into().ok()
}
