//! Failures in a row, and how long to wait after them.

use super::{Call, Millis};

/// Why a call failed, as far as it matters for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The worker executes a block in the background: ask again at once.
    Busy,
    /// The worker does not stand where it was believed to stand.
    CountersMoved,
    /// The worker cannot be reached.
    Unreachable,
    /// The worker did not answer in time.
    Deadline,
    /// The worker refused, for a reason of its own.
    Refused,
    /// A block's storage changes do not give its state root.
    BadBlock,
    /// The data provider has not what is needed, or cannot be reached.
    NoData,
    /// No data provider keeps what came before the block that it began with.
    NoHistory,
    /// The worker's sealed key or state belongs to another chain.
    WrongChain,
    /// The start block does not prove itself: no worker may be started with it.
    BadGenesis,
    /// No request can take the worker on.
    Stuck,
    /// Another worker of the inventory has the same key and earns with it.
    SameKey,
    /// Another manager may speak for the worker.
    NoLease,
    /// The worker has no report of its attestation (yet).
    NoReport,
    /// The worker cannot attest itself in any way the chain accepts.
    NoAttestation,
    /// The queue takes no job.
    Queue,
    /// The chain's state cannot be read.
    ChainView,
}

impl Cause {
    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::CountersMoved => "counters_moved",
            Self::Unreachable => "unreachable",
            Self::Deadline => "deadline",
            Self::Refused => "refused",
            Self::BadBlock => "bad_block",
            Self::NoData => "no_data",
            Self::NoHistory => "no_history",
            Self::WrongChain => "wrong_chain",
            Self::BadGenesis => "bad_genesis",
            Self::Stuck => "stuck",
            Self::SameKey => "same_key",
            Self::NoLease => "no_lease",
            Self::NoReport => "no_report",
            Self::NoAttestation => "no_attestation",
            Self::Queue => "queue",
            Self::ChainView => "chain_view",
        }
    }

    /// The worker says nothing.
    pub(super) fn is_silence(self) -> bool {
        matches!(self, Self::Unreachable | Self::Deadline)
    }

    /// The first wait after it, and the longest.
    fn waits(self) -> (Millis, Millis) {
        match self {
            Self::Busy => (200, 2_000),
            Self::CountersMoved => (100, 10_000),
            Self::NoData => (500, 15_000),
            Self::Unreachable | Self::Refused => (1_000, 60_000),
            Self::Queue | Self::ChainView => (1_000, 30_000),
            Self::SameKey | Self::NoHistory => (2_000, 30_000),
            Self::NoLease => (500, 4_000),
            Self::Deadline | Self::BadBlock => (2_000, 60_000),
            Self::NoReport => (6_000, 120_000),
            Self::WrongChain | Self::BadGenesis | Self::Stuck | Self::NoAttestation => {
                (30_000, 600_000)
            }
        }
    }

    /// Failures in a row after which an operator should see it; `None` for no failure at all.
    ///
    /// At once what does not go away by itself, and late what is not the worker's fault.
    fn shown_after(self) -> Option<u32> {
        match self {
            Self::Busy => None,
            Self::WrongChain
            | Self::BadGenesis
            | Self::Stuck
            | Self::SameKey
            | Self::NoHistory
            | Self::NoAttestation => Some(1),
            Self::NoData | Self::ChainView | Self::Queue | Self::NoLease => Some(8),
            Self::CountersMoved
            | Self::Unreachable
            | Self::Deadline
            | Self::Refused
            | Self::BadBlock
            | Self::NoReport => Some(3),
        }
    }
}

/// Failures of one call in a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// What failed.
    pub(crate) call: Call,
    /// The last reason.
    pub(crate) cause: Cause,
    /// The last reason, for a person.
    pub(crate) text: String,
    /// How often in a row, for whatever reasons.
    pub(crate) count: u32,
    /// When it is tried again.
    pub(crate) retry_at: Millis,
}

impl Fault {
    pub(super) fn after(
        before: Option<&Self>,
        call: Call,
        (cause, text, jitter): (Cause, String, f64),
        now: Millis,
    ) -> Self {
        // To be busy is no failure, so the two are not counted together.
        let busy = |cause| cause == Cause::Busy;
        let same = |fault: &&Self| fault.is_of(call) && busy(fault.cause) == busy(cause);
        let count = before.filter(same).map_or(0, |fault| fault.count) + 1;
        let (first, longest) = cause.waits();
        let ceiling = first.saturating_mul(1 << (count - 1).min(20)).min(longest);
        // Between half and all of it, so that many who failed together do not return together.
        let wait = ceiling / 2 + ((ceiling / 2) as f64 * jitter.clamp(0.0, 1.0)) as Millis;
        Self { call, cause, text, count, retry_at: now.saturating_add(wait) }
    }

    /// Whether it is a failure of `call`, which a success of the call ends.
    pub(super) fn is_of(&self, call: Call) -> bool {
        std::mem::discriminant(&self.call) == std::mem::discriminant(&call)
    }

    /// Whether an operator should see it.
    pub(crate) fn is_shown(&self) -> bool {
        self.cause.shown_after().is_some_and(|failures| self.count >= failures)
    }
}
