//! A worker's life as a pure function: what happened goes in, the new state and what to do come
//! out.
//!
//! A worker goes round: read how far it has come, start it if it is new, feed it until nothing is
//! left to send, collect its messages, judge by the chain what it lacks, do that, and rest until
//! the next block. One call is in flight at a time; its result is the next event. A failure to
//! feed ends the round and begins a new one later; a failure to earn (collect, judge, act) only
//! puts earning off, and feeding goes on.

mod event;
mod fault;
mod leaving;
mod phase;
mod saving;
#[cfg(test)]
mod tests;

pub(crate) use event::{Call, Event, Standing, Told};
pub(crate) use fault::{Cause, Fault};
pub use phase::Phase;
pub(crate) use phase::Trouble;
use saving::Saving;

use super::inventory::Goal;

/// Milliseconds of any clock that does not go back.
pub(crate) type Millis = u64;

/// How often a worker at rest is asked whether it still stands where it stood.
const HEALTH_CHECK: Millis = 15_000;

/// Parachain blocks that a worker may be behind and still count as caught up. Heartbeats that are
/// later than this are too late.
const TOLERATED_LAG: u32 = 10;

/// What an operator allows for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// It and its pool are enabled.
    pub(crate) enabled: bool,
    /// It or its pool is only kept in sync: nothing may cause a transaction.
    pub(crate) sync_only: bool,
    /// It saves its state and is left alone, also by later managers.
    pub(crate) drained: bool,
    /// What is wanted of it on chain.
    pub(crate) goal: Goal,
}

/// A worker.
#[expect(clippy::struct_excessive_bools, reason = "facts that hold each by itself")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Life {
    policy: Policy,
    stage: Stage,
    progress: Progress,
    /// It earns in between: feeding goes on afterwards.
    feed_on: bool,
    /// Blocks were executed, or messages were left over, since messages were last collected.
    egress_due: bool,
    /// The operator wants it registered anew.
    register_anew: bool,
    /// The operator wants its state saved.
    saving: Option<Saving>,
    /// What the chain last said it lacks.
    standing: Option<Standing>,
    /// When it was last judged.
    judged_at: Option<Millis>,
    /// Something else is wanted of it than when the call in flight was made.
    outdated: bool,
    /// Why feeding fails.
    feeding: Option<Fault>,
    /// Why earning fails.
    earning: Option<Fault>,
    /// Since when its phase is what it is.
    since: Millis,
}

/// How far it has come since it was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Not known to have a state.
    Unknown,
    /// On the way to the tip.
    Behind,
    /// Fed to the tip, and not far behind it since.
    CaughtUp,
}

/// Where a worker is on its round.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Disabled,
    Kicked,
    /// Its state is saved, or cannot be.
    Drained {
        text: String,
    },
    Calling(Call),
    /// Until the next block, or the next health check.
    Resting {
        until: Millis,
    },
    /// Until the next attempt.
    BackingOff {
        until: Millis,
    },
}

/// What comes of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// The worker.
    pub(crate) life: Life,
    /// To be done now, instead of any call in flight.
    pub(crate) call: Option<Call>,
    /// A call in flight is to be given up.
    pub(crate) cancel: bool,
}

impl Life {
    /// A worker that nothing is known of. [`Told::Configure`] begins its life.
    pub(crate) fn new(now: Millis) -> Self {
        Self {
            policy: Policy {
                enabled: false,
                sync_only: false,
                drained: false,
                goal: Goal::Compute,
            },
            stage: Stage::Disabled,
            progress: Progress::Unknown,
            feed_on: false,
            egress_due: true,
            register_anew: false,
            saving: None,
            standing: None,
            judged_at: None,
            outdated: false,
            feeding: None,
            earning: None,
            since: now,
        }
    }

    /// When [`Event::TimeCame`] is due, if nothing else happens.
    pub(crate) fn wake_at(&self) -> Option<Millis> {
        match self.stage {
            Stage::Resting { until } | Stage::BackingOff { until } => Some(until),
            Stage::Disabled | Stage::Kicked | Stage::Drained { .. } | Stage::Calling(_) => None,
        }
    }

