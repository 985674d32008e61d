//! CSV with a line of column names.

use csv::{ReaderBuilder, Trim};
use prb_walkie::identity::Identity;

use super::error::{ImportError, Place};
use super::record::{Record, plain};
use super::wanted::{WantedPool, WantedWorker};

/// What a line does not say is as people mean it.
const ENABLED: bool = true;

const POOL: [&str; 11] = [
    "pid",
    "name",
    "owner",
    "mnemonic",
    "polkadotjson",
    "passphrase",
    "realphalass58",
    "proxiedaccountss58",
    "proxied",
    "enabled",
    "synconly",
];
const WORKER: [&str; 8] =
    ["pid", "pool", "name", "endpoint", "stake", "enabled", "synconly", "gatekeeper"];

/// Reads pools. Columns, in any order: pid, name, owner (a phrase, seed, secret key or
/// polkadot.js's JSON), passphrase, proxied, enabled, `sync_only`. `identity` opens owners that
/// version 2 sealed to it, in column `polkadot_json`.
pub fn pools_from_csv(
    text: &str,
    identity: Option<&Identity>,
) -> Result<Vec<WantedPool>, ImportError> {
    let records = records(text, &POOL)?;
    records.iter().map(|record| WantedPool::read(record, ENABLED, identity)).collect()
}

/// Reads workers. Columns, in any order: name, pid, endpoint, stake (planck, or PHA with that
/// unit), enabled, `sync_only`, gatekeeper.
pub fn workers_from_csv(text: &str) -> Result<Vec<WantedWorker>, ImportError> {
    records(text, &WORKER)?.iter().map(|record| WantedWorker::read(record, ENABLED)).collect()
}

fn records(text: &str, known: &[&str]) -> Result<Vec<Record>, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
    let malformed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        ImportError::malformed(format!("line {line} is no CSV line like the first"))
    };
    let columns = reader.headers().map_err(malformed)?.clone();
    // A misspelt column would otherwise be a value that nobody gave.
    if let Some(column) = columns.iter().find(|it| !known.contains(&plain(it).as_str())) {
        let known = known.join(", ");
        let reason = format!("there is no column {column:?}; there are {known}");
        return Err(ImportError::malformed(reason));
    }
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(malformed)?;
        let mut record = Record::new(Place::Line(row.position().map_or(0, csv::Position::line)));
        for (name, value) in columns.iter().zip(&row) {
            record.insert(name, value);
        }
        records.push(record);
    }
    Ok(records)
}
