//! What happens to a worker, and what is done for it.

use super::{Cause, Policy};

/// Something to do whose result is the next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Read what the worker is and how far it has come.
    ReadInfo,
    /// Give it its start block and state.
    Initialize,
    /// Send what it needs next, if there is something.
    Feed,
    /// Fetch its messages, and put those that the chain lacks in the queue.
    CollectEgress,
    /// Compare it with the chain.
    Judge {
        /// Find that it must register, whatever the chain says.
        register_anew: bool,
    },
    /// Do what the last judgement asked for.
    Act,
    /// Have the worker save its state.
    Checkpoint,
}

impl Call {
    /// Whether the worker cannot be fed without it.
    pub(super) fn is_feeding(self) -> bool {
        matches!(self, Self::ReadInfo | Self::Initialize | Self::Feed)
    }
}

/// What the chain says of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It earns.
    Computing {
        /// For a person.
        text: String,
        /// Its heartbeats arrive.
        responsive: bool,
    },
    /// It lacks something that is on its way.
    Underway {
        /// For a person.
        text: String,
    },
    /// It lacks something that somebody has to provide.
    Blocked {
        /// For a person.
        text: String,
    },
    /// It does not compute, as is wanted.
    Stopped {
        /// For a person.
        text: String,
    },
    /// It lacks something that the bridge can do.
    Lacks {
        /// For a person.
        text: String,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// An operator's will.
    Told(Told),
    /// The next block is there, or the chain's view moved.
    TipMoved,
    /// The time that [`Life::wake_at`](super::Life::wake_at) named has come.
    TimeCame,
    /// `ReadInfo` was answered.
    Info {
        /// The worker has a state.
        initialized: bool,
        /// Parachain blocks to the tip.
        behind: u32,
    },
    /// `Initialize` was answered.
    Initialized,
    /// `Feed` sent something, and the worker took it.
    Fed {
        /// Parachain blocks to the tip.
        behind: u32,
        /// They may have made the worker say something.
        blocks: bool,
    },
    /// `Feed` found nothing to send: the worker has all there is.
    CaughtUp,
    /// `CollectEgress` is done.
    Collected {
        /// Messages stay behind, to be looked at again.
        left_over: bool,
    },
    /// `Judge` is done.
    Judged(Standing),
    /// `Act` is done.
    Acted {
        /// What was done.
        text: String,
    },
    /// `Checkpoint` is done.
    Checkpointed {
        /// What was saved, for a person.
        text: String,
    },
    /// The call failed.
    Failed {
        /// Why.
        cause: Cause,
        /// For a person.
        text: String,
        /// In 0..1, spreads those who failed together.
        jitter: f64,
    },
}

/// What an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// From now on.
    Configure(Policy),
    /// Begin anew, unless it is drained.
    Restart {
        /// And register with a fresh report.
        register_anew: bool,
    },
    /// Leave it alone until it is restarted.
    Kick,
    /// Have it save its state, and go on.
    Checkpoint,
}
