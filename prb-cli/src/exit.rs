//! How a command ends: 0 done, 1 failed with reasons, 2 usage.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be asked for.
    Usage(String),
    /// It failed.
    Failed(anyhow::Error),
    /// What was waited for did not come; one reason a line.
    Unmet(Vec<String>),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Says on standard error why it failed, if it did.
pub(crate) fn code(result: Result<(), Failure>) -> ExitCode {
    let (lines, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(line)) => (vec![line], 2),
        Err(Failure::Failed(error)) => (vec![format!("{error:#}").replace('\n', " ")], 1),
        Err(Failure::Unmet(reasons)) => (reasons, 1),
    };
    for line in lines {
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(io::stderr(), "prb: {line}");
    }
    ExitCode::from(code)
}
