//! What a worker lacks to earn, judged by the chain's state alone.
//!
//! A call that failed may have taken effect, and one that succeeded may not have: so no result of
//! a call is looked at here. The way is: registered for the right operator, scored, in its pool,
//! started with its stake.

use super::inventory::Goal;
use crate::scale::on_chain::{SessionInfo, SessionState};

mod amount;
mod conditions;
mod fixed;
mod leaving;
mod remedy;
mod situation;
mod stake;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use amount::{Amount, AmountError};
pub(crate) use conditions::conditions;
pub(crate) use situation::{Seen, SeenPool, Wanted};
pub(crate) use verdict::{AtRest, Blocked, Deed, Next, Register, StakeKept, Wait, Working};

/// Scores below this cannot be started with (the chain's `MinInitP`).
const CHAIN_MIN_SCORE: u32 = 50;

/// Most workers in a pool.
const MAX_POOL_WORKERS: usize = 200;

/// Decides what comes next. Where others reach it is published once it works.
pub(crate) fn next(wanted: &Wanted, seen: &Seen) -> Next {
    if wanted.goal != Goal::Compute {
        return leaving::next(wanted, seen);
    }
    match to_work(wanted, seen) {
        Next::Working(_)
            if !wanted.public_endpoints.is_empty() && wanted.public_endpoints != seen.endpoints =>
        {
            Next::Do(Deed::Publish)
        }
        next => next,
    }
}

fn to_work(wanted: &Wanted, seen: &Seen) -> Next {
    let registration = match (&seen.registration, wanted.register_anew) {
        (_, true) => return Next::Do(Deed::Register(Register::Told)),
        (None, _) => return Next::Do(Deed::Register(Register::First)),
        (Some(it), _) if it.operator.as_ref() != Some(&wanted.operator) => {
            return Next::Do(Deed::Register(Register::Operator));
        }
        (Some(registration), _) => registration,
    };
    if wanted.gatekeeper {
        return Next::Working(Working::Gatekeeper);
    }
    let Some(score) = registration.initial_score else { return Next::Wait(Wait::Score) };
    let min = wanted.min_score.max(CHAIN_MIN_SCORE);
    if score < min {
        return Next::Blocked(Blocked::ScoreTooLow { score, min });
    }
    let pool = match usable_pool(wanted, seen) {
        Ok(pool) => pool,
        Err(blocked) => return Next::Blocked(blocked),
    };
    match in_pool(wanted, seen, pool) {
        Some(next) => next,
        None => in_session(wanted, seen, pool, score, registration.confidence_level),
    }
}

fn usable_pool<'a>(wanted: &Wanted, seen: &'a Seen) -> Result<&'a SeenPool, Blocked> {
    let pid = wanted.pid;
    let pool = seen.pool.as_ref().ok_or(Blocked::UnknownPool(pid))?;
    if !pool.takes_workers {
        return Err(Blocked::NotAStakePool(pid));
    }
    if pool.owner != wanted.operator {
        let (owner, operator) = (pool.owner, wanted.operator);
        return Err(Blocked::NotOwner { pid, owner, operator });
    }
    Ok(pool)
}

/// What is missing until it is in its pool.
fn in_pool(wanted: &Wanted, seen: &Seen, pool: &SeenPool) -> Option<Next> {
    let pid = wanted.pid;
    match (seen.assignment, &seen.binding) {
        (Some(other), _) if other != pid => {
            Some(Next::Blocked(Blocked::InAnotherPool { pid, other }))
        }
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some(Next::Blocked(Blocked::Unbound(pid))),
        (None, Some(session)) => Some(Next::Blocked(Blocked::BoundElsewhere(*session))),
        (None, None) if pool.workers >= MAX_POOL_WORKERS => {
            Some(Next::Blocked(Blocked::PoolFull(pid)))
        }
        (None, None) => Some(Next::Do(Deed::AddWorker)),
    }
}

fn in_session(
    wanted: &Wanted,
    seen: &Seen,
    pool: &SeenPool,
    score: u32,
    confidence_level: u8,
) -> Next {
    let allowed = |more: u128| {
        stake::check(wanted.stake, score, confidence_level, seen.tokenomics.as_ref())?;
        if pool.free_stake < more {
            let (pid, free) = (wanted.pid, pool.free_stake);
            return Err(Blocked::FreeStake { pid, needed: more, free });
        }
        Ok(())
    };
    let Some(session) = &seen.session else { return Next::Wait(Wait::Session) };
    match session.state {
        SessionState::Unused => Next::Wait(Wait::Session),
        SessionState::Ready => match allowed(wanted.stake) {
            Ok(()) => Next::Do(Deed::Start { stake: wanted.stake }),
            Err(blocked) => Next::Blocked(blocked),
        },
        SessionState::WorkerCoolingDown => match cool_down_left(session, seen) {
            Some(seconds) => Next::Wait(Wait::CoolDown { seconds }),
            None => Next::Do(Deed::Reclaim),
        },
        SessionState::WorkerIdle | SessionState::WorkerUnresponsive => {
            let stake = seen.session_stake.unwrap_or_default();
            let unresponsive = session.state == SessionState::WorkerUnresponsive;
            let stake_kept = match wanted.stake.checked_sub(stake) {
                _ if wanted.stake == 0 => None,
                Some(0) => None,
                None => Some(StakeKept::Lower),
                Some(_) if pool.withdrawing => Some(StakeKept::Withdrawing),
                Some(more) => match allowed(more) {
                    Ok(()) => return Next::Do(Deed::Raise { from: stake, to: wanted.stake }),
                    Err(blocked) => Some(StakeKept::Blocked(Box::new(blocked))),
                },
            };
            Next::Working(Working::Computing { stake, unresponsive, stake_kept })
        }
    }
}

/// Seconds until the stake of a stopped worker can be reclaimed, if any.
fn cool_down_left(session: &SessionInfo, seen: &Seen) -> Option<u64> {
    let end = session.cool_down_start.saturating_add(seen.cool_down_period);
    end.checked_sub(seen.now).filter(|seconds| *seconds > 0)
}
