//! The data provider: follows the relay chain and the parachain, verifies what it gets, stores it
//! once, and serves it ready for pRuntime.
//!
//! ```text
//! relay ──► segments ──► parachain headers ──► blocks with storage changes ──► served
//!           verified      proven by the          replayed to each header's
//!           all through   relay chain's state    state root
//! ```
//! A relay chain segment becomes visible only when the parachain headers it commits to are stored.

mod audit;
mod config;
mod follow;
mod genesis;
mod handle;
mod ingest;
mod offline;
#[cfg(feature = "walkie")]
mod rpc;
mod serve;
mod service;
mod state;
mod status;
mod stock;
#[cfg(test)]
mod tests;

pub use audit::{Unverified, Verified};
pub use config::{ConfigError, DataProviderConfig, VerifyState};
pub use handle::DataProviderHandle;
pub use offline::{Finding, ImportError, OfflineStore, Part, Report};
#[cfg(feature = "walkie")]
pub use rpc::DataProviderRpc;
pub use service::{DataProvider, DataProviderBuilder};
pub use status::{ChainStatus, Disk, Problem, ProviderStatus, Stage};

pub use crate::store::{Bucket, BucketCredentials, KindStats, StoreConfig, StoreError};
