//! `prb run pruntime`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// One pRuntime double.
#[derive(Clone, Debug, Args)]
pub struct PruntimeArgs {
    /// Address to serve on; port 0 takes a free one, which is said on standard output.
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,

    /// Which line of pRuntime to be.
    #[arg(long, value_enum, default_value_t = Mode::V2)]
    pub mode: Mode,

    /// Acknowledge blocks without verifying them, for tests with very many workers.
    #[arg(long)]
    pub light: bool,

    /// Folder for checkpoints; without it none are kept.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Say where it is as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Lines of pRuntime, by their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The current line.
    #[value(name = "2.x")]
    V2,
    /// The older line.
    #[value(name = "0.2.x")]
    V02,
}
