//! What an argument takes, and how it is given.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

/// Whether nothing stands for no and the argument alone for yes.
pub(super) fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Whether it takes several values, by comma.
pub(super) fn is_list(arg: &Arg) -> bool {
    arg.get_value_delimiter().is_some()
}

/// Gives `value` to the argument as the command line would, or nothing where that is how to give
/// it. The error says what is wrong with the value.
pub(super) fn give(arg: &Arg, value: &str) -> Result<Option<OsString>, String> {
    let value = if is_list(arg) { joined(value) } else { value.to_owned() };
    if is_list(arg) && value.is_empty() {
        return Ok(None);
    }
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    let one = Arg::new("value")
        .action(if is_list(arg) { ArgAction::Append } else { ArgAction::Set })
        .value_delimiter(arg.get_value_delimiter())
        .value_parser(arg.get_value_parser().clone());
    let matches = Command::new("")
        .no_binary_name(true)
        .arg(one)
        .try_get_matches_from(["--", &value])
        .map_err(|error| reason(arg, &value, &error))?;
    if !is_switch(arg) {
        return Ok(Some(format!("{flag}={value}").into()));
    }
    Ok(matches.get_one::<bool>("value").is_some_and(|yes| *yes).then(|| flag.into()))
}

/// Whether a value of a boolean argument stands for yes.
pub(super) fn means_yes(value: &str) -> bool {
    let yes = |word: &str| ["1", "on", "t", "true", "y", "yes"].contains(&word);
    yes(&value.to_lowercase())
}

/// A list without the spaces and empty items that people leave in it.
fn joined(list: &str) -> String {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.collect::<Vec<_>>().join(",")
}

/// What is wrong with a value. One that may be a secret is not repeated.
fn reason(arg: &Arg, value: &str, error: &clap::Error) -> String {
    let reason = match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(valid))) if !valid.is_empty() => {
            format!("it can be {}", valid.join(", "))
        }
        _ => match std::error::Error::source(error) {
            Some(source) => source.to_string(),
            None => "it is not valid".to_owned(),
        },
    };
    if arg.is_hide_env_values_set() { reason } else { format!("{value:?}: {reason}") }
}
