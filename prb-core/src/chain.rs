//! A connected chain: requests to its nodes, the storage keys a bridge reads.

pub(crate) mod address;
pub mod client;
pub mod endpoint;
pub mod error;
pub(crate) mod figures;
pub mod health;
pub mod keys;
#[cfg(test)]
pub(crate) mod recorded;
pub mod source;
pub mod verify;

pub use client::{ChainClient, ChainClientConfig};
pub use endpoint::Endpoint;
pub use error::{ChainError, Refusal};
pub use health::{EndpointHealth, EndpointPolicy, Need};
pub use source::ChainSource;
