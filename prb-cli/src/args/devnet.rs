//! `prb run devnet`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

/// The embedded network alone.
#[derive(Clone, Debug, Args)]
pub struct DevnetArgs {
    /// How many workers to run.
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub workers: u16,

    /// How many parachain blocks to make before the network is served.
    #[arg(long, value_name = "BLOCKS", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub history: u32,

    /// Time between parachain blocks, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub block_time: u64,

    /// Where the parachain's node listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9944")]
    pub para_listen: SocketAddr,

    /// Where the relay chain's node listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9945")]
    pub relay_listen: SocketAddr,

    /// Where the first worker listens, and each further one on the next port; port 0 takes free
    /// ones.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:18001")]
    pub worker_listen: SocketAddr,

    /// The line that says what is served, as JSON.
    #[arg(long)]
    pub json: bool,
}

impl DevnetArgs {
    /// Time between parachain blocks.
    pub fn block_time(&self) -> Duration {
        Duration::from_millis(self.block_time)
    }
}
