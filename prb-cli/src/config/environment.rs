//! Environment variables, and what those of version 2 mean.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Other names of variables: what they are of, the variable, and the other name. Version 2's guide
/// and its code did not always agree.
const OTHER_NAMES: [(Of<'_>, &str, &str); 3] = [
    (
        Of::Module("data-provider"),
        "PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT",
        "PHALA_DATA_PROVIDER_LOCAL_SERVER",
    ),
    (Of::Module("queue-page"), "PHALA_Q_REDIS_ENDPOINT", "REDIS_ENDPOINT"),
    (Of::All, LOG_FORMAT, NODE_ENV),
];

/// What version 2 was told and prb has no use for, and why.
pub(crate) const WITHOUT_EFFECT: [(&str, &str); 4] = [
    ("PHALA_DATA_PROVIDER_BLOB_MAX_RANGE_COUNT", BLOBS),
    ("PHALA_DATA_PROVIDER_BLOB_MAX_PARA_BLOCK_RANGE_COUNT", BLOBS),
    ("PHALA_NAMESPACE", "nothing ever read it"),
    ("PHALA_RUNNER_MAX_WORKER_NUMBER", "one process keeps any number of workers"),
];

const BLOBS: &str = "how much a blob holds follows from the chain and a limit in bytes";
const LOG_FORMAT: &str = "PRB_LOG_FORMAT";
const NODE_ENV: &str = "NODE_ENV";
/// Which module runs where no command is given.
pub(super) const MODULE: &str = "PHALA_MODULE";

/// What another name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of<'a> {
    All,
    /// Of `prb run`.
    Module(&'a str),
}

/// The environment of a process.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        // A name that is no text is none of ours.
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self(std::env::vars_os().filter_map(named).collect())
    }

    /// A variable's value, without spaces around it. What is empty is not set: version 2 took it
    /// so, and compose files leave variables empty.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, NoText> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let value = value.to_str().ok_or_else(|| NoText(name.to_owned()))?;
        Ok(Some(value.trim()).filter(|value| !value.is_empty()))
    }

    /// The value of a setting's variable, or of another name for it, for a module of `prb run` or
    /// another command; with the name that it stands under.
    pub(super) fn of(
        &self,
        variable: &str,
        module: Option<&str>,
    ) -> Result<Option<(String, String)>, NoText> {
        if let Some(value) = self.get(variable)? {
            return Ok(Some((variable.to_owned(), value.to_owned())));
        }
        for other in other_names(variable, module.unwrap_or_default()) {
            if let Some(value) = self.get(other)? {
                let value = if other == NODE_ENV { log_format(value) } else { value };
                return Ok(Some((other.to_owned(), value.to_owned())));
            }
        }
        Ok(None)
    }

    /// The names that are set to something.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_str())
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Environment {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A variable that holds no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoText(pub(super) String);

/// All names beside those that arguments have.
pub(super) fn names_beside_arguments<'a>() -> impl Iterator<Item = &'a str> {
    let others = OTHER_NAMES.iter().map(|(_, _, other)| *other);
    others.chain(WITHOUT_EFFECT.iter().map(|(name, _)| *name)).chain([MODULE])
}

/// Other names for a variable of a module.
pub(super) fn other_names(variable: &str, module: &str) -> Vec<&'static str> {
    let applies = |of: Of| of == Of::All || of == Of::Module(module);
    let named = OTHER_NAMES.iter().filter(|(of, name, _)| applies(*of) && *name == variable);
    named.map(|(_, _, other)| *other).collect()
}

/// It said nothing of logs, but production's were lines of JSON.
fn log_format(node_env: &str) -> &'static str {
    if node_env == "production" { "json" } else { "text" }
}
