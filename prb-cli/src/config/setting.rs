//! What can be set for services, read off their arguments.

use std::any::TypeId;

use clap::{Arg, Command};

use super::set;

/// A setting of a module of `prb run`.
#[derive(Clone, Debug)]
pub(super) struct Setting<'a> {
    /// The module.
    pub(super) module: &'a str,
    /// The section of the file in which it stands for all modules that have it: the heading of the
    /// help. Without a heading it is the module's own, and stands in the module's table alone.
    pub(super) section: Section,
    /// Its key there, which is the long name of its argument.
    pub(super) key: &'a str,
    /// Its variable.
    pub(super) variable: &'a str,
    /// Its argument.
    pub(super) arg: &'a Arg,
}

/// Where a setting stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// Before all sections.
    Top,
    /// In this one, or in the module's table.
    Of(String),
    /// In the module's table.
    Module,
}

/// The type of a value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Text,
    List,
}

impl Kind {
    pub(super) fn of(arg: &Arg) -> Self {
        let of_values = arg.get_value_parser().type_id();
        if set::is_list(arg) {
            Self::List
        } else if of_values == TypeId::of::<bool>() {
            Self::Boolean
        } else if [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>()]
            .iter()
            .any(|integer| of_values == *integer)
        {
            Self::Integer
        } else {
            Self::Text
        }
    }

    /// For people.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::Text => "a string",
            Self::List => "a list of strings",
        }
    }
}

impl Setting<'_> {
    /// The table it stands in, for people.
    pub(super) fn belongs(&self) -> String {
        match &self.section {
            Section::Top => "before all tables".to_owned(),
            Section::Of(section) => format!("[{section}]"),
            Section::Module => format!("[{}]", self.module),
        }
    }

    /// Whether its value may hold a secret.
    pub(super) fn may_be_secret(&self) -> bool {
        self.arg.is_hide_env_values_set()
    }

    /// Its default as it would be given.
    pub(super) fn default(&self) -> Option<String> {
        let values = self.arg.get_default_values();
        let joined: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
        (!values.is_empty() && self.arg.get_action().takes_values()).then(|| joined.join(","))
    }

    /// What it is, without a full stop.
    pub(super) fn help(&self) -> String {
        self.arg.get_help().map(ToString::to_string).unwrap_or_default()
    }
}

/// Whether an argument is a setting: what is not, such as `--json`, has no variable; and which
/// file is read does not stand in that file.
fn is_setting(arg: &Arg) -> bool {
    arg.get_long().is_some() && arg.get_env().is_some() && arg.get_id() != "config"
}

/// All settings of all modules, in the order of the help. The command has been built.
pub(super) fn all(command: &Command) -> Vec<Setting<'_>> {
    let modules = command.find_subcommand("run").into_iter().flat_map(Command::get_subcommands);
    let of_module = |module| {
        let settings = Command::get_arguments(module).filter(|arg| is_setting(arg));
        settings.filter_map(move |arg| {
            let (key, variable) = (arg.get_long()?, arg.get_env()?.to_str()?);
            let section = match arg.get_help_heading() {
                _ if arg.is_global_set() => Section::Top,
                Some(heading) => Section::Of(heading.to_lowercase().replace(' ', "-")),
                None => Section::Module,
            };
            Some(Setting { module: module.get_name(), section, key, variable, arg })
        })
    };
    // Those that have nothing but what is for all are no services.
    modules
        .map(|module| of_module(module).collect::<Vec<_>>())
        .filter(|settings| settings.iter().any(|setting| setting.section != Section::Top))
        .flatten()
        .collect()
}

/// The modules that have settings.
pub(super) fn modules<'a>(settings: &[Setting<'a>]) -> Vec<&'a str> {
    let mut modules: Vec<_> = settings.iter().map(|setting| setting.module).collect();
    modules.dedup();
    modules
}
