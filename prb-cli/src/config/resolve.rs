//! What every setting of a module comes to.

use std::ffi::OsString;

use clap::Command;
use clap::parser::ValueSource;

use super::layers::{Layers, Origin};
use super::parse::{as_given, innermost};
use super::set;
use super::setting::{Kind, Setting};

/// A setting with its value.
#[derive(Clone, Debug)]
pub(super) struct Resolved<'a> {
    pub(super) setting: Setting<'a>,
    /// As an argument would be given it; none if nothing is set.
    pub(super) value: Option<String>,
    pub(super) origin: Origin,
}

/// What the settings of `module` come to when it is run with `flags`, and what is wrong.
pub(super) fn resolve<'a>(
    command: &Command,
    settings: &[Setting<'a>],
    module: &str,
    flags: &[OsString],
    layers: Layers<'_>,
) -> Result<(Vec<Resolved<'a>>, Vec<String>), clap::Error> {
    let words = ["prb", "run", module].map(OsString::from);
    let words: Vec<_> = words.into_iter().chain(flags.iter().cloned()).collect();
    let given = as_given(command, &words)?;
    let (_, given, _) = innermost(command, &given);
    let (mut resolved, mut wrong) = (Vec::new(), Vec::new());
    for setting in settings.iter().filter(|setting| setting.module == module) {
        let id = setting.arg.get_id().as_str();
        let (value, origin) = if given.value_source(id) == Some(ValueSource::CommandLine) {
            let values: Vec<_> = given.get_raw(id).into_iter().flatten().collect();
            let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
            (Some(values.join(",")).filter(|it| !it.is_empty()), Origin::CommandLine)
        } else {
            match layers.find(setting.arg, Some(module), Some(setting)) {
                Ok(None) => (setting.default(), Origin::Default),
                Ok(Some(found)) => {
                    if let Err(reason) = set::give(setting.arg, &found.value) {
                        wrong.push(layers.wrong(&found, &reason));
                    }
                    (Some(found.value), found.origin)
                }
                Err(reason) => {
                    wrong.push(reason);
                    continue;
                }
            }
        };
        // Switches are given without a value, and are off if they are not given.
        let value = match (Kind::of(setting.arg), value, &origin) {
            (Kind::Boolean, None, Origin::CommandLine) => Some("true".to_owned()),
            (Kind::Boolean, None, _) if set::is_switch(setting.arg) => Some("false".to_owned()),
            (_, value, _) => value,
        };
        resolved.push(Resolved { setting: setting.clone(), value, origin });
    }
    Ok((resolved, wrong))
}
