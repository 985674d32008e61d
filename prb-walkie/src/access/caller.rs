//! Who calls.

use std::fmt;
use std::net::IpAddr;

use libp2p::PeerId;

/// Who calls, as far as the transport proved it. Handlers find it in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A peer; the connection proved its id.
    Peer {
        /// Its id.
        id: PeerId,
        /// The host it calls from, where that is an IP address.
        host: Option<IpAddr>,
    },
    /// A client over gRPC.
    Grpc {
        /// Whether it sent the right bearer token.
        token: bool,
    },
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer { id, host: Some(host) } => write!(f, "peer {id} at {host}"),
            Self::Peer { id, host: None } => write!(f, "peer {id}"),
            Self::Grpc { token: true } => write!(f, "gRPC client with the token"),
            Self::Grpc { token: false } => write!(f, "gRPC client without a token"),
        }
    }
}
