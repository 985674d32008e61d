//! `prb migrate v2`: compose files of version 2 and what lies in their data folders.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::MigrateV2Args;

mod compose;
mod edit;
mod folder;
mod inventory;
mod variables;

use compose::Service;
use folder::Folder;

/// `prb migrate v2`.
pub(super) async fn run(args: &MigrateV2Args) -> Result<(), Failure> {
    let mut said = Said::default();
    // All is read before anything is written.
    let mut files = Vec::new();
    for path in &args.compose {
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let services = compose::services(&text);
        files.push((path, text, services.with_context(|| path.display().to_string())?));
    }
    for (path, text, services) in &files {
        said.line(format!("{}:", path.display()));
        for service in services {
            tell(service, &mut said);
        }
        write(path, text, services, args, &mut said)?;
        for folder in Folder::of(path, services) {
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

/// Writes the file for prb beside the one of version 2, never over another.
fn write(
    path: &Path,
    text: &str,
    services: &[Service],
    args: &MigrateV2Args,
    said: &mut Said,
) -> Result<()> {
    let (converted, changes) = edit::convert(text, services, &args.image);
    for change in changes {
        said.line(format!("  {change}"));
    }
    let to = beside(path);
    if args.dry_run {
        said.line(format!("  would be written to {}", to.display()));
        return Ok(());
    }
    match fs::read_to_string(&to) {
        Ok(there) if there == converted => {}
        Ok(_) => anyhow::bail!("{} is there already, and is another file", to.display()),
        Err(_) => {
            let written = fs::write(&to, converted);
            written.with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    said.line(format!("  written to {}", to.display()));
    Ok(())
}

/// `docker-compose.yml` becomes `docker-compose.prb.yml`.
fn beside(path: &Path) -> PathBuf {
    let extension = path.extension().map_or_else(|| "yml".into(), ToOwned::to_owned);
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".prb.");
    name.push(extension);
    path.with_file_name(name)
}