    /// Whether the next block concerns it.
    pub(crate) fn waits_for_tip(&self) -> bool {
        matches!(self.stage, Stage::Resting { .. })
    }

    /// Since when its phase is what it is.
    pub(crate) fn since(&self) -> Millis {
        self.since
    }

    fn may_earn(&self, now: Millis) -> bool {
        !self.policy.sync_only && self.progress == Progress::CaughtUp && !self.is_held(now)
    }

    /// Earning failed, and it is too early for another attempt.
    fn is_held(&self, now: Millis) -> bool {
        self.earning.as_ref().is_some_and(|fault| now < fault.retry_at)
    }

    #[expect(clippy::unnecessary_wraps, reason = "every way to go on may end in a call")]
    fn call(&mut self, call: Call) -> Option<Call> {
        self.stage = Stage::Calling(call);
        Some(call)
    }

    fn begin(&mut self) -> Option<Call> {
        self.egress_due = true;
        self.standing = None;
        self.judged_at = None;
        self.outdated = false;
        self.feeding = None;
        self.earning = None;
        self.progress = Progress::Unknown;
        self.feed_on = false;
        self.saving = None;
        self.call(Call::ReadInfo)
    }

    /// The end of a round, or of what was done in between.
    fn rest(&mut self, now: Millis) -> Option<Call> {
        if let Some(fault) = &self.feeding {
            // It was judged all the same.
            self.stage = Stage::BackingOff { until: fault.retry_at };
            return None;
        }
        if std::mem::take(&mut self.feed_on) {
            return self.call(Call::Feed);
        }
        let retry = match &self.earning {
            Some(fault) if !self.policy.sync_only => fault.retry_at.max(now + 1),
            _ => Millis::MAX,
        };
        self.stage = Stage::Resting { until: (now + HEALTH_CHECK).min(retry) };
        None
    }

    /// It is fed: what it has to say, and what it lacks.
    fn earn(&mut self, now: Millis) -> Option<Call> {
        self.progress = Progress::CaughtUp;
        self.feeding = None;
        match self.may_earn(now) {
            true if self.egress_due => self.call(Call::CollectEgress),
            true => self.judge(now),
            false => self.rest(now),
        }
    }

    fn judge(&mut self, now: Millis) -> Option<Call> {
        self.judged_at = Some(now);
        let register_anew = self.register_anew;
        self.call(Call::Judge { register_anew })
    }

    fn obey(&mut self, told: Told, now: Millis) -> Option<Call> {
        match told {
            Told::Configure(policy) => self.configure(policy, now),
            _ if !self.policy.enabled => None,
            Told::Restart { .. } if self.policy.drained => None,
            Told::Restart { register_anew } => {
                self.register_anew |= register_anew;
                self.begin()
            }
            Told::Kick => {
                self.saving = None;
                self.stage = Stage::Kicked;
                None
            }
            Told::Checkpoint => self.save(Saving::ThenGoOn),
        }
    }

    fn configure(&mut self, policy: Policy, now: Millis) -> Option<Call> {
        let before = std::mem::replace(&mut self.policy, policy);
        if !policy.enabled {
            self.stage = Stage::Disabled;
            self.progress = Progress::Unknown;
            self.saving = None;
            return None;
        }
        if policy.drained && !before.enabled {
            // Whether its state was saved then is not known any more.
            self.stage = Stage::Drained { text: "drained earlier; restart it to go on".into() };
            return None;
        }
        if !before.enabled || before.drained && !policy.drained {
            return self.begin();
        }
        if policy.drained && !before.drained {
            let saves = self.save(Saving::ThenStop);
            if saves.is_some() {
                return saves;
            }
        }
        if before.sync_only == policy.sync_only && before.goal == policy.goal {
            return None;
        }
        self.standing = None;
        self.judged_at = None;
        self.earning = None;
        match self.stage {
            Stage::Resting { .. } => self.call(Call::Feed),
            Stage::BackingOff { .. } => self.judge_early(now),
            Stage::Calling(Call::Checkpoint) => None,
            Stage::Calling(call) if policy.sync_only && !call.is_feeding() => {
                let rest = self.rest(now);
                self.save_first(rest)
            }
            Stage::Calling(call) => {
                self.outdated = !call.is_feeding();
                None
            }
            _ => None,
        }
    }

