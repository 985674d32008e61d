//! What the `prb` binary is made of: arguments, output, and the composition of the services.
//!
//! No logic of a bridge is here; that is `prb-core`'s.

#![forbid(unsafe_code)]

use std::process::ExitCode;

pub mod args;
pub mod config;
mod db;
#[cfg(feature = "dev")]
pub mod dev;
mod exit;
mod health;
mod http_client;
mod import;
mod logging;
mod manager;
mod metrics;
mod migrate;
mod monitor;
mod observe;
mod output;
mod peer;
mod pool;
mod process;
mod queue;
mod queue_page;
mod run;
mod services;
mod shell;
pub mod shutdown;
mod status;
mod trader;
pub mod view;
mod web;
mod worker;

pub use exit::Failure;
use logging::Log;

/// Runs a parsed command line to its end.
pub fn run(parsed: config::Parsed) -> ExitCode {
    let config::Parsed { cli, notes } = parsed;
    let level = cli.log.clone();
    let log = |usual: &str| Log {
        level: level.unwrap_or_else(|| usual.to_owned()),
        format: cli.log_format,
        color: cli.color,
        notes,
    };
    process::write_private_files();
    exit::code(match cli.command {
        args::Command::Run(command) => run::run(*command, &log("info")),
        args::Command::Status(args) => {
            return exit::code_of_look(status::run(&args, &log("error")));
        }
        args::Command::Top(args) => status::top::run(&args, &log("error")),
        args::Command::Peer(command) => peer::run(command.command, &log("warn")),
        args::Command::Db(command) => db::run(command.command, &log("warn")),
        args::Command::Pool(command) => pool::run(&command.command, &log("warn")),
        args::Command::Worker(command) => worker::run(&command.command, &log("warn")),
        args::Command::Trader(command) => trader::run(&command.command, &log("warn")),
        args::Command::Queue(command) => queue::run(&command.command, &log("warn")),
        args::Command::Monitor(args) => monitor::run(&args, &log("info")),
        args::Command::Metrics(command) => metrics::run(&command.command),
        args::Command::Health(args) => health::run(&args),
        args::Command::Migrate(command) => migrate::run(&command.command, &log("warn")),
        args::Command::Config(command) => {
            let environment = config::Environment::of_process();
            config::run(&command.command, cli.config.as_deref(), &environment)
        }
        args::Command::Completions(command) => shell::completions(&command),
        args::Command::Man(command) => shell::man(&command),
    })
}
