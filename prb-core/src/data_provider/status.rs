//! How far a data provider is, and what keeps it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use prb_walkie::proto::data_provider::Info;

use crate::chain::EndpointHealth;
use crate::store::KindStats;

mod figures;
mod obstacles;
mod progress;

pub(super) use progress::{Progress, height};

/// What a data provider does, step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Finding out what workers start from.
    Genesis,
    /// Following the relay chain.
    Relay,
    /// Fetching parachain headers.
    Headers,
    /// Fetching and replaying parachain blocks.
    Blocks,
    /// Fetching a block anew that a worker could not use.
    Repair,
    /// Writing to the store.
    Store,
}

impl Stage {
    /// All of them, in the order in which blocks go through them.
    pub const ALL: [Self; 6] =
        [Self::Genesis, Self::Relay, Self::Headers, Self::Blocks, Self::Repair, Self::Store];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Relay => "relay",
            Self::Headers => "headers",
            Self::Blocks => "blocks",
            Self::Repair => "repair",
            Self::Store => "store",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What keeps a stage from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The latest reason.
    pub reason: String,
    /// Since when it has not gone on.
    pub since: SystemTime,
    /// Attempts that failed since then.
    pub attempts: u32,
}

/// One chain as a data provider reaches it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainStatus {
    /// Its nodes, in the order of the configuration.
    pub endpoints: Vec<EndpointHealth>,
    /// Requests to all of them since the start.
    pub calls: u64,
    /// Requests that were not answered.
    pub failures: u64,
    /// Bytes of JSON in the answers.
    pub bytes: u64,
    /// When a block of it was last stored, since the start.
    pub last_stored: Option<SystemTime>,
}

impl ChainStatus {
    fn take(&mut self, endpoints: Vec<EndpointHealth>) {
        let sum = |of: fn(&EndpointHealth) -> u64| endpoints.iter().map(of).sum();
        self.calls = sum(|endpoint| endpoint.calls);
        self.failures = sum(|endpoint| endpoint.failures);
        self.bytes = sum(|endpoint| endpoint.bytes);
        self.endpoints = endpoints;
    }
}

/// A file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Room left for this process.
    pub free: u64,
    /// Its size.
    pub size: u64,
}

/// Status of a data provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderStatus {
    /// Heights, rates and chunk sizes as they are served.
    pub info: Info,
    /// What keeps it, by stage; empty when all is well.
    pub problems: BTreeMap<Stage, Problem>,
    /// The relay chain.
    pub relay: ChainStatus,
    /// The parachain.
    pub para: ChainStatus,
    /// Answers of nodes that were refused since the start.
    pub refused: u64,
    /// Blocks fetched anew since the start because a worker could not use them.
    pub repaired: u64,
    /// Times that all stages began anew, as the store had failed.
    pub restarts: u64,
    /// Attempts that failed since the start, by stage.
    pub failures: BTreeMap<Stage, u64>,
    /// It asks no node: another provider ingests what it serves.
    pub serves_only: bool,
    /// When it was started.
    pub started: Option<SystemTime>,
    /// How much is stored, by kind, as of the last minute.
    pub store: Vec<KindStats>,
    /// Where the store's folder is, as of the last minute.
    pub disk: Option<Disk>,
}
