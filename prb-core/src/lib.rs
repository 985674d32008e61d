//! The Runtime Bridge as a library.
//!
//! Three services keep a fleet of pRuntime workers in sync with the chain and earning:
//! a data provider, a lifecycle manager and a trader. Each is built with a builder that binds
//! nothing, started into a handle, and stopped through that handle.
//!
//! | Begin with | For |
//! |---|---|
//! | [`data_provider::DataProvider`] | following both chains, verified, and serving what workers need |
//! | [`lifecycle::Lifecycle`] | keeping workers in sync and earning |
//! | [`trader::Trader`] | signing and submitting what managers put into a queue |
//! | [`blob::client::BlobClient`] | reading from data providers elsewhere |
//! | [`queue::JobQueue`] | a queue of one's own, or one around another |
//! | [`lifecycle::InventoryStore`] | keeping pools and workers in one's own place |
//! | [`telemetry::Registry`] | figures and readiness of what runs |
//!
//! They meet in two traits only: a manager reads from any [`blob::BlobSource`], which a data
//! provider in the same process is, and talks to traders through any [`queue::JobQueue`]. So any
//! of them runs without the others.

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
