//! Takes a farm's list of machines into the inventory of a lifecycle manager that does not run.
//!
//! ```sh
//! cargo run -p import-csv -- --data /var/data/prb/lifecycle --keys /var/data/keys/id machines.csv
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use prb_core::lifecycle::OfflineInventory;
use prb_walkie::identity::{Identity, Name};

#[derive(Parser)]
struct Arguments {
    /// The manager's data folder.
    #[arg(long)]
    data: PathBuf,
    /// Folder of its identity key.
    #[arg(long)]
    keys: PathBuf,
    /// The list of machines.
    list: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let list = fs::read_to_string(&arguments.list)?;
    let identity = Arc::new(Identity::load(&arguments.keys, Name::Lifecycle)?);
    let inventory = OfflineInventory::open(&arguments.data, identity).await?;
    let (new, changed) = import_csv::import(&list, &inventory)?;
    println!("{new} new, {changed} changed");
    Ok(())
}
