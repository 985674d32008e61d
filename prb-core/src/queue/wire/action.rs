//! The names and payload fields of each action.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{WireError, bytes_of, hex_of};
use crate::queue::job::{Action, Job, WorkerKey};

/// Name of the action and its payload.
pub(super) fn to_json(job: &Job) -> (&'static str, Value) {
    let pid = job.pid.to_string();
    let worker = |key: &WorkerKey| json!({ "pid": pid, "publicKey": hex_of(key) });
    let staked = |key: &WorkerKey, stake: &u128| json!({ "pid": pid, "publicKey": hex_of(key), "stake": stake.to_string() });
    let report = |runtime_info: &[u8], attestation: &[u8]| {
        json!({
            "pid": pid, "runtimeInfo": hex_of(runtime_info), "attestation": hex_of(attestation),
        })
    };
    match &job.action {
        Action::SyncMessages { messages } => {
            let messages: Vec<String> = messages.iter().map(|message| hex_of(message)).collect();
            ("BATCH_SYNC_MQ_MESSAGE", json!({ "pid": pid, "messages": messages }))
        }
        Action::RegisterWorker { runtime_info, attestation } => {
            ("REGISTER_WORKER", report(runtime_info, attestation))
        }
        Action::RegisterWorkerV2 { runtime_info, attestation } => {
            ("REGISTER_WORKER_V2", report(runtime_info, attestation))
        }
        Action::AddWorker { public_key } => ("ADD_WORKER", worker(public_key)),
        Action::RemoveWorker { public_key } => ("REMOVE_WORKER", worker(public_key)),
        Action::StartComputing { public_key, stake } => {
            ("START_COMPUTING", staked(public_key, stake))
        }
        Action::StopComputing { public_key } => ("STOP_COMPUTING", worker(public_key)),
        Action::RestartComputing { public_key, stake } => {
            ("RESTART_COMPUTING", staked(public_key, stake))
        }
        Action::ReclaimWorker { public_key } => ("RECLAIM_WORKER", worker(public_key)),
        Action::UpdateEndpoint { payload, signature } => (
            "UPDATE_WORKER_ENDPOINT",
            json!({
                "pid": pid, "endpointPayload": hex_of(payload), "signature": hex_of(signature),
            }),
        ),
    }
}

/// The job of an action and its payload.
pub(super) fn from_json(action: &str, payload: &Value) -> Result<Job, WireError> {
    let fields = Fields(payload);
    let action = match action {
        "BATCH_SYNC_MQ_MESSAGE" => Action::SyncMessages { messages: fields.list("messages")? },
        "REGISTER_WORKER" => Action::RegisterWorker {
            runtime_info: fields.bytes("runtimeInfo")?,
            attestation: fields.bytes("attestation")?,
        },
        "REGISTER_WORKER_V2" => Action::RegisterWorkerV2 {
            runtime_info: fields.bytes("runtimeInfo")?,
            attestation: fields.bytes("attestation")?,
        },
        "ADD_WORKER" => Action::AddWorker { public_key: fields.worker()? },
        "REMOVE_WORKER" => Action::RemoveWorker { public_key: fields.worker()? },
        "START_COMPUTING" => {
            Action::StartComputing { public_key: fields.worker()?, stake: fields.number("stake")? }
        }
        "STOP_COMPUTING" => Action::StopComputing { public_key: fields.worker()? },
        "RESTART_COMPUTING" => Action::RestartComputing {
            public_key: fields.worker()?,
            stake: fields.number("stake")?,
        },
        "RECLAIM_WORKER" => Action::ReclaimWorker { public_key: fields.worker()? },
        "UPDATE_WORKER_ENDPOINT" => Action::UpdateEndpoint {
            payload: fields.bytes("endpointPayload")?,
            signature: fields.bytes("signature")?,
        },
        unknown => return Err(WireError::UnknownAction { action: unknown.to_owned() }),
    };
    Ok(Job { pid: fields.number("pid")?, action })
}

/// Typed reading of a payload.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn get(&self, field: &'static str) -> Result<&'a Value, WireError> {
        self.0.get(field).ok_or(WireError::MissingField { field })
    }

    /// A decimal string, or a JSON number as some programs write it.
    fn number<N: std::str::FromStr>(&self, field: &'static str) -> Result<N, WireError> {
        let value = self.get(field)?;
        let text = match value {
            Value::String(text) => Cow::from(text),
            Value::Number(number) => number.to_string().into(),
            _ => return Err(wrong(field, "neither a number nor a decimal string")),
        };
        text.parse().map_err(|_| wrong(field, &format!("{text} is no number in range")))
    }

    fn bytes(&self, field: &'static str) -> Result<Vec<u8>, WireError> {
        hex_field(field, self.get(field)?)
    }

    fn list(&self, field: &'static str) -> Result<Vec<Vec<u8>>, WireError> {
        let items = self.get(field)?.as_array().ok_or_else(|| wrong(field, "no list"))?;
        if items.is_empty() {
            return Err(wrong(field, "the list is empty"));
        }
        items.iter().map(|item| hex_field(field, item)).collect()
    }

    fn worker(&self) -> Result<WorkerKey, WireError> {
        let key = self.bytes("publicKey")?;
        let length = key.len();
        key.try_into()
            .map_err(|_| wrong("publicKey", &format!("{length} bytes, a worker's key has 32")))
    }
}

fn hex_field(field: &'static str, value: &Value) -> Result<Vec<u8>, WireError> {
    value.as_str().and_then(bytes_of).ok_or_else(|| wrong(field, "no hex"))
}

fn wrong(field: &'static str, reason: &str) -> WireError {
    WireError::WrongField { field, reason: reason.to_owned() }
}
