//! The lifecycle manager: keeps pools and workers, feeds each worker, puts its messages on chain,
//! registers it, adds it to its pool, starts it with its stake, and watches it.
//!
//! ```text
//!  inventory ──► fleet ──► worker ──► machine: what to do next, a pure step
//!                            │
//!             feed ◄─────────┼─────────► earn
//!   sync::plan over blobs    │    egress, computing over chain_view ──► queue
//!                            ▼
//!                         pruntime
//! ```
//! Everything that decides is a pure function: `machine` (a worker's life), `sync::plan` (what to
//! send), `egress` (which messages), `computing` (what is lacking on chain), `intent` (whether to
//! ask again), `explain` (what keeps a worker from earning).

mod blobs;
mod chain_view;
mod collateral;
mod computing;
mod config;
mod egress;
mod error;
mod explain;
mod figures;
mod fleet;
mod handle;
pub mod import;
mod intent;
mod inventory;
mod key_claims;
mod leases;
mod machine;
mod notice;
mod operators;
mod report;
#[cfg(feature = "walkie")]
mod rpc;
mod service;
mod shared;
mod sync;
mod unfinished;
mod worker;

pub use collateral::CollateralService;
pub use computing::{Amount, AmountError};
pub use config::{CacheLimits, LifecycleConfig, StartFrom};
pub use error::{BuildError, CommandError, ServiceError, ShutdownError};
pub use explain::{Condition, ConditionState, Explanation, Requirement};
pub use handle::{Heights, LifecycleHandle};
pub use inventory::{
    Field, InventoryChange, InventoryError, InventoryRecord, InventoryStore, OfflineInventory,
    OperatorSecret, RecordKind, SecretError,
};
pub use leases::NoLeases;
pub use machine::Phase;
pub use notice::{
    Health, Notice, NoticeCounts, NoticeKind, NoticeWorker, SIGNATURE_HEADER, SecretLength,
    TIMESTAMP_HEADER, Webhook, WebhookSecret,
};
pub use report::{WorkerChange, WorkerHistory, WorkerMessage, WorkerReport};
#[cfg(feature = "walkie")]
pub use rpc::LifecycleRpc;
pub use service::{Lifecycle, LifecycleBuilder};
