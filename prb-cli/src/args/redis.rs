//! The queue that several processes share.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use clap::Args;

use crate::Failure;

/// The queue that several processes share.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Queue")]
pub struct RedisArgs {
    /// Redis of the queue, as redis://host:6379/0 or redis+unix:///path; a URL with a password
    /// belongs into the variable.
    #[arg(long = "redis", value_name = "URL", env = "PHALA_Q_REDIS_ENDPOINT")]
    #[arg(hide_env_values = true)]
    pub url: Option<RedisUrl>,
}

/// Where Redis is; it may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl FromStr for RedisUrl {
    type Err = Infallible;

    /// Takes all: what is wrong with it is said by who uses it, who does not repeat it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl(..)")
    }
}

impl RedisUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl RedisArgs {
    /// The URL, if there is one.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_ref().map(RedisUrl::as_str)
    }

    /// The URL, without which `who` can do nothing.
    pub(crate) fn needed_by(&self, who: &str) -> Result<&str, Failure> {
        self.url().ok_or_else(|| Failure::Usage(format!("{who} needs a queue: give --redis URL")))
    }
}
