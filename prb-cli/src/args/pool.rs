//! `prb pool`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::{ImportFileArgs, ManagerArgs};

/// `prb pool`.
#[derive(Clone, Debug, Args)]
pub struct PoolArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PoolCommand,
}

/// What can be done with pools.
#[derive(Clone, Debug, Subcommand)]
pub enum PoolCommand {
    /// Keep a pool's workers from now on.
    Add(AddPoolArgs),
    /// List the pools.
    List(ListPoolsArgs),
    /// Change what is given, and leave the rest as it is.
    Edit(EditPoolArgs),
    /// Forget pools, all or none. A pool that has workers is not forgotten.
    Remove(RemovePoolsArgs),
    /// Take in pools from a file: create what is new, change what differs, leave the rest. A pool
    /// is known again by its pid.
    Import(ImportFileArgs),
}

/// `prb pool add`.
#[derive(Clone, Debug, Args)]
pub struct AddPoolArgs {
    /// What to call it.
    pub name: String,
    /// Its id on chain.
    #[arg(long, value_name = "PID")]
    pub pid: u64,
    /// Who signs for it.
    #[command(flatten)]
    pub owner: OwnerArgs,
    /// SS58 address of the account in whose name the owner signs, as its proxy.
    #[arg(long, value_name = "SS58")]
    pub proxied: Option<String>,
    /// Leave its workers alone for now.
    #[arg(long)]
    pub disabled: bool,
    /// Only keep its workers in sync.
    #[arg(long)]
    pub sync_only: bool,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb pool list`.
#[derive(Clone, Debug, Args)]
pub struct ListPoolsArgs {
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb pool edit`.
#[derive(Clone, Debug, Args)]
pub struct EditPoolArgs {
    /// The pool: its name, uuid, or pid.
    pub pool: String,
    /// What to call it.
    #[arg(long)]
    pub name: Option<String>,
    /// Its id on chain. The owner has to be given too.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u64>,
    /// Who signs for it.
    #[command(flatten)]
    pub owner: OwnerArgs,
    /// SS58 address of the account in whose name the owner signs, as its proxy; none makes the
    /// owner sign for itself.
    #[arg(long, value_name = "SS58")]
    pub proxied: Option<String>,
    /// Whether its workers live.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub enabled: Option<bool>,
    /// Whether its workers are only kept in sync.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub sync_only: Option<bool>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb pool remove`.
#[derive(Clone, Debug, Args)]
pub struct RemovePoolsArgs {
    /// The pools: names, uuids, or pids.
    #[arg(required = true, value_name = "POOL")]
    pub pools: Vec<String>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// The secret of who signs. It is never an argument itself: everybody on the host can read those.
#[derive(Clone, Debug, Args)]
pub struct OwnerArgs {
    /// File with the owner's secret, or - for standard input: a mnemonic phrase, a 0x seed, each
    /// with a derivation path if need be, a 0x secret key, or the JSON that polkadot.js exports.
    #[arg(long, value_name = "FILE")]
    pub owner: Option<PathBuf>,
    /// File with the passphrase of polkadot.js's JSON, or - for standard input.
    #[arg(long, value_name = "FILE", requires = "owner")]
    pub passphrase: Option<PathBuf>,
}
