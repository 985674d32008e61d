//! `prb migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::ManagerArgs;

/// `prb migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// From what.
    #[command(subcommand)]
    pub command: MigrateCommand,
}

/// What can be migrated from.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// From version 2: reads its compose files and what lies in their data folders, takes its
    /// pools and workers in, and writes compose files for prb.
    V2(MigrateV2Args),
    /// From version 3: asks a running worker manager for its pools and workers. Secrets, which it
    /// does not tell, are read from standard input, one a line.
    V3(Box<MigrateV3Args>),
}

/// `prb migrate v2`.
#[derive(Debug, Args)]
pub struct MigrateV2Args {
    /// Its compose files.
    #[arg(required = true, value_name = "COMPOSE")]
    pub compose: Vec<PathBuf>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The image that services run in from now on.
    #[arg(long, value_name = "IMAGE", default_value = "prb:latest")]
    pub image: String,
    /// The user as whom they run there, who must own the data folders.
    #[arg(long, value_name = "UID", default_value_t = 10_001)]
    pub uid: u32,
    /// One line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// `prb migrate v3`.
#[derive(Debug, Args)]
pub struct MigrateV3Args {
    /// Its worker manager, as http://127.0.0.1:3001.
    #[arg(value_name = "URL")]
    pub from: Url,
    /// Say what would be taken in and whose secrets are needed, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Which manager takes it in.
    #[command(flatten)]
    pub manager: ManagerArgs,
}
