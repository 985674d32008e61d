//! Settings of the lifecycle manager.

use std::path::PathBuf;
use std::time::Duration;

use super::collateral::CollateralService;
use super::notice::Webhook;
use super::sync::plan::Limits;
use crate::pruntime::{Deadlines, HttpConfig};

/// What a fresh worker begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartFrom {
    /// The newest full state that the data provider keeps, if the worker takes it: one from before
    /// the block that registered it. It can never become a gatekeeper. Else the genesis.
    #[default]
    KeptState,
    /// The genesis, always.
    Genesis,
}

/// How much is kept of what was fetched or encoded lately. Whichever limit is reached first wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most bytes.
    pub bytes: usize,
    /// Most items; any number if none is said.
    pub items: Option<usize>,
    /// An item is forgotten after this time; never if none is said.
    pub age: Option<Duration>,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, items: Some(5_000), age: Some(Duration::from_mins(30)) }
    }
}

/// Settings of a [`Lifecycle`](super::Lifecycle).
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
#[non_exhaustive]
pub struct LifecycleConfig {
    /// The inventory is kept in a folder in here.
    pub data_dir: PathBuf,
    /// Keep the inventory and answer, and do nothing else: no worker, node or data provider is asked.
    pub config_mode: bool,
    /// Id of the parachain; without it the chain is asked.
    pub para_id: Option<u32>,
    /// Start and register workers without attestation. Only development chains accept them.
    pub skip_attestation: bool,
    /// Whom to ask for what a chain needs beside the quotes of workers that attest by DCAP.
    pub collateral: Option<CollateralService>,
    /// Keep all workers in sync and do nothing else, whatever the inventory says.
    pub sync_only: bool,
    /// Smallest score that a worker may compute with, where enforced. The chain asks for 50.
    pub min_bench_score: u32,
    /// Whether `min_bench_score` counts.
    pub enforce_min_bench_score: bool,
    /// What fresh workers begin with.
    pub start_from: StartFrom,
    /// How long workers may take to answer.
    pub deadlines: Deadlines,
    /// Connections to workers.
    pub http: HttpConfig,
    /// What is kept of headers and blocks for all workers together.
    pub cache: CacheLimits,
    /// Where notices about workers in trouble are posted to; they are logged in any case.
    pub webhook: Option<Webhook>,
    /// How long a worker must be well before it is told to have recovered.
    pub recovered_after: Duration,
    /// How long a shutdown waits for calls in flight before it gives them up.
    pub shutdown_timeout: Duration,
    pub(crate) limits: Limits,
}

impl LifecycleConfig {
    /// The defaults, with the inventory under `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            config_mode: false,
            para_id: None,
            skip_attestation: false,
            collateral: None,
            sync_only: false,
            min_bench_score: 50,
            enforce_min_bench_score: false,
            start_from: StartFrom::default(),
            deadlines: Deadlines::default(),
            http: HttpConfig::default(),
            cache: CacheLimits::default(),
            webhook: None,
            recovered_after: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(4),
            limits: Limits::default(),
        }
    }

    /// The bridge's own bar for scores; the chain's stands beside it.
    pub(crate) fn min_score(&self) -> u32 {
        if self.enforce_min_bench_score { self.min_bench_score } else { 0 }
    }
}
