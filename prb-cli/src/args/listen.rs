//! Where something is served on request.

use std::net::SocketAddr;
use std::str::FromStr;

/// Where something is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// Here; port 0 takes a free one.
    At(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let wrong = |_| "an address and port, as 127.0.0.1:9471, or off".to_owned();
        text.parse().map(Self::At).map_err(wrong)
    }
}
