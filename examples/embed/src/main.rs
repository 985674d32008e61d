//! A bridge of one's own: the three services in one process, against nodes and workers given as
//! arguments, with a line for each change of a worker.
//!
//! ```sh
//! prb run --dev                              # nodes to try it with, whose pool 2 is Charlie's
//! prb run pruntime --listen 127.0.0.1:8000   # a worker
//! OPERATOR=//Charlie cargo run -p embed -- --data /tmp/embed --pool 2 --stake 10000 --skip-attestation \
//!     --relay ws://127.0.0.1:9945 --para ws://127.0.0.1:9944 --worker http://127.0.0.1:8000
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use embed::{Bridge, Settings};
use prb_core::lifecycle::{LifecycleHandle, WorkerChange};
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker};
use prb_walkie::proto::{FullAccount, db};
use tokio::sync::broadcast::error::RecvError;

/// Planck in a PHA.
const PHA: u128 = 1_000_000_000_000;

#[derive(Parser)]
struct Arguments {
    /// Folder for everything that is kept.
    #[arg(long)]
    data: PathBuf,
    /// Node of the relay chain.
    #[arg(long)]
    relay: String,
    /// Node of the parachain.
    #[arg(long)]
    para: String,
    /// Stake pool the workers belong to.
    #[arg(long)]
    pool: u64,
    /// What each worker computes with, in PHA.
    #[arg(long)]
    stake: u128,
    /// A worker's address; may be given more than once.
    #[arg(long = "worker", required = true)]
    workers: Vec<String>,
    /// The workers have no attestation. Only development chains accept them.
    #[arg(long)]
    skip_attestation: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("warn").init();
    let arguments = Arguments::parse();
    // A secret is never an argument: those can be read by anybody on the machine.
    let operator = std::env::var("OPERATOR").context("OPERATOR is not set")?;

    let bridge = Bridge::start(Settings {
        data: arguments.data.clone(),
        relay: arguments.relay.clone(),
        para: arguments.para.clone(),
        skip_attestation: arguments.skip_attestation,
        inventory: None,
    });
    let bridge = bridge.await?;
    let lifecycle = &bridge.lifecycle;
    // The inventory is kept: on the next start pool and workers are there already.
    if lifecycle.list_pools().pools.is_empty() {
        add(lifecycle, &arguments, operator).await?;
    }

    tokio::select! {
        () = tell(lifecycle) => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }

    bridge.stop().await
}

async fn add(lifecycle: &LifecycleHandle, arguments: &Arguments, operator: String) -> Result<()> {
    let owner = FullAccount { mnemonic: operator, ..FullAccount::default() };
    let pool = db::Pool {
        pid: arguments.pool,
        name: format!("pool {}", arguments.pool),
        enabled: true,
        owner: Some(owner),
        ..db::Pool::default()
    };
    lifecycle.create_pools(CreatePool { pools: vec![pool] }).await?;
    let workers = arguments.workers.iter().enumerate().map(|(index, endpoint)| db::Worker {
        pid: arguments.pool,
        name: format!("worker {index}"),
        endpoint: endpoint.clone(),
        stake: (arguments.stake * PHA).to_string(),
        enabled: true,
        ..db::Worker::default()
    });
    lifecycle.create_workers(CreateWorker { workers: workers.collect() }).await?;
    Ok(())
}

/// A line for each change.
async fn tell(lifecycle: &LifecycleHandle) {
    let mut changes = lifecycle.subscribe();
    loop {
        match changes.recv().await {
            Ok(WorkerChange::Updated(worker)) => {
                println!("{}: {:?}: {}", worker.name, worker.phase, worker.message);
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => println!("{missed} changes were missed"),
            Err(RecvError::Closed) => return,
        }
    }
}
