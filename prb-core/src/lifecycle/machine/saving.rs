//! A worker saves its state: on demand, or to be stopped.
//!
//! A worker that is stopped while it executes blocks may leave a checkpoint behind that cannot be
//! read. So a call in flight ends first, and nothing is sent afterwards.

use super::{Call, Cause, Event, Fault, Life, Millis, Stage};

/// What comes after the state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saving {
    ThenGoOn,
    ThenStop,
}

impl Life {
    /// The operator wants the state saved. A call in flight ends first.
    pub(super) fn save(&mut self, saving: Saving) -> Option<Call> {
        let alone = matches!(self.stage, Stage::Disabled | Stage::Drained { .. });
        if alone || self.stage == Stage::Kicked && saving == Saving::ThenGoOn {
            return None;
        }
        // A wish to stop stays one.
        if self.saving != Some(Saving::ThenStop) {
            self.saving = Some(saving);
        }
        if matches!(self.stage, Stage::Calling(_)) { None } else { self.call(Call::Checkpoint) }
    }

    /// Saving the state goes before what would be next.
    pub(super) fn save_first(&mut self, next: Option<Call>) -> Option<Call> {
        if self.saving.is_some() { self.call(Call::Checkpoint) } else { next }
    }

    /// What saving the state came to.
    pub(super) fn saved(&mut self, event: Event, now: Millis) -> Option<Call> {
        let saving = self.saving;
        let text = match event {
            Event::Checkpointed { text } => text,
            Event::Failed { cause, text, jitter } => {
                let stops = saving == Some(Saving::ThenStop);
                if cause == Cause::Busy || stops && cause.is_silence() {
                    let before = self.feeding.as_ref();
                    let fault = Fault::after(before, Call::Checkpoint, (cause, text, jitter), now);
                    self.stage = Stage::BackingOff { until: fault.retry_at };
                    self.feeding = Some(fault);
                    return None;
                }
                format!("no checkpoint: {text}")
            }
            // No other event answers the call; the driver has none to give.
            _ => "no checkpoint".to_owned(),
        };
        self.saving = None;
        self.feeding.take_if(|fault| fault.is_of(Call::Checkpoint));
        if saving == Some(Saving::ThenStop) {
            self.stage = Stage::Drained { text: format!("drained, {text}; restart it to go on") };
            return None;
        }
        self.call(Call::ReadInfo)
    }
}
