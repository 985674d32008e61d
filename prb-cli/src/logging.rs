//! Where logs go and what is in them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::Failure;
use crate::args::{Color, LogFormat};
use crate::output::{Bar, Paint};

mod live;

pub(crate) use live::{change, level};

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// Least severe level, or filter directives.
    pub(crate) level: String,
    /// As what.
    pub(crate) format: LogFormat,
    /// When with colours.
    pub(crate) color: Color,
    /// What is said first.
    pub(crate) notes: Vec<Note>,
}

/// Something to know about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Good to know.
    Plain(String),
    /// Probably a mistake.
    Warning(String),
}

/// Where logs go.
pub(crate) enum Target<'a> {
    /// Standard error.
    Stderr,
    /// Standard output, where operators look for what a service says.
    Stdout,
    /// Standard output, above a line that stays at the bottom.
    Above(&'a Bar),
    /// A file, while a live view has the terminal.
    File(&'a Path),
}

/// Libraries of others speak from this level on, unless directives say otherwise.
const OTHERS: &str = "warn";
/// Our own crates.
const OURS: [&str; 4] = ["prb_cli", "prb_core", "prb_devnet", "prb_walkie"];

/// Starts logging for the rest of the process.
pub(crate) fn start(log: &Log, target: &Target<'_>) -> Result<(), Failure> {
    let filter = filter(&log.level)?;
    let (writer, colours) = match target {
        Target::Stderr => (BoxMakeWriter::new(io::stderr), Paint::to(&io::stderr(), log.color)),
        Target::Stdout => (BoxMakeWriter::new(io::stdout), Paint::to(&io::stdout(), log.color)),
        Target::Above(bar) => {
            let bar = Bar::clone(bar);
            // It is at the bottom of a terminal.
            (BoxMakeWriter::new(move || bar.clone()), Paint::to(&io::stdout(), log.color))
        }
        Target::File(path) => {
            let file = open(path)?;
            let colours = Paint::to(&file, log.color);
            (BoxMakeWriter::new(file), colours)
        }
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours.is_on())
        .with_writer(writer);
    match log.format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            live::begin(&log.level, builder.reload_handle());
            builder.try_init()
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            live::begin(&log.level, builder.reload_handle());
            builder.try_init()
        }
    }
    .map_err(|error| Failure::Failed(anyhow::anyhow!("cannot start logging: {error}")))?;
    for note in &log.notes {
        match note {
            Note::Plain(text) => tracing::info!("{text}"),
            Note::Warning(text) => tracing::warn!("{text}"),
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, anyhow::Error> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write the log {}", path.display()))
}

fn filter(level: &str) -> Result<EnvFilter, Failure> {
    // Version 2's loggers know one level more.
    let level = if level.eq_ignore_ascii_case("fatal") { "error" } else { level };
    let directives = if level.contains(['=', ',']) {
        level.to_owned()
    } else {
        let ours = OURS.map(|krate| format!("{krate}={level}")).join(",");
        format!("{OTHERS},{ours}")
    };
    EnvFilter::try_new(directives)
        .map_err(|error| Failure::Usage(format!("--log {level} is no level: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_our_crates() {
        let filter = filter("debug").unwrap().to_string();
        assert!(filter.contains("prb_core=debug") && filter.contains("warn"), "{filter}");
    }

    #[test]
    fn directives_stand_alone() {
        assert_eq!(filter("prb_core=trace").unwrap().to_string(), "prb_core=trace");
    }

    #[test]
    fn fatal_is_error_and_nonsense_is_usage() {
        assert!(filter("FATAL").unwrap().to_string().contains("prb_core=error"));
        assert!(matches!(filter("loud"), Err(Failure::Usage(_))));
    }
}
