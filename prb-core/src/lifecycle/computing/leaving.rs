//! What is left to do for a worker that is to stop, or to leave its pool.

use super::{AtRest, Blocked, Deed, Goal, Next, Seen, Wait, Wanted, cool_down_left, usable_pool};
use crate::scale::on_chain::SessionState;

/// Decides what comes next. No call is made that `wanted.goal` does not name, but for bringing the
/// stake back: whoever stops a worker wants it.
pub(super) fn next(wanted: &Wanted, seen: &Seen) -> Next {
    let pid = wanted.pid;
    match seen.assignment {
        None => return Next::AtRest(AtRest::OutOfPool),
        Some(other) if other != pid => {
            return Next::Blocked(Blocked::InAnotherPool { pid, other });
        }
        Some(_) => {}
    }
    if let Err(blocked) = usable_pool(wanted, seen) {
        return Next::Blocked(blocked);
    }
    if seen.binding.is_none() {
        return Next::Blocked(Blocked::Unbound(pid));
    }
    let Some(session) = &seen.session else { return Next::Wait(Wait::Session) };
    match (session.state, wanted.goal) {
        (SessionState::Unused, _) => Next::Wait(Wait::Session),
        (SessionState::WorkerIdle | SessionState::WorkerUnresponsive, _) => Next::Do(Deed::Stop),
        (SessionState::WorkerCoolingDown, _) => match cool_down_left(session, seen) {
            Some(seconds) => Next::AtRest(AtRest::CoolingDown { seconds }),
            None => Next::Do(Deed::Reclaim),
        },
        (SessionState::Ready, Goal::LeavePool) => Next::Do(Deed::LeavePool),
        (SessionState::Ready, _) => Next::AtRest(AtRest::InPool(pid)),
    }
}
