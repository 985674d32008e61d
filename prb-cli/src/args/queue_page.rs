//! `prb run queue-page`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{RedisArgs, RedisUrl};
use crate::Failure;

/// Pages about the queue: what is to be put on chain, what became of it, and who signs.
#[derive(Clone, Debug, Args)]
pub struct QueuePageArgs {
    /// Folder of the lifecycle manager's identity key, which tells its jobs from others; the page
    /// shows them without it too.
    #[arg(long, value_name = "DIR", env = "PHALA_PEER_ID_PREFIX")]
    #[arg(default_value = "/var/data/keys/id", help_heading = "Peers")]
    pub key_dir: PathBuf,

    /// Where it listens; without this on loopback, or where a password is asked for on all
    /// interfaces.
    #[arg(long, value_name = "ADDR", env = "PRB_QUEUE_PAGE_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// On which port, without --listen.
    #[arg(long, value_name = "PORT", env = "PRB_QUEUE_PAGE_PORT", default_value_t = 4567)]
    pub port: u16,

    /// File of the password that it asks for.
    #[arg(long, value_name = "FILE", env = "PRB_QUEUE_PAGE_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// Names it may be reached by, by comma, besides addresses and this host's own name. With a
    /// password it may be reached by any.
    #[arg(long, value_name = "NAME", env = "PRB_QUEUE_PAGE_HOSTS", value_delimiter = ',')]
    pub host: Vec<String>,

    /// Where the queue is.
    #[command(flatten)]
    pub redis: RedisArgs,

    /// The same, by the name that version 2's queue page read.
    #[arg(long = "redis-endpoint", value_name = "URL", env = "REDIS_ENDPOINT")]
    #[arg(hide = true, hide_env_values = true)]
    pub endpoint: Option<RedisUrl>,
}

impl QueuePageArgs {
    /// Where the queue is.
    pub(crate) fn url(&self) -> Result<&str, Failure> {
        let endpoint = self.redis.url().or(self.endpoint.as_ref().map(RedisUrl::as_str));
        endpoint.map_or_else(|| self.redis.needed_by("a queue page"), Ok)
    }
}
