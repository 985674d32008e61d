//! Watches the workers of the lifecycle manager on this host.
//!
//! ```sh
//! cargo run -p watch -- --data-dir /var/data/prb --patience 600
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use prb_walkie::access::token::Token;

#[derive(Parser)]
struct Arguments {
    /// The manager's folder: where it is and its token are in there.
    #[arg(long)]
    data_dir: PathBuf,
    /// How long a worker may be in error before it is restarted, in seconds.
    #[arg(long, default_value_t = 600)]
    patience: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let address = fs::read_to_string(arguments.data_dir.join("lifecycle.grpc"));
    let address = format!("http://{}", address.context("no manager runs there")?.trim());
    let token = Token::load(&arguments.data_dir.join("lifecycle.token"))?;
    let patience = Duration::from_secs(arguments.patience);
    watch::watch(&address, &token.bearer(), patience, |line| println!("{line}")).await
}
