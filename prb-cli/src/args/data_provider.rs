//! `prb run data-provider`.

use clap::Args;

use super::{BucketArgs, DataDirArgs, ParaArgs, RelayArgs, ServingArgs};

/// A data provider as a process of its own.
#[derive(Clone, Debug, Args)]
pub struct DataProviderArgs {
    /// Its folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// The parachain.
    #[command(flatten)]
    pub para: ParaArgs,
    /// What it keeps and serves.
    #[command(flatten)]
    pub store: StoringArgs,
    /// How it is reached and watched.
    #[command(flatten)]
    pub serving: ServingArgs,
    /// One line of JSON on standard output for each change; logs go to standard error.
    #[arg(long)]
    pub json: bool,
}

/// What a data provider keeps and serves.
#[derive(Clone, Debug, Args)]
pub struct StoringArgs {
    /// The relay chain.
    #[command(flatten)]
    pub relay: RelayArgs,
    /// Where sealed chunks lie, and who writes them.
    #[command(flatten)]
    pub bucket: BucketArgs,
    /// Begin the parachain near the tip: only for workers that load its state there. A store that
    /// has begun stays as it is.
    #[arg(long, env = "PRB_LIGHT")]
    pub light: bool,
    /// Nothing new for so many seconds is said, and makes the service not ready.
    #[arg(long, value_name = "S", env = "PRB_STALL_AFTER", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Watching")]
    pub stall_after: u64,
    /// Port at which blobs are served over TCP to whoever can connect; 0 takes a free one.
    #[arg(long, value_name = "PORT", env = "PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT")]
    #[arg(default_value_t = 8012, help_heading = "Blobs")]
    pub blob_port: u16,
    /// Most memory for answers that one connection has not taken yet, in MB. A busy server gives a
    /// connection less.
    #[arg(long, value_name = "MB", env = "PHALA_LIFECYCLE_BLOB_SERVER_SESSION_MAX_MEMORY")]
    #[arg(default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    #[arg(help_heading = "Blobs")]
    pub blob_session_memory: u16,
}
