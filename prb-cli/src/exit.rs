//! How a command ends: 0 done, 1 failed with reasons, 2 usage, 3 it was to say what is wrong, and
//! something is.

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

/// Why it failed, a line each, and the exit code.
fn told(failure: Failure) -> (Vec<String>, u8) {
    match failure {
        Failure::Usage(line) => (vec![line], 2),
        Failure::Failed(error) => (vec![one_line(&error)], 1),
        Failure::Unmet(reasons) => (reasons, 1),
    }
}

/// Why it failed, a line each.
pub(crate) fn reasons(result: Result<(), Failure>) -> Vec<String> {
    result.err().map(|failure| told(failure).0).unwrap_or_default()
}

/// The same of a command that is to say whether something is wrong: 3 when something is, of which
/// it has told.
pub(crate) fn code_of_look(wrong: Result<bool, Failure>) -> ExitCode {
    match wrong {
        Ok(true) => ExitCode::from(3),
        Ok(false) => ExitCode::SUCCESS,
        Err(failure) => code(Err(failure)),
    }
}

/// Says on standard error why it failed, if it did.
pub(crate) fn code(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    let (lines, code) = told(failure);
    for line in lines {
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(io::stderr(), "prb: {line}");
    }
    ExitCode::from(code)
}

/// An error with its causes. Some errors already tell theirs: nothing is said twice.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn codes_tell_apart_what_scripts_must() {
        assert_eq!(told(Failure::Failed(anyhow!("a"))), (vec!["a".to_owned()], 1));
        assert_eq!(told(Failure::Unmet(vec!["b".to_owned()])), (vec!["b".to_owned()], 1));
        assert_eq!(told(Failure::Usage("c".to_owned())), (vec!["c".to_owned()], 2));
    }

    #[test]
    fn causes_are_told_once_and_in_one_line() {
        let error = anyhow!("port 1 is\n in use").context("cannot listen").context("no worker");
        assert_eq!(one_line(&error), "no worker: cannot listen: port 1 is in use");
        let error = anyhow!("in use").context("cannot listen: in use");
        assert_eq!(one_line(&error), "cannot listen: in use");
    }
}
