//! When the command line itself ends the run: help, version, or something wrong with it.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;

/// What to print, and with which exit code to end.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// Asked for: help or the version, for standard output.
    Asked(String),
    /// No arguments at all: help, for standard error.
    Nothing(String),
    /// A mistake, in one line.
    Usage(String),
    /// Settings outside of the command line that are wrong, a line for each.
    Settings(Vec<String>),
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Asked(text),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Nothing(text),
            _ => Self::Usage(one_line(&text)),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(text) | Self::Nothing(text) | Self::Usage(text) => f.write_str(text),
            Self::Settings(lines) => f.write_str(&lines.join("\n")),
        }
    }
}

impl Stop {
    /// Prints it and gives the exit code: 0 for what was asked for, 2 for a mistake.
    pub fn print(&self) -> ExitCode {
        // A closed terminal or pipe is nothing to tell anybody about.
        let mistakes = match self {
            Self::Asked(text) => {
                let _ = io::stdout().write_all(text.as_bytes());
                return ExitCode::SUCCESS;
            }
            Self::Nothing(text) => {
                let _ = io::stderr().write_all(text.as_bytes());
                &[]
            }
            Self::Usage(line) => std::slice::from_ref(line),
            Self::Settings(lines) => lines.as_slice(),
        };
        for line in mistakes {
            let _ = writeln!(io::stderr(), "prb: {line}");
        }
        ExitCode::from(2)
    }
}

/// clap's paragraphs without the usage and the reference to the help.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    text.lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .map(|line| match line.strip_prefix("tip: ") {
            Some(tip) => format!("({tip})"),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}
