//! A bridge whose inventory is a file of JSON.
//!
//! ```sh
//! prb run --dev                              # nodes to try it with
//! cargo run -p custom-store -- --data /tmp/bridge --inventory /tmp/inventory.json \
//!     --relay ws://127.0.0.1:9945 --para ws://127.0.0.1:9944
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use custom_store::FileStore;
use embed::{Bridge, Settings};

#[derive(Parser)]
struct Arguments {
    /// Folder for everything else that is kept.
    #[arg(long)]
    data: PathBuf,
    /// The file with the inventory.
    #[arg(long)]
    inventory: PathBuf,
    /// Node of the relay chain.
    #[arg(long)]
    relay: String,
    /// Node of the parachain.
    #[arg(long)]
    para: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("warn").init();
    let arguments = Arguments::parse();
    let bridge = Bridge::start(Settings {
        data: arguments.data,
        relay: arguments.relay,
        para: arguments.para,
        skip_attestation: false,
        inventory: Some(Arc::new(FileStore::at(arguments.inventory))),
    });
    let bridge = bridge.await?;
    for worker in bridge.lifecycle.list_workers().workers {
        println!("{} in pool {}", worker.name, worker.pid);
    }
    tokio::signal::ctrl_c().await?;
    bridge.stop().await
}
