//! The Runtime Bridge as a library.
//!
//! Three services keep a fleet of pRuntime workers in sync with the chain and earning:
//! a data provider, a lifecycle manager and a trader. Each is built with a builder that binds
//! nothing, started into a handle, and stopped through that handle.

#![forbid(unsafe_code)]

pub mod backoff;
pub mod blob;
pub mod chain;
pub mod data_provider;
pub mod error;
mod hashes;
pub mod lifecycle;
pub mod pruntime;
pub mod queue;
pub mod scale;
pub mod store;
pub mod telemetry;
#[cfg(test)]
mod test_cases;
#[cfg(test)]
mod test_vectors;
mod tls;
pub mod trader;
