//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod admin;
mod all;
mod bucket;
mod chain;
mod color;
mod config;
mod data_dir;
mod data_provider;
mod db;
mod dev;
mod devnet;
mod health;
mod import;
mod lifecycle;
mod listen;
mod log;
mod manager;
mod metrics;
mod migrate;
mod monitor;
mod notice;
mod overview;
mod pages;
mod peer;
mod pool;
mod pruntime;
mod queue;
mod queue_page;
mod redis;
mod serving;
mod shell;
mod stop;
mod sync;
#[cfg(test)]
mod tests;
mod trader;
mod trading;
mod walkie;
mod worker;

pub use admin::AdminArgs;
pub(crate) use all::Place;
pub use all::{AllArgs, AllPagesArgs};
pub use bucket::{BucketArgs, BucketUrl};
pub use chain::{NodePolicy, ParaArgs, RelayArgs};
pub use color::Color;
pub use config::{CheckConfigArgs, ConfigArgs, ConfigCommand, ShowConfigArgs};
pub use data_dir::DataDirArgs;
pub use data_provider::{DataProviderArgs, StoringArgs};
pub use db::{
    CheckArgs, CompactArgs, DbArgs, DbCommand, Dropped, ExportArgs, ImportArgs, RepairArgs,
    StoreArgs,
};
pub use dev::{DevArgs, Goal};
pub use devnet::DevnetArgs;
pub use health::{Asked, HealthArgs};
pub use import::ImportFileArgs;
pub use lifecycle::{LifecycleArgs, ManagingArgs, Start, WorkerArgs};
pub use listen::Listen;
pub use log::LogFormat;
pub use manager::ManagerArgs;
pub use metrics::{MetricsArgs, MetricsCommand};
pub use migrate::{MigrateArgs, MigrateCommand, MigrateV2Args, MigrateV3Args};
pub use monitor::MonitorArgs;
pub use notice::NoticeArgs;
pub use overview::{OverviewArgs, TopArgs};
pub use pages::PagesArgs;
pub use peer::{CallArgs, InfoArgs, ListArgs, PeerArgs, PeerCommand, ReachArgs};
pub use pool::{
    AddPoolArgs, EditPoolArgs, ListPoolsArgs, OwnerArgs, PoolArgs, PoolCommand, RemovePoolsArgs,
};
pub use pruntime::{Mode, PruntimeArgs};
pub use queue::{QueueArgs, QueueCommand, QueueReachArgs, State};
pub use queue_page::QueuePageArgs;
pub use redis::{RedisArgs, RedisUrl};
pub use serving::ServingArgs;
pub use shell::{CompletionsArgs, ManArgs};
pub use stop::Stop;
pub use sync::SyncArgs;
pub use trader::{TraderArgs, TradingArgs};
pub use trading::{TraderCommand, TraderQueryArgs};
pub use walkie::{AccessArgs, DiscoveryArgs, GrpcArgs, WalkieArgs};
pub use worker::{
    AddWorkerArgs, EditWorkersArgs, ListWorkersArgs, StatusArgs, WorkerCommand, WorkerCommandArgs,
    WorkersArgs,
};

/// prb keeps a fleet of pRuntime workers in sync with the chain and earning.
#[derive(Debug, Parser)]
#[command(name = "prb", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done; 1 failed, with the reasons on standard error; 2 a \
                        command line or settings that cannot be meant; 3 prb status found \
                        something wrong.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Least severe level to log (trace, debug, info, warn, error, fatal), or filter directives; info
    /// for services and warn for other commands without this.
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "PHALA_LOGGER_LEVEL",
        hide_env_values = true,
        display_order = 100
    )]
    pub log: Option<String>,
    /// What the log is made of: text for people, or json, an object a line.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "PRB_LOG_FORMAT",
        default_value = "text",
        hide_possible_values = true,
        display_order = 101
    )]
    pub log_format: LogFormat,
    /// When to use colours: auto, always or never; auto is on a terminal, unless NO_COLOR is set.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        display_order = 103
    )]
    pub color: Color,
    /// File with settings, in TOML; /etc/prb/prb.toml if that is there without this.
    #[arg(long, global = true, value_name = "FILE", env = "PRB_CONFIG", display_order = 102)]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run services.
    Run(Box<RunArgs>),
    /// See how a bridge is, what is wrong first.
    #[command(after_help = "Exit codes: 0 nothing is wrong; 3 something is, as the first lines \
                            say; 1 and 2 as for all commands.")]
    Status(Box<OverviewArgs>),
    /// Watch how a bridge is.
    Top(Box<TopArgs>),
    /// Talk to running services.
    Peer(Box<PeerArgs>),
    /// Handle a data provider's store while no data provider runs on it.
    Db(Box<DbArgs>),
    /// Say which pools' workers a lifecycle manager keeps, and who signs for them.
    Pool(Box<PoolArgs>),
    /// Say which workers a lifecycle manager keeps, and see how they are.
    Worker(Box<WorkerCommandArgs>),
    /// See what is to be put on chain, and decide about it.
    Queue(Box<QueueArgs>),
    /// Ask about the accounts that traders sign with, and what would come of a job.
    Trader(Box<TraderQueryArgs>),
    /// See and change all services in a browser; the same as prb run monitor.
    Monitor(Box<MonitorArgs>),
    /// Print the figures that services show, and dashboard and alert rules made from them.
    Metrics(MetricsArgs),
    /// Ask a service of this host whether it lives.
    Health(HealthArgs),
    /// Take over what an older Runtime Bridge has.
    Migrate(Box<MigrateArgs>),
    /// See what settings come to, and what is wrong with them.
    Config(ConfigArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print manual pages.
    Man(ManArgs),
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
    /// Run data provider, lifecycle manager, trader, monitor and queue page in one process.
    All(Box<AllArgs>),
    /// Run a data provider: follows both chains, verifies, stores, and serves what workers need.
    DataProvider(Box<DataProviderArgs>),
    /// Run a lifecycle manager: feeds workers, registers them, and keeps them computing.
    Lifecycle(Box<LifecycleArgs>),
    /// Run a trader: puts on chain what lifecycle managers want there.
    Trader(Box<TraderArgs>),
    /// Run the monitor: pages and a JSON proxy, for all services that can be found.
    Monitor(MonitorArgs),
    /// Run the queue page: what is to be put on chain, what became of it, and who signs.
    QueuePage(QueuePageArgs),
    /// Run the embedded network: two chains and workers, with no bridge.
    Devnet(DevnetArgs),
    /// Run one fresh pRuntime double, which verifies what it is fed as pRuntime does.
    Pruntime(PruntimeArgs),
}
