//! Requests as they are given on the command line.

use std::io::{self, Read};

use anyhow::Context;
use serde_json::Value;

use crate::Failure;

/// Where a request is read from instead of from the argument.
const STDIN: &str = "-";
/// A longer request is no request, in bytes.
const LONGEST: u64 = 64 << 20;
/// Fields that are secrets.
const SECRETS: [&str; 4] = ["mnemonic", "polkadotJson", "polkadot_json", "authString"];

/// Reads a request: JSON, or - for what comes on standard input.
///
/// A command line can be read by everybody on the host, so a secret in it is refused.
pub(super) fn read(argument: &str) -> Result<Value, Failure> {
    if argument == STDIN {
        let mut text = String::new();
        let read = io::stdin().lock().take(LONGEST).read_to_string(&mut text);
        read.context("cannot read the request from standard input")?;
        return parse(&text);
    }
    let request = parse(argument)?;
    match secret(&request) {
        None => Ok(request),
        Some(field) => Err(Failure::Usage(format!(
            "{field} is a secret, and everybody on this host can read command lines: give the \
             request on standard input, with - in its place"
        ))),
    }
}

fn parse(text: &str) -> Result<Value, Failure> {
    // The text is not repeated: it may hold a secret.
    serde_json::from_str(text)
        .map_err(|error| Failure::Usage(format!("the request is no JSON: {error}")))
}

/// The first field that holds a secret.
fn secret(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let holds = !value.is_null() && value != "";
            if holds && SECRETS.contains(&name.as_str()) { Some(&**name) } else { secret(value) }
        }),
        Value::Array(items) => items.iter().find_map(secret),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        let words = r#"{"pools":[{"pid":1,"owner":{"mnemonic":"bottom drive obey"}}]}"#;
        let Err(Failure::Usage(line)) = read(words) else { panic!("it was taken") };
        assert!(line.contains("mnemonic") && !line.contains("bottom"), "{line}");
        let Err(Failure::Usage(line)) = read(r#"{"mnemonic":"bottom drive"#) else { panic!() };
        assert!(!line.contains("bottom"), "{line}");
    }

    #[test]
    fn requests_without_secrets_are_taken() {
        assert_eq!(read("{}").unwrap(), serde_json::json!({}));
        assert!(read(r#"{"pools":[{"owner":{"mnemonic":"","polkadotJson":null}}]}"#).is_ok());
    }
}
