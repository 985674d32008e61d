//! What stands in the environments of services, as one file that means the same. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::CommandFactory;
use serde_json::Value;

use super::environment::Environment;
use super::layers::{Layers, Origin};
use super::setting::{self, Section, Setting};
use super::{file, module, set, text};
use crate::args::Cli;

/// A file with the settings of services.
#[derive(Debug)]
pub(crate) struct Moved {
    /// In TOML, after what `about` said of it.
    pub(crate) toml: String,
    /// There may be a token in it: nobody else may read it.
    pub(crate) confidential: bool,
    /// What became of each environment, in order.
    pub(crate) services: Vec<MovedService>,
}

/// What became of a service's environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MovedService {
    /// Variables whose values are in the file.
    pub(crate) variables: Vec<String>,
    /// What is not, and why.
    pub(crate) left: Vec<String>,
}

struct Entry<'a> {
    setting: &'a Setting<'a>,
    value: Value,
}

impl Entry<'_> {
    /// The place it has in a file for all services: none for what is one service's own.
    fn shared_place(&self) -> Option<(&Section, &str)> {
        let section = &self.setting.section;
        (*section != Section::Module).then_some((section, self.setting.key))
    }
}

/// Moves what stands in these environments, each of which names its module, into a file.
pub(crate) fn moved(about: &str, environments: &[Environment]) -> Moved {
    let mut cli = Cli::command();
    cli.build();
    let settings = setting::all(&cli);
    let (mut entries, mut modules, mut services) = (Vec::new(), Vec::new(), Vec::new());
    for environment in environments {
        let mut service = MovedService::default();
        match module::command(environment) {
            Ok(Some([_, module])) if modules.contains(&module) => service.left.push(format!(
                "another service here runs {module} too: this one keeps its environment, and \
                 needs no settings file"
            )),
            Ok(Some([_, module])) => {
                modules.push(module);
                entries.extend(read(&settings, module, environment, &mut service));
            }
            Ok(None) => {}
            Err(stop) => service.left.push(stop.to_string()),
        }
        services.push(service);
    }
    let confidential = entries.iter().any(|entry| {
        let urls = entry.value.as_str().into_iter().chain(items(&entry.value));
        entry.setting.may_be_secret() && urls.into_iter().any(file::has_token)
    });
    Moved {
        toml: about.to_owned() + &written(&settings, &modules, &entries),
        confidential,
        services,
    }
}

fn items(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The settings of a module that its environment sets.
fn read<'a>(
    settings: &'a [Setting<'a>],
    module: &str,
    environment: &Environment,
    service: &mut MovedService,
) -> Vec<Entry<'a>> {
    let layers = Layers { environment, file: None };
    let mut entries = Vec::new();
    for setting in settings.iter().filter(|setting| setting.module == module) {
        let found = match layers.find(setting.arg, Some(module), Some(setting)) {
            Ok(None) => continue,
            Ok(Some(found)) => found,
            Err(reason) => {
                service.left.push(reason);
                continue;
            }
        };
        let Origin::Environment(name) = &found.origin else { continue };
        if let Err(reason) = set::give(setting.arg, &found.value) {
            service.left.push(layers.wrong(&found, &reason));
        } else if setting.may_be_secret() && found.value.contains('@') {
            service.left.push(format!("{name} stays a variable: there is a password in it"));
        } else {
            service.variables.push(name.clone());
            entries.push(Entry { setting, value: text::value(setting, &found.value) });
        }
    }
    entries
}

/// What is the same for all services that have it stands once, all else in a service's own table.
fn written(settings: &[Setting<'_>], modules: &[&str], entries: &[Entry<'_>]) -> String {
    let is_shared = |entry: &Entry<'_>| {
        let Some(place) = entry.shared_place() else { return false };
        let of_all = settings.iter().filter(|it| modules.contains(&it.module));
        let have = of_all.filter(|it| (&it.section, it.key) == place).count();
        let same = entries
            .iter()
            .filter(|it| it.shared_place() == Some(place) && it.value == entry.value)
            .count();
        have > 1 && have == same
    };
    let mut tables: BTreeMap<(u8, &str), Vec<String>> = BTreeMap::new();
    for entry in entries {
        let table = match (&entry.setting.section, is_shared(entry)) {
            (Section::Top, true) => (0, ""),
            (Section::Of(section), true) => (1, section.as_str()),
            _ => (2, entry.setting.module),
        };
        let line = format!("{} = {}", entry.setting.key, entry.value);
        let lines = tables.entry(table).or_default();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut told = String::new();
    for ((_, name), lines) in tables {
        // Writing to a string does not fail.
        let _ = match name {
            "" => writeln!(told, "\n{}", lines.join("\n")),
            name => writeln!(told, "\n[{name}]\n{}", lines.join("\n")),
        };
    }
    told
}
