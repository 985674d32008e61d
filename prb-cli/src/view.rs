//! What a person, or a script, is shown of a running bridge.
//!
//! A [`View`] is a plain value. What to print is a pure function of one or two of them: a screen
//! for a terminal ([`screen`]), or a line for each [`Change`] between two ([`changes`]).

use std::time::Duration;

use serde::Serialize;

mod change;
pub(crate) mod progress;
pub mod screen;
#[cfg(test)]
mod tests;
pub mod text;

pub use change::{Change, changes};

/// A running bridge at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Since the start.
    pub elapsed: Duration,
    /// What to know about the run as a whole: addresses, folders. Lines are only ever added.
    pub notes: Vec<String>,
    /// The relay chain.
    pub relay: Heights,
    /// The parachain.
    pub para: Heights,
    /// What the data provider has to give, once it runs.
    pub provider: Option<Provider>,
    /// In the order of their names.
    pub workers: Vec<Worker>,
}

/// How far a chain is, in blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heights {
    /// The newest block.
    pub best: u32,
    /// The newest final block.
    pub finalized: u32,
}

/// Up to which blocks a data provider has everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// Relay chain.
    pub relay: u32,
    /// Parachain.
    pub para: u32,
    /// What keeps it from going on; empty when all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

/// One worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Last relay chain header it has.
    pub relay: Option<u32>,
    /// Last parachain header it has.
    pub para: Option<u32>,
    /// Last parachain block it has executed.
    pub blocks: Option<u32>,
    /// What happened to it last.
    pub message: String,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing: it is disabled.
    #[default]
    Disabled,
    /// Not heard of yet, or being initialized.
    Starting,
    /// Catching up with the chain.
    Syncing,
    /// Level with the chain.
    Synced,
    /// On the way to computing: being registered, added to its pool, started.
    Preparing,
    /// Computing on chain.
    Computing,
    /// Left alone until it is restarted.
    Kicked,
    /// Stuck; its message says why.
    Failing,
}

impl State {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Starting => "starting",
            Self::Syncing => "syncing",
            Self::Synced => "synced",
            Self::Preparing => "preparing",
            Self::Computing => "computing",
            Self::Kicked => "kicked",
            Self::Failing => "failing",
        }
    }
}

impl View {
    /// Whether there are workers and all of them compute on chain.
    pub fn all_computing(&self) -> bool {
        !self.workers.is_empty() && self.workers.iter().all(|w| w.state == State::Computing)
    }

    /// Why not all workers compute: a line for each that does not.
    pub fn why_not_computing(&self) -> Vec<String> {
        if self.workers.is_empty() {
            return vec!["no worker was started".into()];
        }
        let waiting = self.workers.iter().filter(|worker| worker.state != State::Computing);
        waiting.map(|worker| text::worker(worker, self.relay, self.para)).collect()
    }
}