    fn answered(&mut self, call: Call, event: Event, now: Millis) -> Option<Call> {
        if call == Call::Checkpoint {
            return self.saved(event, now);
        }
        let next = self.go_on(call, event, now);
        self.save_first(next)
    }

    fn go_on(&mut self, call: Call, event: Event, now: Millis) -> Option<Call> {
        if let Event::Failed { cause, text, jitter } = event {
            return self.failed(call, (cause, text, jitter), now);
        }
        let outdated = std::mem::take(&mut self.outdated);
        for fault in [&mut self.feeding, &mut self.earning] {
            fault.take_if(|fault| fault.is_of(call));
        }
        match (call, event) {
            (Call::ReadInfo, Event::Info { initialized: false, .. }) => {
                self.progress = Progress::Unknown;
                self.call(Call::Initialize)
            }
            (Call::ReadInfo, Event::Info { behind, .. }) => {
                if self.progress == Progress::Unknown || behind > TOLERATED_LAG {
                    self.progress = Progress::Behind;
                }
                self.egress_due = true;
                self.judge_behind(now).or_else(|| self.call(Call::Feed))
            }
            (Call::Initialize, Event::Initialized) => self.call(Call::ReadInfo),
            (Call::Feed, Event::Fed { behind, blocks }) => {
                self.egress_due |= blocks;
                if blocks && (1..=TOLERATED_LAG).contains(&behind) {
                    // One that executes blocks hardly faster than they come would never be done.
                    self.feed_on = true;
                    return self.earn(now);
                }
                if behind > TOLERATED_LAG {
                    self.progress = Progress::Behind;
                }
                self.judge_behind(now).or_else(|| self.call(Call::Feed))
            }
            (Call::Feed, Event::CaughtUp) => self.earn(now),
            (Call::CollectEgress, Event::Collected { left_over }) => {
                self.egress_due = left_over;
                self.judge(now)
            }
            (Call::Judge { .. }, Event::Judged(_)) if outdated => self.judge(now),
            (Call::Judge { .. }, Event::Judged(standing)) => {
                let act = matches!(standing, Standing::Lacks { .. });
                self.standing = Some(standing);
                if act {
                    return self.call(Call::Act);
                }
                self.earning = None;
                self.rest(now)
            }
            (Call::Act, Event::Acted { text }) => {
                self.register_anew = false;
                self.standing = Some(Standing::Underway { text });
                self.rest(now)
            }
            // No other event answers a call; the driver has none to give.
            _ => self.rest(now),
        }
    }

    fn failed(&mut self, call: Call, why: (Cause, String, f64), now: Millis) -> Option<Call> {
        let fault = if call.is_feeding() { &mut self.feeding } else { &mut self.earning };
        let next = Fault::after(fault.as_ref(), call, why, now);
        *fault = Some(next);
        let early = if call.is_feeding() { self.judge_early(now) } else { None };
        early.or_else(|| self.rest(now))
    }
}

/// What comes of `event` for `life` at `now`.
pub(crate) fn step(life: &Life, event: Event, now: Millis) -> Step {
    let mut next = life.clone();
    let told = matches!(event, Event::Told(_));
    let call = match (event, &life.stage) {
        (Event::Told(told), _) => next.obey(told, now),
        (Event::TipMoved | Event::TimeCame, Stage::Resting { until }) => {
            next.call(if now >= *until { Call::ReadInfo } else { Call::Feed })
        }
        (Event::TimeCame, Stage::BackingOff { until }) if now >= *until => {
            let read = next.call(Call::ReadInfo);
            next.save_first(read)
        }
        (Event::TipMoved | Event::TimeCame, _) => None,
        (answer, Stage::Calling(call)) => next.answered(*call, answer, now),
        // The answer to a call that was given up.
        _ => None,
    };
    if next.phase() != life.phase() {
        next.since = now;
    }
    let cancel = told && (call.is_some() || next.stage != life.stage);
    Step { life: next, call, cancel }
}
