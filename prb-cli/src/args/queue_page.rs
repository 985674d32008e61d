//! `prb run queue-page`.

use std::path::PathBuf;

use clap::Args;

use super::pages::PageNames;
use super::{PagesArgs, RedisArgs};

const NAMES: PageNames = PageNames {
    listen: "PRB_QUEUE_PAGE_LISTEN",
    port: ("PRB_QUEUE_PAGE_PORT", "4567"),
    password_file: "PRB_QUEUE_PAGE_PASSWORD_FILE",
    host: "PRB_QUEUE_PAGE_HOSTS",
};

/// Pages about the queue: what is to be put on chain, what became of it, and who signs.
#[derive(Clone, Debug, Args)]
#[command(mut_args(|arg| NAMES.put(arg)))]
pub struct QueuePageArgs {
    /// Folder of the lifecycle manager's identity key, which tells its jobs from others; the page
    /// shows them without it too.
    #[arg(long, value_name = "DIR", env = "PHALA_PEER_ID_PREFIX")]
    #[arg(default_value = "/var/data/keys/id", help_heading = "Peers")]
    pub key_dir: PathBuf,

    /// Where the pages are, and who may see them.
    #[command(flatten)]
    pub pages: PagesArgs,

    /// Where the queue is.
    #[command(flatten)]
    pub redis: RedisArgs,
}
