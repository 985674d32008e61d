//! Where a worker listens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A worker's base address: `http://host:port`, with a path if a proxy needs one, or https where
/// the proxy speaks that.
///
/// ```
/// use prb_core::pruntime::Endpoint;
///
/// let endpoint: Endpoint = "http://10.0.0.7:8000/".parse()?;
/// assert_eq!(endpoint.to_string(), "http://10.0.0.7:8000");
/// assert!("10.0.0.7:8000".parse::<Endpoint>().is_err());
/// # Ok::<(), prb_core::pruntime::ParseEndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(Arc<str>);

/// Not the address of a worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseEndpointError {
    /// Does not parse.
    #[error("not a URL: {0}")]
    Url(String),
    /// Another scheme.
    #[error("{0:?} is not supported: a worker speaks http, or https behind a proxy")]
    Scheme(String),
    /// A query or a fragment, which would end up inside the path of every call.
    #[error("a worker's address has no query and no fragment")]
    Trailing,
    /// Credentials, which no worker asks for.
    #[error("a worker's address has no user and no password")]
    Credentials,
}

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = reqwest::Url::parse(text.trim())
            .map_err(|error| ParseEndpointError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ParseEndpointError::Scheme(url.scheme().to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ParseEndpointError::Trailing);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseEndpointError::Credentials);
        }
        Ok(Self(url.as_str().trim_end_matches('/').into()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_worker_listens_on() {
        for text in ["", "host:8000", "ftp://h:1", "http://h?x=1", "http://h#a", "http://u:p@h"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_address_has_one_form() {
        let parse = |text: &str| text.parse::<Endpoint>().unwrap();
        assert_eq!(parse("http://Host:8000"), parse(" http://host:8000/ "));
        assert_eq!(parse("http://h/worker/1/").to_string(), "http://h/worker/1");
        assert_eq!(parse("https://h:443/").to_string(), "https://h");
    }
}
