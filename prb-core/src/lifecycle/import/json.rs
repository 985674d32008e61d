//! JSON in the form of the requests that create pools and workers.

use prb_walkie::identity::Identity;
use serde_json::Value;

use super::error::{ImportError, Place};
use super::record::{Record, plain};
use super::wanted::{WantedPool, WantedWorker};
use crate::lifecycle::Field;

/// As in those requests, what is not said to be enabled is not.
const ENABLED: bool = false;

/// Reads `{"pools": […]}`, the body of CreatePool, or its list alone. Fields that a pool has not
/// are passed over. `identity` opens owners that version 2 sealed to it.
pub fn pools_from_json(
    text: &str,
    identity: Option<&Identity>,
) -> Result<Vec<WantedPool>, ImportError> {
    let records = records(text, "pools")?;
    records.iter().map(|record| WantedPool::read(record, ENABLED, identity)).collect()
}

/// Reads `{"workers": […]}`, the body of CreateWorker, or its list alone.
pub fn workers_from_json(text: &str) -> Result<Vec<WantedWorker>, ImportError> {
    records(text, "workers")?.iter().map(|record| WantedWorker::read(record, ENABLED)).collect()
}

fn records(text: &str, list: &str) -> Result<Vec<Record>, ImportError> {
    // Where it stops being JSON is said, and nothing of what stands there.
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let reason = format!("it is no JSON from line {} on", error.line());
        ImportError::malformed(reason)
    })?;
    let items = value.get(list).unwrap_or(&value).as_array();
    let items =
        items.ok_or_else(|| ImportError::malformed(format!("there is no list {list:?}")))?;
    items.iter().enumerate().map(|(at, item)| record(Place::Item(at + 1), item)).collect()
}

fn record(place: Place, item: &Value) -> Result<Record, ImportError> {
    let mut record = Record::new(place);
    let fields = item
        .as_object()
        .ok_or_else(|| ImportError::malformed(format!("{place} is no JSON object")))?;
    for (name, value) in fields {
        if plain(name) == "owner" && value.is_object() {
            let owner = value.as_object().into_iter().flatten();
            for (name, value) in owner.filter(|(name, _)| SECRETS.contains(&plain(name).as_str())) {
                let text = scalar(value)
                    .ok_or_else(|| record.wrong(Field::Owner, format!("{name} is no text")))?;
                record.insert(name, text);
            }
        } else if let Some(text) = scalar(value) {
            record.insert(name, text);
        }
    }
    Ok(record)
}

/// What an owner may be given as.
const SECRETS: [&str; 3] = ["mnemonic", "polkadotjson", "passphrase"];

/// A null is an absent value.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
