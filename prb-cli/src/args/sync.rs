//! How a lifecycle manager talks to workers and data providers.

use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use prb_core::blob::client::BlobClientConfig;
use prb_core::lifecycle::{CacheLimits, LifecycleConfig};
use prb_core::pruntime::Deadlines;

/// How a manager talks to workers and data providers, and what it keeps of that.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Sync")]
pub struct SyncArgs {
    /// How long workers may take for light calls, in milliseconds. Those that make them compute
    /// may take the longer of this and 180 s.
    #[arg(long, value_name = "MS", env = "PHALA_PRPC_REQUEST_TIMEOUT", default_value_t = 8_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(100..=3_600_000))]
    pub worker_timeout: u64,

    /// How long data providers may take for a blob, in milliseconds.
    #[arg(long, value_name = "MS", env = "PHALA_BLOB_REQUEST_TIMEOUT", default_value_t = 150_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(100..=3_600_000))]
    pub blob_timeout: u64,

    /// Keep connections to workers for the next call.
    #[arg(long, value_name = "BOOL", env = "WORKER_KEEPALIVE_ENABLED", action = ArgAction::Set)]
    #[arg(default_value_t = true, value_parser = BoolishValueParser::new())]
    pub keep_alive: bool,

    /// How long an unused connection to a worker is kept, in milliseconds.
    #[arg(long, value_name = "MS", env = "WORKER_KEEPALIVE_TIMEOUT", default_value_t = 30_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub keep_alive_timeout: u64,

    /// Most headers and blocks kept for all workers together; 0 for any number.
    #[arg(long, value_name = "N", env = "PHALA_LRU_CACHE_SIZE", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u32))]
    pub cache_size: u32,

    /// They are forgotten after this time, in milliseconds; 0 for never.
    #[arg(long, value_name = "MS", env = "PHALA_LRU_CACHE_MAX_AGE", default_value_t = 1_800_000)]
    #[arg(value_parser = clap::value_parser!(u64))]
    pub cache_max_age: u64,

    /// Most memory for them, in MB, whatever --cache-size says.
    #[arg(long, value_name = "MB", env = "PRB_CACHE_MEMORY", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub cache_memory: u16,
}

impl SyncArgs {
    /// Sets what of this is the manager's.
    pub(crate) fn apply(&self, config: &mut LifecycleConfig) {
        config.deadlines = Deadlines::new(Duration::from_millis(self.worker_timeout));
        config.http.keep_alive = if self.keep_alive {
            Duration::from_millis(self.keep_alive_timeout)
        } else {
            Duration::ZERO
        };
        config.cache = CacheLimits {
            bytes: usize::from(self.cache_memory) << 20,
            items: Some(self.cache_size as usize).filter(|&items| items > 0),
            age: Some(Duration::from_millis(self.cache_max_age)).filter(|age| !age.is_zero()),
        };
    }

    /// Settings of what gets blobs.
    pub(crate) fn blobs(&self) -> BlobClientConfig {
        let mut config = BlobClientConfig::default();
        config.request_timeout = Duration::from_millis(self.blob_timeout);
        config
    }
}
