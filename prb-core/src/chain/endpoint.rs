//! Where a node listens.

use std::fmt;
use std::sync::Arc;

/// A node's WebSocket address.
///
/// It may carry credentials (a password, a provider's API key in the path or query): these are
/// sent to the node and shown to nobody.
///
/// ```
/// use prb_core::chain::Endpoint;
///
/// let endpoint = Endpoint::new("wss://user:secret@rpc.example:443/v1/key?token=t");
/// assert_eq!(endpoint.to_string(), "wss://rpc.example:443/…");
/// ```
#[derive(Clone)]
pub struct Endpoint {
    url: Arc<str>,
    name: Arc<str>,
}

impl Endpoint {
    /// Any text: whether it is an address shows when it is connected.
    pub fn new(url: &str) -> Self {
        Self { url: url.into(), name: redacted(url).into() }
    }

    /// All of it, credentials included.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let hidden = if path.len() > 1 { "/…" } else { "" };
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{hidden}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_credentials() {
        for (url, shown) in [
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("ws://127.0.0.1:9944/", "ws://127.0.0.1:9944"),
            ("wss://a:b@c@host", "wss://host"),
            ("wss://host?key=1", "wss://host/…"),
            ("a:b@host:1", "host:1"),
            ("", ""),
        ] {
            assert_eq!(format!("{:?}", Endpoint::new(url)), shown);
        }
    }
}
