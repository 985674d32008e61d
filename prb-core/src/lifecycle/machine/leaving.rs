//! A worker that is to stop is judged wherever it stands: it may never reach the tip, and nothing of
//! what is left to do needs it.

use super::{Call, Goal, HEALTH_CHECK, Life, Millis};

impl Life {
    /// Judges it now rather than at the tip, if it is to stop and was not judged of late.
    pub(super) fn judge_early(&mut self, now: Millis) -> Option<Call> {
        let is_to_stop = self.policy.goal != Goal::Compute && !self.policy.sync_only;
        let of_late = self.judged_at.is_some_and(|at| now < at + HEALTH_CHECK);
        if !is_to_stop || of_late || self.is_held(now) {
            return None;
        }
        self.judge(now)
    }

    /// The same on its way to the tip, which goes on afterwards.
    pub(super) fn judge_behind(&mut self, now: Millis) -> Option<Call> {
        let judge = self.judge_early(now);
        self.feed_on |= judge.is_some();
        judge
    }
}
