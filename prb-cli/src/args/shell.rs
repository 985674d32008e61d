//! What goes with the binary: completions for shells, and manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `prb completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `prb man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Of this command, such as run lifecycle; of prb itself without any.
    #[arg(conflicts_with = "to")]
    pub command: Vec<String>,
    /// Write those of all commands into this folder instead, which is made if absent.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}
