//! The queue that several processes share.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use clap::Args;

use crate::Failure;

/// The variable that may hold a URL with a password.
const VARIABLE: &str = "PHALA_Q_REDIS_ENDPOINT";

/// The queue that several processes share.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Queue")]
pub struct RedisArgs {
    /// Redis of the queue, as redis://host:6379/0 or redis+unix:///path; a URL with a password
    /// belongs into the variable.
    #[arg(long = "redis", value_name = "URL", env = VARIABLE, hide_env_values = true)]
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

impl RedisArgs {
    /// The URL, if there is one. A password on the command line is refused: all users of the host
    /// can read it there.
    pub(crate) fn url(&self) -> Result<Option<&str>, Failure> {
        let from_variable = std::env::var(VARIABLE).ok();
        self.url_given(from_variable.as_deref())
    }

    fn url_given(&self, from_variable: Option<&str>) -> Result<Option<&str>, Failure> {
        let url = self.url.as_ref().map(|url| url.0.as_str());
        if url.is_some_and(|url| url.contains('@')) && url != from_variable {
            return Err(Failure::Usage(format!(
                "all users of this host can read a password in --redis; set {VARIABLE} instead"
            )));
        }
        Ok(url)
    }

    /// The URL, without which `who` can do nothing.
    pub(crate) fn needed_by(&self, who: &str) -> Result<&str, Failure> {
        self.url()?.ok_or_else(|| Failure::Usage(format!("{who} needs a queue: give --redis URL")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_from_the_environment_only_and_never_shown() {
        let text = "redis://:hush@127.0.0.1";
        let args = RedisArgs { url: Some(text.parse().unwrap()) };
        assert_eq!(args.url_given(Some(text)).unwrap(), Some(text));
        let refused = args.url_given(None).unwrap_err();
        assert!(!format!("{args:?} {refused:?}").contains("hush"), "{args:?} {refused:?}");
        let open = RedisArgs { url: Some("redis://127.0.0.1".parse().unwrap()) };
        assert_eq!(open.url_given(None).unwrap(), Some("redis://127.0.0.1"));
        assert!(RedisArgs::default().url_given(None).unwrap().is_none());
    }
}
