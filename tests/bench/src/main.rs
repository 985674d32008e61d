//! Figures of the whole system: a scenario as the first argument, one line of JSON out.
//!
//! Measure release builds on an otherwise idle machine; the line says which build it was.
//! `RUST_LOG` shows on standard error what happens, which takes time of its own.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use tracing_subscriber::EnvFilter;

mod blob;
mod devnet;
mod first_run;
mod fleet;
mod heavy;
mod ingest;
mod process;
mod queue;
mod trader;
mod walkie;

/// As the `prb` binary has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
#[command(name = "prb-bench", about = "Measure one scenario and print one line of JSON")]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// Blobs and megabytes per second between a provider and a manager, beside bare TCP.
    Blob(blob::Args),
    /// The provider that `blob` asks, in another process.
    #[command(hide = true)]
    BlobServe(blob::ServeArgs),
    /// Bare TCP, in another process.
    #[command(hide = true)]
    BlobBare(blob::BareArgs),
    /// Steps per second of the embedded network, with and without writes.
    Devnet(devnet::Args),
    /// Seconds from the start of the whole bridge until all workers compute.
    FirstRun(first_run::Args),
    /// Memory, CPU and delays of one manager with many workers.
    Fleet(fleet::Args),
    /// What `fleet` needs in another process.
    #[command(hide = true)]
    FleetWorld(fleet::RunWorldArgs),
    /// Blocks per second and calls per block of a data provider, beside the least the nodes need.
    Ingest(ingest::Args),
    /// What `ingest` needs in another process.
    #[command(hide = true)]
    IngestNode(ingest::History),
    /// A provider that `ingest` kills.
    #[command(hide = true)]
    IngestProvider(ingest::ProviderArgs),
    /// Jobs per second over Redis, beside npm's bee-queue, and the memory Redis needs.
    Queue(queue::Args),
    /// Calls per second through the trader, and how long one waits for its block.
    Trader(trader::Args),
    /// Calls per second and megabytes per second between two peers, and of bare libp2p.
    Walkie(walkie::Args),
}

fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    let (name, figures) = match Cli::parse().scenario {
        Scenario::Blob(args) => ("blob", blob::measure(&args)?),
        Scenario::BlobServe(args) => return blob::run_serve(&args),
        Scenario::BlobBare(args) => return blob::run_bare(&args),
        Scenario::Devnet(args) => ("devnet", devnet::measure(&args)?),
        Scenario::FirstRun(args) => ("first-run", first_run::measure(&args)?),
        Scenario::Fleet(args) => ("fleet", fleet::measure(&args)?),
        Scenario::FleetWorld(args) => return fleet::run_world(&args),
        Scenario::Ingest(args) => ("ingest", ingest::measure(&args)?),
        Scenario::IngestNode(history) => return ingest::run_node(&history),
        Scenario::IngestProvider(args) => return ingest::run_provider(&args),
        Scenario::Queue(args) => ("queue", queue::measure(&args)?),
        Scenario::Trader(args) => ("trader", trader::measure(&args)?),
        Scenario::Walkie(args) => ("walkie", walkie::measure(&args)?),
    };
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let mut line = Map::new();
    line.insert("scenario".into(), json!(name));
    line.insert("build".into(), json!(build));
    let allocator = if cfg!(feature = "jemalloc") { "jemalloc" } else { "system" };
    line.insert("allocator".into(), json!(allocator));
    line.extend(figures);
    writeln!(io::stdout(), "{}", Value::Object(line))?;
    Ok(())
}

/// Two digits after the point are what a measurement is good for.
fn rounded(figure: f64) -> Value {
    json!((figure * 100.0).round() / 100.0)
}

fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
