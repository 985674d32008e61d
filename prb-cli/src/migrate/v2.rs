//! `prb migrate v2`: compose files of version 2 and what lies in their data folders.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use crate::Failure;
use crate::args::MigrateV2Args;

mod compose;
mod edit;
mod folder;
mod inventory;
mod output;
mod settings;
mod variables;

use compose::Service;
use folder::Folder;
use output::{Output, beside};

use crate::config::Moved;

/// A compose file of version 2, and what becomes of it.
struct Converted {
    path: PathBuf,
    services: Vec<Service>,
    changes: Vec<String>,
    compose: Output,
    settings: Output,
    moved: Moved,
}

impl Converted {
    fn read(path: &Path, image: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let services = compose::services(&text).with_context(|| path.display().to_string())?;
        let (converted, changes) = edit::convert(&text, &services, image);
        let moved = settings::of(path, &services);
        let compose = Output::new(beside(path, None), converted, false)?;
        let to = beside(path, Some("toml"));
        let settings = Output::new(to, moved.toml.clone(), moved.confidential)?;
        Ok(Self { path: path.to_owned(), services, changes, compose, settings, moved })
    }

    /// Writes the files for prb, or says which those would be.
    fn write(&self, args: &MigrateV2Args, said: &mut Said) -> anyhow::Result<()> {
        for change in &self.changes {
            said.line(format!("  {change}"));
        }
        for output in [&self.compose, &self.settings] {
            if !args.dry_run {
                output.write()?;
            }
            let done = if args.dry_run { "would be written to" } else { "written to" };
            said.line(format!("  {done} {}", output.path.display()));
        }
        settings::tell(&self.moved, &self.services, &self.settings.path, args.uid, said);
        Ok(())
    }
}

/// `prb migrate v2`.
pub(super) async fn run(args: &MigrateV2Args) -> Result<(), Failure> {
    let mut said = Said::default();
    // All is read before anything is written.
    let files = args.compose.iter().map(|path| Converted::read(path, &args.image));
    for file in files.collect::<anyhow::Result<Vec<_>>>()? {
        said.line(format!("{}:", file.path.display()));
        for service in &file.services {
            tell(service, &mut said);
        }
        file.write(args, &mut said)?;
        for folder in Folder::of(&file.path, &file.services) {
            folder.tell(args.uid, &mut said);
            if let Some(inventory) = &folder.inventory {
                inventory::take_in(&folder, inventory, args.dry_run, &mut said).await?;
            }
        }
    }
    said.line(if args.dry_run { "nothing was done" } else { NEXT });
    let mut stdout = io::stdout().lock();
    if args.json {
        writeln!(stdout, "{}", json!({ "dryRun": args.dry_run, "said": said.json() }))?;
    } else {
        writeln!(stdout, "{}", said.0.join("\n"))?;
    }
    Ok(())
}

/// What remains to be done by the operator.
const NEXT: &str = "stop version 2, start the new files, and see with prb peer list that all are there; the old files and data are as they were";

/// What there is to say, line by line.
#[derive(Default)]
pub(super) struct Said(Vec<String>);

impl Said {
    fn line(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    fn lines(&mut self, text: &str) {
        self.0.extend(text.lines().map(|line| format!("      {line}")));
    }

    fn json(&self) -> Value {
        self.0.iter().map(|line| line.trim()).collect()
    }
}

fn tell(service: &Service, said: &mut Said) {
    said.line(format!("  service {} ({})", service.name, service.module));
    if service.has_entrypoint {
        said.line("    delete its entrypoint: it starts Node.js");
    }
    for note in variables::notes(&service.module, &service.environment) {
        said.line(format!("    {note}"));
    }
}
