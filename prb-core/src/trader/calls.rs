//! What a job asks of the chain: calls by name with their SCALE arguments, and in words.

use parity_scale_codec::{Decode, Encode};

use super::message::{Sender, SignedMessage};
use super::parameters::parameters_of;
use super::runtime::{Runtime, RuntimeError};
use crate::error::{Classify, ErrorClass};
use crate::queue::{Action, Job, WorkerKey};

#[cfg(test)]
mod tests;

/// A call to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Pallet's name.
    pub pallet: &'static str,
    /// Call's name.
    pub call: &'static str,
    /// SCALE arguments.
    pub arguments: Vec<u8>,
    /// What it does and for which worker, for a person.
    pub words: String,
}

impl Call {
    /// `Pallet.call`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.pallet, self.call)
    }

    /// Bytes of the encoded call.
    pub fn size(&self) -> usize {
        2 + self.arguments.len()
    }

    /// The call as `runtime` takes it, if that takes what the arguments were made for.
    pub fn encode(&self, runtime: &Runtime) -> Result<Vec<u8>, RuntimeError> {
        runtime.check_parameters(self.pallet, self.call, parameters_of(self.call))?;
        runtime.encode_call(self.pallet, self.call, &self.arguments)
    }
}

/// All calls of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// In the order they must be made.
    pub calls: Vec<Call>,
    /// Whose messages they carry and the first one's sequence.
    pub messages: Option<(SenderKey, u64)>,
    /// Must be made by the signing account itself, never in another one's name.
    pub direct: bool,
}

/// Names a sender of messages: SCALE MessageOrigin.
pub type SenderKey = Vec<u8>;

/// Why a job cannot be turned into calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallsError {
    /// A message does not decode.
    #[error("message {index} of the job does not decode: {reason}")]
    Message {
        /// Its place in the job.
        index: usize,
        /// What does not decode.
        reason: String,
    },
    /// Messages of several senders in one job.
    #[error("the job has messages of several senders: {first} and {other}")]
    SeveralSenders {
        /// The first message's.
        first: String,
        /// Another message's.
        other: String,
    },
    /// The sequence has a gap or goes back.
    #[error("the messages of {sender} are not in sequence: {found} follows {before}")]
    OutOfSequence {
        /// Whose messages.
        sender: String,
        /// Sequence of a message.
        before: u64,
        /// Sequence of the next one.
        found: u64,
    },
}

impl Classify for CallsError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Permanent
    }
}

const REGISTRY: &str = "PhalaRegistry";
const STAKE_POOL: &str = "PhalaStakePoolv2";

/// The calls of a job.
pub fn calls_of(job: &Job) -> Result<Calls, CallsError> {
    let pid = job.pid;
    let of_pool = |call, key: &WorkerKey, words: String| {
        Calls::one(STAKE_POOL, call, (pid, key).encode(), words)
    };
    let staked = |call, key: &WorkerKey, stake: &u128, words: &str| {
        let words = format!("{words} worker {} with a stake of {stake} planck", hex(key));
        Calls::one(STAKE_POOL, call, (pid, key, stake).encode(), words)
    };
    Ok(match &job.action {
        Action::SyncMessages { messages } => return sync_messages(messages),
        Action::RegisterWorker { runtime_info, attestation } => {
            let arguments = [&runtime_info[..], attestation].concat();
            Calls::one(REGISTRY, "register_worker", arguments, register(runtime_info))
        }
        Action::RegisterWorkerV2 { runtime_info, attestation } => {
            let arguments = [&runtime_info[..], attestation].concat();
            Calls::one(REGISTRY, "register_worker_v2", arguments, register(runtime_info))
        }
        Action::AddWorker { public_key } => {
            let words = format!("add worker {} to pool {pid}", hex(public_key));
            of_pool("add_worker", public_key, words)
        }
        Action::RemoveWorker { public_key } => {
            let words = format!("remove worker {} from pool {pid}", hex(public_key));
            of_pool("remove_worker", public_key, words)
        }
        Action::StartComputing { public_key, stake } => {
            staked("start_computing", public_key, stake, "start")
        }
        Action::StopComputing { public_key } => {
            of_pool("stop_computing", public_key, format!("stop worker {}", hex(public_key)))
        }
        Action::RestartComputing { public_key, stake } => {
            staked("restart_computing", public_key, stake, "restart")
        }
        Action::ReclaimWorker { public_key } => {
            let words = format!("release the stake of worker {}", hex(public_key));
            of_pool("reclaim_pool_worker", public_key, words)
        }
        Action::UpdateEndpoint { payload, signature } => {
            let arguments = [payload.clone(), signature.encode()].concat();
            let words = format!("publish the endpoint of worker {}", hex(key_in(payload, 0)));
            let calls = Calls::one(REGISTRY, "update_worker_endpoint", arguments, words);
            Calls { direct: true, ..calls }
        }
    })
}

