//! A data provider of one's own, with a line whenever it has come further.
//!
//! ```sh
//! prb run devnet                                    # nodes to try it with
//! cargo run -p example-data-provider -- --data /tmp/blocks \
//!     --relay ws://127.0.0.1:9945 --para ws://127.0.0.1:9944
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use example_data_provider::{Serving, line};

#[derive(Parser)]
struct Arguments {
    /// Folder for the blocks.
    #[arg(long)]
    data: PathBuf,
    /// Node of the relay chain.
    #[arg(long)]
    relay: String,
    /// Node of the parachain.
    #[arg(long)]
    para: String,
    /// Where blobs are served.
    #[arg(long, default_value = "0.0.0.0:8012")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("warn").init();
    let Arguments { data, relay, para, listen } = Arguments::parse();
    let serving = Serving::start(&data, &relay, &para, listen).await?;
    println!("serves blobs at {}", serving.blobs.address());

    let mut status = serving.provider.subscribe();
    let tell = async {
        let mut told = String::new();
        while status.changed().await.is_ok() {
            let line = line(&status.borrow_and_update());
            if line != told {
                println!("{line}");
                told = line;
            }
        }
    };
    tokio::select! {
        () = tell => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    serving.stop().await
}
