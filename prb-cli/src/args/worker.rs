//! `prb worker`.

use clap::{ArgAction, Args, Subcommand};
use prb_core::lifecycle::Amount;

use super::{ImportFileArgs, ManagerArgs};

/// `prb worker`.
#[derive(Clone, Debug, Args)]
pub struct WorkerCommandArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: WorkerCommand,
}

/// What can be done with workers.
#[derive(Clone, Debug, Subcommand)]
pub enum WorkerCommand {
    /// Keep a worker from now on.
    Add(AddWorkerArgs),
    /// List the workers as they are configured.
    List(ListWorkersArgs),
    /// Change what is given, and leave the rest as it is.
    Edit(EditWorkersArgs),
    /// Forget workers, all or none. On chain they stay as they are: retire those that are to leave
    /// their pool first.
    Remove(WorkersArgs),
    /// Take in workers from a file: create what is new, change what differs, leave the rest. A
    /// worker is known again by its name, or else by its endpoint.
    Import(ImportFileArgs),
    /// Begin anew with workers.
    Restart(WorkersArgs),
    /// Begin anew with workers, and register them with a fresh report.
    Register(WorkersArgs),
    /// Give up what is done for workers, and leave them alone until they, or their manager, are
    /// restarted.
    Kick(WorkersArgs),
    /// Have workers save their state, and go on.
    Checkpoint(WorkersArgs),
    /// Stop feeding workers, have them save their state, and leave them alone until they are
    /// restarted or changed: their processes may be stopped then.
    Drain(WorkersArgs),
    /// Have workers stop computing on chain, and bring their stake back to the pool once they have
    /// cooled down. They are kept in sync and in their pool until they are started.
    Stop(WorkersArgs),
    /// Have workers stop computing on chain, bring their stake back once they have cooled down, and
    /// take them out of their pool.
    Retire(WorkersArgs),
    /// Have workers compute again that were stopped or retired.
    Start(WorkersArgs),
    /// Show how workers are; all of them if none is named.
    Status(StatusArgs),
    /// Show what workers need to earn, the first thing that is missing, and what to do about it.
    Explain(StatusArgs),
}

/// `prb worker add`.
#[derive(Clone, Debug, Args)]
pub struct AddWorkerArgs {
    /// What to call it.
    pub name: String,
    /// Its pool: name, uuid, or pid.
    #[arg(long)]
    pub pool: String,
    /// URL of its pRuntime.
    #[arg(long, value_name = "URL")]
    pub endpoint: String,
    /// What it computes with, in planck or PHA, such as 4000PHA.
    #[arg(long, value_name = "AMOUNT")]
    pub stake: Option<Amount>,
    /// Leave it alone for now.
    #[arg(long)]
    pub disabled: bool,
    /// Only keep it in sync.
    #[arg(long)]
    pub sync_only: bool,
    /// Register it, and never add it to its pool.
    #[arg(long)]
    pub gatekeeper: bool,
    /// Where others reach it, by commas: signed by the worker and published on chain.
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub public_endpoints: Vec<String>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb worker list`.
#[derive(Clone, Debug, Args)]
pub struct ListWorkersArgs {
    /// Those of this pool only: name, uuid, or pid.
    #[arg(long)]
    pub pool: Option<String>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb worker edit`.
#[derive(Clone, Debug, Args)]
pub struct EditWorkersArgs {
    /// The workers: names or uuids. All are changed, or none.
    #[arg(required = true, value_name = "WORKER")]
    pub workers: Vec<String>,
    /// What to call it; of one worker.
    #[arg(long)]
    pub name: Option<String>,
    /// Their pool: name, uuid, or pid.
    #[arg(long)]
    pub pool: Option<String>,
    /// URL of its pRuntime; of one worker.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// What they compute with, in planck or PHA, such as 4000PHA.
    #[arg(long, value_name = "AMOUNT")]
    pub stake: Option<Amount>,
    /// Whether they live.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub enabled: Option<bool>,
    /// Whether they are only kept in sync.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub sync_only: Option<bool>,
    /// Whether they are registered and never added to their pool.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub gatekeeper: Option<bool>,
    /// Where others reach it, by commas; empty for none, which leaves what is published; of one
    /// worker.
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub public_endpoints: Option<Vec<String>>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// What takes nothing but workers.
#[derive(Clone, Debug, Args)]
pub struct WorkersArgs {
    /// The workers: names or uuids.
    #[arg(required = true, value_name = "WORKER")]
    pub workers: Vec<String>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}

/// `prb worker status`, `prb worker explain`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// The workers: names or uuids.
    #[arg(value_name = "WORKER")]
    pub workers: Vec<String>,
    /// Which manager.
    #[command(flatten)]
    pub manager: ManagerArgs,
}
