//! `prb run trader`.

use std::time::Duration;

use clap::Args;

use super::{AccessArgs, DataDirArgs, GrpcArgs, ParaArgs, WalkieArgs};

/// A trader as a process of its own.
#[derive(Clone, Debug, Args)]
pub struct TraderArgs {
    /// Its folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// Its peers.
    #[command(flatten)]
    pub walkie: WalkieArgs,
    /// Who may call what.
    #[command(flatten)]
    pub access: AccessArgs,
    /// The same over gRPC.
    #[command(flatten)]
    pub grpc: GrpcArgs,
}

/// How a trader trades.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Trading")]
pub struct TradingArgs {
    /// Longest wait of a call for others to share its extrinsic, in milliseconds: one block.
    #[arg(long, value_name = "MS", env = "PRB_TRADER_BATCH_AGE", default_value_t = 12_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(10..=600_000))]
    pub batch_age: u64,
}

impl TradingArgs {
    /// Longest wait of a call for others.
    pub fn batch_age(&self) -> Duration {
        Duration::from_millis(self.batch_age)
    }
}
