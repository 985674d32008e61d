//! `prb run data-provider`.

use clap::Args;

use super::{AccessArgs, DataDirArgs, GrpcArgs, ParaArgs, RelayArgs, WalkieArgs};

/// A data provider as a process of its own.
#[derive(Clone, Debug, Args)]
pub struct DataProviderArgs {
    /// Its folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// The relay chain.
    #[command(flatten)]
    pub relay: RelayArgs,
    /// Its peers.
    #[command(flatten)]
    pub walkie: WalkieArgs,
    /// Who may call what.
    #[command(flatten)]
    pub access: AccessArgs,
    /// The same over gRPC.
    #[command(flatten)]
    pub grpc: GrpcArgs,
    /// One line of JSON on standard output for each change; logs go to standard error.
    #[arg(long)]
    pub json: bool,
}
