//! `prb config`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

/// `prb config`.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show what the settings of services come to. What may be secret is left out.
    Show(ShowConfigArgs),
    /// Say all that is wrong with the file and the environment; exit 1 if anything is.
    Check(CheckConfigArgs),
    /// Print a file in which everything that can be set stands as a comment.
    Example,
    /// Print all settings with their variables and meanings, in Markdown.
    Reference,
}

/// `prb config show`.
#[derive(Clone, Debug, Args)]
pub struct ShowConfigArgs {
    /// Of this module of `prb run`; without it of the one that the environment names, or of all.
    pub module: Option<String>,
    /// Say where each value stands.
    #[arg(long)]
    pub origin: bool,
    /// One object of JSON.
    #[arg(long)]
    pub json: bool,
    /// Options that the module would be run with.
    #[arg(last = true, value_name = "OPTION", requires = "module", allow_hyphen_values = true)]
    pub options: Vec<OsString>,
}

/// `prb config check`.
#[derive(Clone, Debug, Args)]
pub struct CheckConfigArgs {
    /// Also whether this module of `prb run` has all that it needs.
    pub module: Option<String>,
    /// One object of JSON.
    #[arg(long)]
    pub json: bool,
}
