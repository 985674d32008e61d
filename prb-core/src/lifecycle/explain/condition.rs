//! A condition, and how it stands.

use std::fmt;

/// What a worker needs in order to earn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// Its operator lets it live and earn.
    Allowed,
    /// It is fed to the tip.
    Synced,
    /// It is registered on chain for the right operator.
    Registered,
    /// Its benchmark has a score, and one that is high enough.
    Score,
    /// It is in its pool, whose workers the operator may command.
    Pool,
    /// Its stake is one that the chain takes for its score: at least k·√score.
    Stake,
    /// The pool has that much stake that no other worker uses.
    FreeStake,
    /// It was started.
    Computing,
    /// The chain takes its heartbeats.
    Heartbeat,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Synced => "synced",
            Self::Registered => "registered",
            Self::Score => "score",
            Self::Pool => "pool",
            Self::Stake => "stake",
            Self::FreeStake => "free stake",
            Self::Computing => "computing",
            Self::Heartbeat => "heartbeat",
        })
    }
}

/// How a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConditionState {
    /// It cannot be judged before others are met.
    Unknown,
    /// It is so.
    Met,
    /// The bridge or the chain is at it.
    Underway,
    /// Somebody has to do something.
    Failed,
}

/// A condition of earning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// What it is about.
    pub requirement: Requirement,
    /// How it stands.
    pub state: ConditionState,
    /// Why, for a person.
    pub detail: String,
    /// What to do about it; empty where nothing is to be done.
    pub remedy: String,
}

impl Condition {
    pub(crate) fn unknown(requirement: Requirement, detail: impl Into<String>) -> Self {
        Self::of(requirement, ConditionState::Unknown, detail)
    }

    pub(crate) fn met(requirement: Requirement, detail: impl Into<String>) -> Self {
        Self::of(requirement, ConditionState::Met, detail)
    }

    pub(crate) fn underway(requirement: Requirement, detail: impl Into<String>) -> Self {
        Self::of(requirement, ConditionState::Underway, detail)
    }

    pub(crate) fn failed(
        requirement: Requirement,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = remedy.into();
        Self { remedy, ..Self::of(requirement, ConditionState::Failed, detail) }
    }

    fn of(requirement: Requirement, state: ConditionState, detail: impl Into<String>) -> Self {
        Self { requirement, state, detail: detail.into(), remedy: String::new() }
    }
}
