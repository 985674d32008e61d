//! `prb pool import`, `prb worker import`.

use std::path::PathBuf;

use clap::Args;

use super::ManagerArgs;

/// A file of pools or workers.
#[derive(Clone, Debug, Args)]
pub struct ImportFileArgs {
    /// JSON as the body of CreatePool or CreateWorker, CSV with a line of column names, or version
    /// 2's local.db; - for standard input.
    pub file: PathBuf,
    /// Show what would be created and changed, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// File of the identity key to which the owners in the file are sealed; the manager's without
    /// this.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}
