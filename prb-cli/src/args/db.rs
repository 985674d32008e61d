//! `prb db`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::DataDirArgs;

/// `prb db`.
#[derive(Debug, Args)]
pub struct DbArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DbCommand,
}

/// What can be done with a store while no data provider runs on it.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Read everything stored, look for gaps, and verify it all again from the genesis on; exit 1
    /// if anything is wrong.
    Check(CheckArgs),
    /// Show how much is stored.
    Stats(StoreArgs),
    /// Remove damaged chunks that were put aside, and compress the others anew.
    Compact(CompactArgs),
    /// Copy what is sealed into a new folder.
    Export(ExportArgs),
    /// Verify a copy that was made elsewhere and take it into a new store.
    Import(ImportArgs),
    /// Put aside what is damaged, or a range of blocks: a data provider fetches it anew.
    Repair(RepairArgs),
}

/// Which store.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// The data provider's folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `prb db check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Compare checksums and look for gaps, and verify nothing.
    #[arg(long)]
    pub quick: bool,
}

/// `prb db compact`.
#[derive(Clone, Debug, Args)]
pub struct CompactArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// zstd's level; that of a data provider without this.
    #[arg(long, value_name = "1..22", value_parser = clap::value_parser!(i32).range(1..=22))]
    pub level: Option<i32>,
}

/// `prb db export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Folder of the copy, which must be new.
    #[arg(value_name = "FOLDER")]
    pub to: PathBuf,
}

/// `prb db import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Folder of the copy.
    #[arg(value_name = "FOLDER")]
    pub from: PathBuf,
    /// Hash of the relay chain block that workers start from. Those of Khala and Phala are known.
    #[arg(long, value_name = "HASH")]
    pub start: Option<String>,
}

/// `prb db repair`.
#[derive(Clone, Debug, Args)]
pub struct RepairArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Drop a range of these instead of what is damaged.
    #[arg(long, requires = "from", value_name = "KIND")]
    pub drop: Option<Dropped>,
    /// First block to drop.
    #[arg(long, requires = "drop", value_name = "BLOCK")]
    pub from: Option<u32>,
    /// Last block to drop; all from the first on without this.
    #[arg(long, requires = "from", value_name = "BLOCK")]
    pub to: Option<u32>,
}

/// What can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dropped {
    /// Relay chain segments.
    Relay,
    /// Parachain headers.
    Headers,
    /// Parachain blocks with their storage changes.
    Blocks,
}
