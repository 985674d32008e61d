//! Values outside of the command line, and where they stand.

use clap::Arg;

use super::environment::{Environment, NoText};
use super::file::ConfigFile;
use super::setting::{Section, Setting};

/// Where values may stand beside the command line.
#[derive(Clone, Copy)]
pub(super) struct Layers<'a> {
    pub(super) environment: &'a Environment,
    /// If there is one.
    pub(super) file: Option<&'a ConfigFile>,
}

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// As the argument would be given it.
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    CommandLine,
    /// In this variable.
    Environment(String),
    /// At this key of the file.
    File(String),
    Default,
}

impl Layers<'_> {
    /// Looks for an argument's value, which may be that of a setting. Other names of its variable
    /// may be the module's own.
    pub(super) fn find(
        &self,
        arg: &Arg,
        module: Option<&str>,
        setting: Option<&Setting<'_>>,
    ) -> Result<Option<Found>, String> {
        let Some(variable) = arg.get_env().and_then(|name| name.to_str()) else { return Ok(None) };
        match self.environment.of(variable, module) {
            Ok(Some((name, value))) => {
                return Ok(Some(Found { value, origin: Origin::Environment(name) }));
            }
            Ok(None) => {}
            Err(NoText(name)) => return Err(format!("{name}: it is no text")),
        }
        let (Some(setting), Some(file)) = (setting, self.file) else { return Ok(None) };
        let Some(entry) = file.find(setting) else { return Ok(None) };
        let place = file.place(&entry.key);
        let value = entry.text(setting).map_err(|reason| format!("{place}: {reason}"))?;
        Ok(Some(Found { value, origin: Origin::File(entry.key) }))
    }

    /// What is wrong with a value that was found.
    pub(super) fn wrong(&self, found: &Found, reason: &str) -> String {
        match (&found.origin, self.file) {
            (Origin::Environment(name), _) => format!("{name}: {reason}"),
            (Origin::File(key), Some(file)) => format!("{}: {reason}", file.place(key)),
            _ => reason.to_owned(),
        }
    }
}

/// The setting that an argument of a command stands for. Commands find services by the settings
/// of those services.
pub(super) fn setting_of<'a>(
    settings: &'a [Setting<'a>],
    path: &[&str],
    arg: &Arg,
) -> Option<&'a Setting<'a>> {
    let key = arg.get_long()?;
    let named = |setting: &&Setting<'_>| setting.key == key;
    let module = match path {
        ["run", module, ..] => *module,
        ["pool" | "worker" | "queue" | "trader", ..] => "lifecycle",
        ["db", ..] => "data-provider",
        _ => return settings.iter().filter(named).find(|it| it.section != Section::Module),
    };
    settings.iter().filter(named).find(|setting| setting.module == module)
}
