//! Why an embedded network does not run.

use std::io;
use std::net::SocketAddr;

use super::{ConfigError, ProduceError};

/// Why an embedded network did not start or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The configuration makes no network.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A port cannot be had, most often because something else listens there.
    #[error("the {chain} node cannot listen on {address}: {source}")]
    Bind {
        /// `parachain` or `relay chain`.
        chain: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// A block could not be made.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// Two RPC methods have one name: a mistake in this crate.
    #[error("RPC methods: {0}")]
    Methods(String),
    /// A thread of the network panicked: a mistake in this crate.
    #[error("a task of the network panicked: {0}")]
    Panicked(String),
    /// Tasks did not end within the deadline of shutdown.
    #[error("the network's tasks did not end within {0} s")]
    Shutdown(u64),
}