impl Calls {
    fn one(pallet: &'static str, call: &'static str, arguments: Vec<u8>, words: String) -> Self {
        let call = Call { pallet, call, arguments, words };
        Self { calls: vec![call], messages: None, direct: false }
    }

    /// Bytes of all encoded calls.
    pub fn size(&self) -> usize {
        self.calls.iter().map(Call::size).sum()
    }

    /// Keeps the first calls that fit into one extrinsic, at least one. Only jobs with messages
    /// have more than one call, and of these the first ones can go alone.
    pub fn keep_first(&mut self, max_calls: usize, max_bytes: usize) {
        let mut size = 0;
        let fitting = self.calls.iter().take(max_calls).take_while(|call| {
            size += call.size();
            size <= max_bytes
        });
        let keep = fitting.count().max(1);
        self.calls.truncate(keep);
    }
}

fn sync_messages(messages: &[Vec<u8>]) -> Result<Calls, CallsError> {
    let mut calls = Vec::with_capacity(messages.len());
    let mut first: Option<(Sender, u64)> = None;
    for (index, bytes) in messages.iter().enumerate() {
        let message = SignedMessage::decode(&mut &bytes[..])
            .map_err(|error| CallsError::Message { index, reason: error.to_string() })?;
        let SignedMessage { sender, sequence, .. } = message;
        let words = format!("put message {sequence} of {sender} on chain");
        calls.push(Call {
            pallet: "PhalaMq",
            call: "sync_offchain_message",
            arguments: bytes.clone(),
            words,
        });
        match &first {
            None => first = Some((sender, sequence)),
            Some((of, _)) if *of != sender => {
                return Err(CallsError::SeveralSenders {
                    first: of.to_string(),
                    other: sender.to_string(),
                });
            }
            Some((_, begin)) if begin.checked_add(index as u64) != Some(sequence) => {
                return Err(CallsError::OutOfSequence {
                    sender: sender.to_string(),
                    before: begin.saturating_add(index as u64 - 1),
                    found: sequence,
                });
            }
            Some(_) => {}
        }
    }
    let messages = first.map(|(sender, sequence)| (sender.encode(), sequence));
    Ok(Calls { calls, messages, direct: false })
}

fn register(runtime_info: &[u8]) -> String {
    let worker = registered_worker(runtime_info);
    format!("register worker {}", hex(worker.as_ref().map_or(&[][..], |key| &key[..])))
}

/// Whom a registration is of: WorkerRegistrationInfo begins with version u32 and machine id
/// Vec<u8>; the key follows.
pub(super) fn registered_worker(runtime_info: &[u8]) -> Option<WorkerKey> {
    let mut rest = runtime_info.get(4..)?;
    Vec::<u8>::decode(&mut rest).ok()?;
    rest.first_chunk().copied()
}

/// A worker's key at an offset, or nothing where the bytes end before it.
fn key_in(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..at + 32).unwrap_or_default()
}

fn hex(key: &[u8]) -> String {
    if key.is_empty() { "(unreadable)".to_owned() } else { format!("0x{}", hex::encode(key)) }
}
