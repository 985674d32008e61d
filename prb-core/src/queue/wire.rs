//! Jobs as bytes: the field's JSON, with a message authentication code over action and payload.
//!
//! `{"action": "ADD_WORKER", "payload": {"pid": "2", "publicKey": "0x…"}, "mac": "0x…"}`. Numbers
//! larger than JavaScript's are decimal strings, bytes are 0x hex. The code is HMAC-SHA-256; a
//! program that only knows `action` and `payload` may pass a job on unchanged, but cannot make or
//! alter one.

use std::fmt;

use hmac::{Hmac, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::job::Job;

mod action;
mod canonical;
#[cfg(test)]
mod tests;

/// Precedes what the code is computed over, so that it can mean nothing else.
const CONTEXT: &[u8] = b"prb job 1\0";

/// The key that lifecycle managers and traders of one identity share.
#[derive(Clone)]
pub struct JobKey(Zeroizing<[u8; 32]>);

impl JobKey {
    /// A key of 32 secret bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// A key nobody else has, for a queue used by one process.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    fn mac(&self, action: &str, payload: &Value) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("HMAC takes any key");
        mac.update(CONTEXT);
        mac.update(&(action.len() as u64).to_le_bytes());
        mac.update(action.as_bytes());
        mac.update(&canonical::bytes(payload));
        mac
    }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobKey(..)")
    }
}

/// Why bytes are not a job this trader may do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Not JSON, or not an object with `action` and `payload`.
    #[error("the job is not JSON with an action and a payload: {reason}")]
    Json {
        /// What is wrong with it.
        reason: String,
    },
    /// More bytes than are read.
    #[error("the job has {bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// Most bytes of a job.
        limit: usize,
    },
    /// No such action.
    #[error("the job's action \"{action}\" is unknown")]
    UnknownAction {
        /// What it says.
        action: String,
    },
    /// A field of the payload is missing.
    #[error("the job's payload has no \"{field}\"")]
    MissingField {
        /// Which one.
        field: &'static str,
    },
    /// A field of the payload does not hold what it should.
    #[error("\"{field}\" in the job's payload is wrong: {reason}")]
    WrongField {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No message authentication code, and unsigned jobs are not accepted.
    #[error("the job is not signed; set accept_unsigned_jobs if other programs may make jobs")]
    Unsigned,
    /// Made with another key, or altered.
    #[error(
        "the job's signature is wrong: it was altered, or made by a lifecycle manager of another \
         identity"
    )]
    WrongMac,
}

#[derive(Serialize)]
struct Signed {
    action: &'static str,
    mac: String,
    payload: Value,
}

/// The job as JSON, signed.
pub fn encode(job: &Job, key: &JobKey) -> Vec<u8> {
    let (action, payload) = action::to_json(job);
    let mac = hex_of(&key.mac(action, &payload).finalize().into_bytes());
    let signed = Signed { action, mac, payload };
    #[expect(clippy::expect_used, reason = "all keys are strings and memory takes what is written")]
    serde_json::to_vec(&signed).expect("a job is JSON")
}

/// The job in `bytes`, if its signature holds. With `accept_unsigned` a job without any signature
/// is taken too, never one with a wrong signature.
pub fn decode(bytes: &[u8], key: &JobKey, accept_unsigned: bool) -> Result<Job, WireError> {
    let value = parse(bytes)?;
    let (action, payload) = parts(&value)?;
    match value.get("mac") {
        None if accept_unsigned => {}
        None => return Err(WireError::Unsigned),
        Some(mac) => {
            let claimed = mac.as_str().and_then(bytes_of).ok_or(WireError::WrongMac)?;
            key.mac(action, payload).verify_slice(&claimed).map_err(|_| WireError::WrongMac)?;
        }
    }
    action::from_json(action, payload)
}

/// The job that `bytes` claim to be, whoever made them: to be shown, never to be done.
pub fn claimed(bytes: &[u8]) -> Result<Job, WireError> {
    let value = parse(bytes)?;
    let (action, payload) = parts(&value)?;
    action::from_json(action, payload)
}

fn parse(bytes: &[u8]) -> Result<Value, WireError> {
    serde_json::from_slice(bytes).map_err(|error| WireError::Json { reason: error.to_string() })
}

/// The action and its payload.
fn parts(value: &Value) -> Result<(&str, &Value), WireError> {
    let action = value
        .get("action")
        .and_then(Value::as_str)
        .ok_or_else(|| WireError::Json { reason: "\"action\" is no string".to_owned() })?;
    let payload = value
        .get("payload")
        .filter(|payload| payload.is_object())
        .ok_or_else(|| WireError::Json { reason: "\"payload\" is no object".to_owned() })?;
    Ok((action, payload))
}

/// 0x hex.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

/// The bytes of hex with or without 0x.
pub(crate) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    const_hex::decode(text).ok()
}
