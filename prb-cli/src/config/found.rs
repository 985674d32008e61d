//! Values that were found outside of the command line.

use clap::Arg;

use super::environment::{Environment, NoText};

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: String,
    /// A variable's name.
    pub(super) place: String,
}

/// Looks for an argument's value.
pub(super) fn find(
    arg: &Arg,
    module: Option<&str>,
    environment: &Environment,
) -> Result<Option<Found>, String> {
    let Some(variable) = arg.get_env().and_then(|name| name.to_str()) else { return Ok(None) };
    match environment.of(variable, module) {
        Ok(found) => Ok(found.map(|(place, value)| Found { value, place })),
        Err(NoText(name)) => Err(format!("{name}: it is no text")),
    }
}
