//! What operators see of a worker's state.

use prb_walkie::proto::worker_state::Status;

use super::{Call, Cause, Fault, Life, Progress, Saving, Stage, Standing};
use crate::lifecycle::notice::Health;

/// Where a worker stands, derived from its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It or its pool is disabled.
    Disabled,
    /// Left alone until restarted.
    Kicked,
    /// Saves its state, to be left alone.
    Draining,
    /// Its state is saved, or cannot be, and it is left alone until restarted: its process may be
    /// stopped.
    Drained,
    /// Not heard of yet, or being given its start state.
    Starting,
    /// Being fed towards the tip.
    Syncing,
    /// At the tip; what the chain says of it is not known yet, or it is only kept in sync.
    Synced,
    /// At the tip, on the way to computing.
    Preparing,
    /// Computes on chain.
    Computing,
    /// Does not compute, as its operator wants.
    Stopped,
    /// Cannot go on before somebody changes something, or fails again and again.
    Failing,
}

impl Phase {
    /// All of them, in the order of a worker's life.
    pub const ALL: [Self; 11] = [
        Self::Disabled,
        Self::Kicked,
        Self::Draining,
        Self::Drained,
        Self::Starting,
        Self::Syncing,
        Self::Synced,
        Self::Preparing,
        Self::Computing,
        Self::Stopped,
        Self::Failing,
    ];

    /// Its name in messages and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Kicked => "kicked",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Starting => "starting",
            Self::Syncing => "syncing",
            Self::Synced => "synced",
            Self::Preparing => "preparing",
            Self::Computing => "computing",
            Self::Stopped => "stopped",
            Self::Failing => "failing",
        }
    }

    /// As peers know it.
    pub fn wire(self) -> Status {
        match self {
            Self::Disabled => Status::SIdle,
            Self::Kicked | Self::Draining | Self::Drained => Status::SKicked,
            Self::Starting => Status::SStarting,
            Self::Syncing => Status::SSynching,
            Self::Synced | Self::Stopped => Status::SSynched,
            Self::Preparing => Status::SPreActive,
            Self::Computing => Status::SActive,
            Self::Failing => Status::SError,
        }
    }
}

/// What keeps a worker from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// It cannot be fed; else it cannot earn.
    pub(crate) feeding: bool,
    /// Why.
    pub(crate) cause: Cause,
    /// Why, for a person.
    pub(crate) text: String,
    /// It lasts, so that an operator should know.
    pub(crate) shown: bool,
}

impl Life {
    /// What operators see.
    pub(crate) fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Disabled => return Phase::Disabled,
            Stage::Kicked => return Phase::Kicked,
            Stage::Drained { .. } => return Phase::Drained,
            _ if self.saving == Some(Saving::ThenStop) => return Phase::Draining,
            // Whether its machine still answers is nobody's concern.
            _ if self.is_stopped() => return Phase::Stopped,
            _ if self.shown_fault().is_some() => return Phase::Failing,
            Stage::Calling(Call::Initialize) => return Phase::Starting,
            _ => {}
        }
        match (self.progress, &self.standing) {
            (Progress::Unknown, _) => Phase::Starting,
            (Progress::Behind, _) => Phase::Syncing,
            (Progress::CaughtUp, None) => Phase::Synced,
            (_, Some(Standing::Computing { .. })) => Phase::Computing,
            (_, Some(Standing::Stopped { .. })) => Phase::Stopped,
            (_, Some(Standing::Blocked { .. })) => Phase::Failing,
            (_, Some(Standing::Underway { .. } | Standing::Lacks { .. })) => Phase::Preparing,
        }
    }

    /// Why it is where it is, for a person; empty where the phase says all.
    pub(crate) fn reason(&self) -> &str {
        let fault = self.feeding.as_ref().or(self.earning.as_ref());
        match (&self.stage, fault, &self.standing) {
            (Stage::Disabled | Stage::Kicked, ..) => "",
            (Stage::Drained { text }, ..) | (_, _, Some(Standing::Stopped { text })) => text,
            (_, Some(fault), _) => &fault.text,
            (_, None, Some(standing)) if self.progress == Progress::CaughtUp => standing.text(),
            _ => "",
        }
    }

    /// What keeps it from being fed, or else from earning.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let fault = self.feeding.as_ref().or(self.earning.as_ref())?;
        Some(Trouble {
            feeding: self.feeding.is_some(),
            cause: fault.cause,
            text: fault.text.clone(),
            shown: fault.is_shown(),
        })
    }

    /// Whether it needs somebody's attention.
    pub(crate) fn health(&self) -> Health {
        match (self.phase(), self.shown_fault(), &self.standing) {
            (
                Phase::Disabled | Phase::Kicked | Phase::Draining | Phase::Drained | Phase::Stopped,
                ..,
            ) => Health::LeftAlone,
            (_, Some(fault), _) if fault.cause.is_silence() => Health::Offline,
            (Phase::Failing, ..) => Health::Error,
            (Phase::Computing, _, Some(Standing::Computing { responsive: false, .. })) => {
                Health::Unresponsive
            }
            _ => Health::Well,
        }
    }

    fn is_stopped(&self) -> bool {
        matches!(self.standing, Some(Standing::Stopped { .. }))
    }

    fn shown_fault(&self) -> Option<&Fault> {
        [&self.feeding, &self.earning].into_iter().flatten().find(|fault| fault.is_shown())
    }
}

impl Standing {
    fn text(&self) -> &str {
        match self {
            Self::Computing { text, .. }
            | Self::Underway { text }
            | Self::Blocked { text }
            | Self::Stopped { text }
            | Self::Lacks { text } => text,
        }
    }
}
