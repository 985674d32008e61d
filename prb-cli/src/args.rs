//! The command line.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

mod dev;
mod pruntime;
mod stop;
#[cfg(test)]
mod tests;

pub use dev::{DevArgs, Goal};
pub use pruntime::{Mode, PruntimeArgs};
pub use stop::Stop;

/// prb keeps a fleet of pRuntime workers in sync with the chain and earning.
#[derive(Debug, Parser)]
#[command(name = "prb", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Least severe level to log (trace, debug, info, warn, error), or filter directives.
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "PHALA_LOGGER_LEVEL",
        hide_env_values = true,
        default_value = "info",
        display_order = 100
    )]
    pub log: String,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run services.
    Run(RunArgs),
}

/// `prb run`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_value_name = "MODULE")]
#[command(subcommand_help_heading = "Modules")]
#[command(override_usage = "prb run --dev [OPTIONS]\n       prb run [OPTIONS] <MODULE>")]
pub struct RunArgs {
    /// The module to run alone.
    #[command(subcommand)]
    pub module: Option<Module>,
    /// The whole bridge on the embedded network.
    #[command(flatten)]
    pub dev: DevArgs,
}

/// What can be run alone.
#[derive(Debug, Subcommand)]
pub enum Module {
    /// Run one fresh pRuntime double, which verifies what it is fed as pRuntime does.
    Pruntime(PruntimeArgs),
}

/// Parses a command line. The error is what to print, and the exit code.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Stop> {
    Cli::try_parse_from(arguments).map_err(Stop::from)
}
