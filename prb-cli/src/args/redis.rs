//! The queue that several processes share.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::anyhow;
use clap::Args;
use prb_walkie::access::read_secret;
use url::Url;
use zeroize::Zeroizing;

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

    /// File of the password that Redis asks for, for its owner alone.
    #[arg(long, value_name = "FILE", env = "PRB_REDIS_PASSWORD_FILE")]
    pub redis_password_file: Option<PathBuf>,
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
    /// Whether there is a queue that others share.
    pub(crate) fn is_given(&self) -> bool {
        self.url.is_some()
    }

    /// The URL with the password of the file, if there is one.
    pub(crate) fn url(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(RedisUrl(url)) = &self.url else { return Ok(None) };
        let Some(file) = &self.redis_password_file else { return Ok(Some(url.clone().into())) };
        let content = read_secret(file)?;
        let password = str::from_utf8(content.trim_ascii());
        let password = password.map_err(|_| anyhow!("{}: it is no text", file.display()))?;
        if password.is_empty() {
            return Err(anyhow!("{}: it is empty", file.display()).into());
        }
        with_password(url, password).map(Some).map_err(|reason| Failure::Usage(reason.into()))
    }

    /// The same, without which `who` can do nothing.
    pub(crate) fn needed_by(&self, who: &str) -> Result<Zeroizing<String>, Failure> {
        let missing = || Failure::Usage(format!("{who} needs a queue: give --redis URL"));
        self.url()?.ok_or_else(missing)
    }
}

/// The URL with a password where its kind has it. The error repeats nothing of either.
fn with_password(url: &str, password: &str) -> Result<Zeroizing<String>, &'static str> {
    let mut url: Url = url.parse().map_err(|_| "--redis is no URL")?;
    let twice = "the password of Redis is given twice: in its URL and in a file";
    if url.host().is_some() {
        if url.password().is_some() {
            return Err(twice);
        }
        url.set_password(Some(password)).map_err(|()| "--redis takes no password")?;
    } else {
        // A socket: there is no place for it before a host.
        if url.query_pairs().any(|(name, _)| name == "pass") {
            return Err(twice);
        }
        url.query_pairs_mut().append_pair("pass", password);
    }
    Ok(String::from(url).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_where_the_kind_of_url_has_it() {
        let cases = [
            ("redis://h:1/0", "a b@", "redis://:a%20b%40@h:1/0"),
            ("rediss://me@h", "hush", "rediss://me:hush@h"),
            ("redis+unix:///run/r.sock?db=1", "a&b", "redis+unix:///run/r.sock?db=1&pass=a%26b"),
        ];
        for (url, password, expected) in cases {
            assert_eq!(*with_password(url, password).unwrap(), expected);
        }
        for url in ["redis://:one@h", "unix:///r?pass=one"] {
            assert!(with_password(url, "two").unwrap_err().contains("twice"), "{url}");
        }
        assert!(with_password("nowhere", "hush").is_err());
    }
}
