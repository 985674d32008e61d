//! A verifying double of pRuntime.
//!
//! It answers pRuntime's HTTP API and accepts or refuses what it is fed exactly as pRuntime does:
//! it checks GRANDPA justifications against the authority set it follows, proves para headers in
//! the relay chain's state, and applies storage changes to its own para trie. As a worker it reacts
//! to what it dispatches with signed messages. It shares no code with the bridge.
//!
//! ```no_run
//! use prb_devnet::pruntime::{Double, DoubleConfig};
//!
//! # async fn run() -> Result<(), prb_devnet::pruntime::DoubleError> {
//! let double = Double::builder(DoubleConfig::default()).build()?.start().await?;
//! println!("feed {}", double.endpoint());
//! double.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in: [`Double`] and its handle, `server` (HTTP), `instance` (one worker: locks,
//! files, faults), `phactory` (pRuntime as a plain value), `chain` and `light_client` (what is
//! verified), `chain_state` (the para trie), `worker` (what is reported).

mod attestation;
pub mod call;
mod chain;
mod chain_state;
mod config;
mod double;
mod follower;
mod identity;
mod instance;
mod light_client;
mod phactory;
pub mod proto;
pub mod scale;
mod server;
mod storage_key;
mod store;
mod worker;

pub use call::Method;
pub use config::{AttestationMethod, DoubleConfig, Mode};
pub use double::{Double, DoubleBuilder, DoubleError, DoubleExit, DoubleHandle};
pub use instance::Fault;
