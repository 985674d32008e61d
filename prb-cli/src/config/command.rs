//! `prb config`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use serde_json::{Value, json};

use super::environment::Environment;
use super::file::ConfigFile;
use super::layers::Layers;
use super::parse::notes;
use super::resolve::resolve;
use super::setting::{self, Setting};
use super::{module, reference, show};
use crate::Failure;
use crate::args::{CheckConfigArgs, Cli, ConfigCommand, ShowConfigArgs, Stop};
use crate::logging::Note;
use crate::services;

/// `prb config`, with the file that was named.
pub(crate) fn run(
    command: &ConfigCommand,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<(), Failure> {
    let mut cli = Cli::command();
    cli.build();
    let settings = setting::all(&cli);
    let told = match command {
        ConfigCommand::Example => reference::example(&settings),
        ConfigCommand::Reference => reference::markdown(&settings),
        ConfigCommand::Show(args) => show(args, &cli, &settings, file, environment)?,
        ConfigCommand::Check(args) => return check(args, &cli, &settings, file, environment),
    };
    io::stdout().write_all(told.as_bytes())?;
    Ok(())
}

fn show(
    args: &ShowConfigArgs,
    cli: &clap::Command,
    settings: &[Setting<'_>],
    file: Option<&Path>,
    environment: &Environment,
) -> Result<String, Failure> {
    let modules = chosen(args.module.as_deref(), settings, environment)?;
    let file = ConfigFile::load(file).map_err(|reason| Failure::Unmet(vec![reason]))?;
    let layers = Layers { environment, file: file.as_ref() };
    let mut wrong: Vec<String> = file.iter().flat_map(|file| file.mistakes(settings)).collect();
    let mut shown = Vec::new();
    for module in modules {
        let (resolved, mistakes) = resolve(cli, settings, module, &args.options, layers)
            .map_err(|error| Failure::Usage(Stop::from(error).to_string()))?;
        wrong.extend(mistakes);
        shown.push((module, resolved));
    }
    if !wrong.is_empty() {
        return Err(Failure::Unmet(each_once(wrong)));
    }
    let path = file.as_ref().map(|file| file.path.display().to_string());
    if args.json {
        let modules = show::json(&shown, args.origin);
        return Ok(format!("{}\n", json!({ "file": path, "modules": modules })));
    }
    let file = path.map(|path| format!("# {path}\n")).unwrap_or_default();
    Ok(file + &show::text(&shown, args.origin))
}

fn check(
    args: &CheckConfigArgs,
    cli: &clap::Command,
    settings: &[Setting<'_>],
    path: Option<&Path>,
    environment: &Environment,
) -> Result<(), Failure> {
    let modules = chosen(args.module.as_deref(), settings, environment)?;
    let (mut wrong, mut file) = (Vec::new(), None);
    match ConfigFile::load(path) {
        Ok(loaded) => file = loaded,
        Err(reason) => wrong.push(reason),
    }
    let layers = Layers { environment, file: file.as_ref() };
    wrong.extend(file.iter().flat_map(|file| file.mistakes(settings)));
    wrong.extend(file.iter().flat_map(|file| file.indiscretions(settings)));
    for module in &modules {
        match resolve(cli, settings, module, &[], layers) {
            Ok((_, mistakes)) => wrong.extend(mistakes),
            Err(error) => wrong.push(Stop::from(error).to_string()),
        }
    }
    // Of one service more can be said than of all that might run.
    if let ([module], true) = (&modules[..], wrong.is_empty()) {
        wrong.extend(lacking(module, path, environment));
    }
    let warnings: Vec<String> = notes(cli, environment).into_iter().filter_map(warning).collect();
    let wrong = each_once(wrong);
    let mut stdout = io::stdout().lock();
    if args.json {
        let path: Value = file.as_ref().map(|file| file.path.display().to_string()).into();
        writeln!(stdout, "{}", json!({ "file": path, "wrong": wrong, "warnings": warnings }))?;
    } else {
        for warning in warnings {
            writeln!(io::stderr(), "prb: warning: {warning}")?;
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Unmet(wrong));
    }
    if !args.json {
        writeln!(stdout, "nothing is wrong for {}", modules.join(", "))?;
    }
    Ok(())
}

/// What a module would refuse to run with.
fn lacking(module: &str, file: Option<&Path>, environment: &Environment) -> Vec<String> {
    let mut words: Vec<OsString> = ["prb", "run", module].map(OsString::from).into();
    if let Some(file) = file {
        words.extend(["--config".into(), file.into()]);
    }
    match super::parse(words, environment) {
        Ok(parsed) => services::mistakes(&parsed.cli.command),
        Err(stop) => stop.to_string().lines().map(str::to_owned).collect(),
    }
}

/// The modules that a command is about.
fn chosen<'a>(
    named: Option<&str>,
    settings: &[Setting<'a>],
    environment: &Environment,
) -> Result<Vec<&'a str>, Failure> {
    let all = setting::modules(settings);
    let of_environment = match named {
        Some(_) => None,
        None => module::command(environment).map_err(|stop| Failure::Usage(stop.to_string()))?,
    };
    let Some(name) = named.or(of_environment.map(|[_, module]| module)) else { return Ok(all) };
    match all.iter().find(|module| **module == name) {
        Some(module) => Ok(vec![module]),
        None => Err(Failure::Usage(format!("{name:?} is none of {}", all.join(", ")))),
    }
}

/// The same mistake may be one of several modules.
fn each_once(mut wrong: Vec<String>) -> Vec<String> {
    wrong.sort();
    wrong.dedup();
    wrong
}

fn warning(note: Note) -> Option<String> {
    match note {
        Note::Warning(text) => Some(text),
        Note::Plain(_) => None,
    }
}
