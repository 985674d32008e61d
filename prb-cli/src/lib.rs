//! What the `prb` binary is made of: arguments, output, and the composition of the services.
//!
//! No logic of a bridge is here; that is `prb-core`'s.

#![forbid(unsafe_code)]

use std::process::ExitCode;

pub mod args;
#[cfg(feature = "dev")]
pub mod dev;
mod exit;
mod logging;
mod output;
mod process;
mod run;
pub mod shutdown;
pub mod view;

pub use exit::Failure;

/// Runs a parsed command line to its end.
pub fn run(cli: args::Cli) -> ExitCode {
    let args::Command::Run(command) = cli.command;
    exit::code(run::run(command, &cli.log))
}
