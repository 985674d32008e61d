//! Why a node could not start or dial.

use std::net::SocketAddr;

use libp2p::{Multiaddr, PeerId};
use thiserror::Error;

/// Why a node could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The identity's key is of no use to libp2p.
    #[error("the identity cannot be used: {reason}")]
    Identity {
        /// What is wrong with it.
        reason: String,
    },
    /// The network stack could not be set up.
    #[error("the network cannot be used: {reason}")]
    Network {
        /// What failed.
        reason: String,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Which.
        address: Multiaddr,
        /// What failed.
        reason: String,
    },
    /// The gRPC address cannot be listened on.
    #[error("cannot serve gRPC on {address}: {reason}")]
    Grpc {
        /// Which.
        address: SocketAddr,
        /// What failed.
        reason: String,
    },
}

/// Why an address could not be dialled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DialError {
    /// Nobody answered there, or not the peer that was expected.
    #[error("cannot dial {address}: {reason}")]
    Failed {
        /// Where.
        address: Multiaddr,
        /// What failed.
        reason: String,
    },
    /// This node has stopped.
    #[error("this node has stopped")]
    Stopped,
}

/// A call got no answer, as the node sees it.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// There was no way to the peer.
    Unreachable(String),
    /// Too many calls are under way.
    Busy,
}

/// How a call ends for the one who made it.
pub(crate) type Answered = Result<super::stream::Frame, NoAnswer>;

/// How a dial ends for the one who asked for it.
pub(crate) type Dialled = Result<PeerId, String>;

/// What lies at the bottom of an error; the layers above it often say nothing.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let deeper = error.to_string();
        if !deeper.is_empty() {
            said = deeper;
        }
        inner = error.source();
    }
    said
}

/// Why a peer could not be dialled, in one line; libp2p's own has one for each address.
pub(crate) fn not_dialled(error: &libp2p::swarm::DialError) -> String {
    use libp2p::swarm::DialError::{LocalPeerId, NoAddresses, Transport, WrongPeerId};
    match error {
        Transport(attempts) => attempts
            .iter()
            .map(|(address, error)| format!("{address}: {}", cause(error)))
            .collect::<Vec<_>>()
            .join("; "),
        WrongPeerId { obtained, address } => {
            format!("{address}: another peer is there, {obtained}")
        }
        LocalPeerId { address } => format!("{address}: that is this node"),
        NoAddresses => "no known address".to_owned(),
        other => other.to_string(),
    }
}
