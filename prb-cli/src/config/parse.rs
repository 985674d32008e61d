//! Reading a command line together with what stands elsewhere.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::environment::{Environment, WITHOUT_EFFECT, names_beside_arguments};
use super::file::ConfigFile;
use super::layers::{Layers, setting_of};
use super::setting::{self, Setting};
use super::{module, set, unknown};
use crate::args::{Cli, Stop};
use crate::logging::Note;

/// The variable that names the file.
const FILE: &str = "PRB_CONFIG";

/// A command with its settings.
#[derive(Debug)]
pub struct Parsed {
    /// What to do.
    pub cli: Cli,
    /// What is to be said of the settings in the log, once.
    pub notes: Vec<Note>,
}

/// Reads the words of a command line, the first of which is the program, in an environment. The
/// error is what to print, and the exit code.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Parsed, Stop> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let mut command = Cli::command();
    // Globals are in all subcommands from here on.
    command.build();
    let stop = |words: &[OsString], error: clap::Error| {
        // Help tells of variables; for everything else they are read here.
        let told = Cli::command().try_get_matches_from(words);
        Stop::from(if error.use_stderr() { error } else { told.err().unwrap_or(error) })
    };

    let mut given = as_given(&command, &words).map_err(|error| stop(&words, error))?;
    if given.subcommand().is_none()
        && let Some(module) = module::command(environment)?
    {
        let after_program = 1.min(words.len());
        words.splice(after_program..after_program, module.map(OsString::from));
        given = as_given(&command, &words).map_err(|error| stop(&words, error))?;
    }

    let (leaf, matches, path) = innermost(&command, &given);
    let settings = setting::all(&command);
    let file = if reads_settings(&path) { file(matches, environment, &settings)? } else { None };
    let layers = Layers { environment, file: file.as_ref() };
    let module = path.strip_prefix(&["run"]).and_then(|path| path.first().copied());
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for arg in leaf.get_arguments().filter(|arg| arg.get_long().is_some()) {
        if matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
            wrong.extend(readable_secret(arg, matches));
            continue;
        }
        match layers.find(arg, module, setting_of(&settings, &path, arg)) {
            Ok(None) => {}
            Ok(Some(value)) => match set::give(arg, &value.value) {
                Ok(word) => found.extend(word),
                Err(reason) => wrong.push(layers.wrong(&value, &reason)),
            },
            Err(reason) => wrong.push(reason),
        }
    }
    if !wrong.is_empty() {
        return Err(Stop::Settings(wrong));
    }
    let mut said = Vec::new();
    if module.is_some() {
        said = notes(&command, environment);
        if let Some(file) = &file {
            said.push(Note::Plain(format!("settings of {}", file.path.display())));
        }
    }
    // Only positional arguments may follow a lone --.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, found);
    let matches = without_variables(command.clone()).try_get_matches_from(&words);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    Ok(Parsed { cli: cli.map_err(|error| stop(&words, error))?, notes: said })
}

/// Whether a command is about services: what is wrong with the file is no obstacle to others, and
/// `prb config` says it itself.
fn reads_settings(path: &[&str]) -> bool {
    !matches!(path, [] | ["config" | "completions" | "man", ..])
}

/// The file that is named, or the usual one. All that is wrong with it is said.
fn file(
    given: &ArgMatches,
    environment: &Environment,
    settings: &[Setting<'_>],
) -> Result<Option<ConfigFile>, Stop> {
    let named: Option<PathBuf> = if let Some(path) = given.get_one::<PathBuf>("config") {
        Some(path.clone())
    } else {
        let named = environment.get(FILE).map_err(|_| format!("{FILE}: it is no text"));
        named.map_err(Stop::Usage)?.map(PathBuf::from)
    };
    let file = ConfigFile::load(named.as_deref()).map_err(Stop::Usage)?;
    let mistakes = |file: &ConfigFile| [file.mistakes(settings), file.indiscretions(settings)];
    let mistakes: Vec<_> = file.iter().flat_map(mistakes).flatten().collect();
    if mistakes.is_empty() { Ok(file) } else { Err(Stop::Settings(mistakes)) }
}

/// What the command line itself gives, though it may be wrong or incomplete.
pub(super) fn as_given(command: &Command, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    tolerant(without_variables(command.clone())).try_get_matches_from(words)
}

/// The same command, which goes on after a mistake.
fn tolerant(command: Command) -> Command {
    command.ignore_errors(true).mut_subcommands(tolerant)
}

/// The same command, which looks into no variable.
fn without_variables(command: Command) -> Command {
    command
        .mut_args(|arg| if arg.get_env().is_some() { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_variables)
}

/// What is wrong with a password on the command line: all users of the host can read it there.
fn readable_secret(arg: &Arg, matches: &ArgMatches) -> Option<String> {
    let mut values = matches.get_raw(arg.get_id().as_str())?;
    let has_password = |value: &OsStr| value.to_string_lossy().contains('@');
    if !arg.is_hide_env_values_set() || !values.any(has_password) {
        return None;
    }
    let (flag, variable) = (arg.get_long()?, arg.get_env()?.to_string_lossy());
    Some(format!("all users of this host can read a password in --{flag}; set {variable} instead"))
}

/// The command that is meant in the end, with what it is given and the way to it.
pub(super) fn innermost<'a>(
    command: &'a Command,
    matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches, Vec<&'a str>) {
    let (mut command, mut matches, mut path) = (command, matches, Vec::new());
    while let Some((name, inner)) = matches.subcommand()
        && let Some(subcommand) = command.find_subcommand(name)
    {
        path.push(name);
        (command, matches) = (subcommand, inner);
    }
    (command, matches, path)
}

/// What a service says of its environment.
pub(super) fn notes(command: &Command, environment: &Environment) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for (name, reason) in WITHOUT_EFFECT {
        if environment.names().any(|set| set == name) {
            notes.push(Note::Plain(format!("{name} has no effect: {reason}")));
        }
    }
    let known = known_variables(command);
    let ours = |name: &&str| name.starts_with("PHALA_") || name.starts_with("PRB_");
    for name in environment.names().filter(ours).filter(|name| !known.contains(name)) {
        let meant = unknown::meant(name, known.iter().copied());
        let meant = meant.map(|other| format!("; {other} may be meant")).unwrap_or_default();
        notes.push(Note::Warning(format!("{name} means nothing here{meant}")));
    }
    notes
}

/// All variables that mean something to any command, or are known to mean nothing.
pub(crate) fn known_variables(command: &Command) -> Vec<&str> {
    let mut known = variables(command);
    known.extend(names_beside_arguments());
    known
}

/// The variables of all commands.
pub(super) fn variables(command: &Command) -> Vec<&str> {
    let own = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str());
    own.chain(command.get_subcommands().flat_map(variables)).collect()
}
