//! The trader: takes jobs from the queue, batches and signs them, submits the extrinsics, and
//! reports what became of each call.
//!
//! ```text
//! JobQueue ─► collect ─► account: batch ─► extrinsic ─► node
//!    ▲                      │  ledger: what is signed and unresolved
//!    └─ ending ◄─ outcome ◄─┴─ finalized blocks
//! ```
//!
//! Every signing account is driven by itself and has one nonce stream. Only finalized blocks tell
//! what became of an extrinsic; while that is open for anything the account has sent, nothing new
//! is signed that could do the same again.

mod account;
mod account_info;
pub mod batch;
mod blocks;
pub mod calls;
mod collect;
mod config;
mod dry_run;
mod ending;
pub mod era;
pub mod events;
pub mod extrinsic;
mod figures;
mod handle;
pub mod ledger;
mod message;
pub mod operator;
pub mod outcome;
mod parameters;
mod proxy;
mod publish;
mod refusal;
#[cfg(feature = "walkie")]
mod rpc;
pub mod runtime;
mod runtimes;
mod status;
mod tasks;
#[cfg(test)]
mod tests;

pub use config::{TraderConfig, TraderConfigError};
pub use dry_run::{DryRun, DryRunError, Verdict};
pub use handle::{Trader, TraderBuilder, TraderError, TraderHandle};
pub use operator::{Operator, OperatorError, OperatorOpener, OperatorSealer};
pub use proxy::{PROXIED_CALLS, Proxied};
pub use publish::{PublishedAccount, PublishedProxied};
#[cfg(feature = "walkie")]
pub use rpc::{TraderProgress, TraderRpc};
pub use status::{AccountStatus, TraderStatus};
