//! What a worker lacks to earn, judged by the chain's state alone.
//!
//! A call that failed may have taken effect, and one that succeeded may not have: so no result of
//! a call is looked at here. The way is: registered for the right operator, scored, in its pool,
//! started with its stake.

use std::fmt;

use subxt::utils::AccountId32;

use crate::scale::on_chain::{SessionInfo, SessionState, TokenomicParameters, WorkerInfo};

mod amount;
mod fixed;
mod stake;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use amount::Amount;

/// Scores below this cannot be started with (the chain's `MinInitP`).
const CHAIN_MIN_SCORE: u32 = 50;

/// Most workers in a pool.
const MAX_POOL_WORKERS: usize = 200;

/// What an operator wants of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its pool.
    pub(crate) pid: u64,
    /// Planck.
    pub(crate) stake: u128,
    /// It serves the chain instead of a pool.
    pub(crate) gatekeeper: bool,
    /// The account in whose name the pool's calls are made: the proxied one if there is one.
    pub(crate) operator: AccountId32,
    /// Smallest score to be started with, if larger than the chain's.
    pub(crate) min_score: u32,
    /// Register, whatever the chain says.
    pub(crate) register_anew: bool,
}

/// What the chain says of a worker and its pool, at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its registration.
    pub(crate) registration: Option<WorkerInfo>,
    /// The pool it is in.
    pub(crate) assignment: Option<u64>,
    /// The session it is bound to.
    pub(crate) binding: Option<AccountId32>,
    /// What that session does.
    pub(crate) session: Option<SessionInfo>,
    /// The stake of that session, planck.
    pub(crate) session_stake: Option<u128>,
    /// The pool it should be in.
    pub(crate) pool: Option<SeenPool>,
    /// The rules for stakes; without them the chain alone decides.
    pub(crate) tokenomics: Option<TokenomicParameters>,
    /// Seconds from a stop until the stake can be reclaimed.
    pub(crate) cool_down_period: u64,
    /// Unix seconds.
    pub(crate) now: u64,
}

/// What the chain says of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenPool {
    /// Who may add, start and stop its workers.
    pub(crate) owner: AccountId32,
    /// Pools of the other kind have no workers.
    pub(crate) takes_workers: bool,
    /// How many it has.
    pub(crate) workers: usize,
    /// Stake that no worker uses, planck.
    pub(crate) free_stake: u128,
    /// Somebody waits for their stake, so none can be raised.
    pub(crate) withdrawing: bool,
}

/// What comes next for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The bridge can do something.
    Do(Deed),
    /// Something is on its way.
    Wait(Wait),
    /// Somebody has to provide something.
    Blocked(Blocked),
    /// It earns, or serves.
    Working(Working),
}

/// What the bridge can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Register it with a fresh report.
    Register(Register),
    /// Add it to its pool.
    AddWorker,
    /// Start it.
    Start {
        /// Planck.
        stake: u128,
    },
    /// Start it again with more.
    Raise {
        /// Planck.
        from: u128,
        /// Planck.
        to: u128,
    },
    /// Free the stake of a worker that has cooled down.
    Reclaim,
}

/// Why a worker is to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    /// It is not.
    First,
    /// It is, for another operator or none.
    Operator,
    /// The operator said so.
    Told,
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The score of its benchmark.
    Score,
    /// The end of its cool-down.
    CoolDown {
        /// From now.
        seconds: u64,
    },
    /// The chain says something that should pass.
    Session,
}

/// What somebody has to provide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// No pool has that id.
    UnknownPool(u64),
    /// A vault has no workers.
    NotAStakePool(u64),
    /// The operator may not touch the pool.
    NotOwner {
        /// Pool.
        pid: u64,
        /// Its owner.
        owner: AccountId32,
        /// The account that signs, or the proxied one.
        operator: AccountId32,
    },
    /// It is in another pool.
    InAnotherPool {
        /// Where it should be.
        pid: u64,
        /// Where it is.
        other: u64,
    },
    /// It is bound to a session outside of any pool.
    BoundElsewhere(AccountId32),
    /// It is in its pool, but bound to no session.
    Unbound(u64),
    /// The pool takes no more workers.
    PoolFull(u64),
    /// It is too slow.
    ScoreTooLow {
        /// Its score.
        score: u32,
        /// Smallest one to be started with.
        min: u32,
    },
    /// No stake is configured.
    NoStake,
    /// Less stake than the rule for its score asks for.
    StakeTooLow {
        /// Configured, planck.
        stake: u128,
        /// Smallest one allowed, planck.
        min: u128,
        /// Its score.
        score: u32,
    },
    /// So much stake that its V would be above the highest one allowed.
    StakeTooHigh {
        /// Configured, planck.
        stake: u128,
        /// Largest one allowed, planck.
        max: u128,
    },
    /// The pool has not that much.
    FreeStake {
        /// Pool.
        pid: u64,
        /// Needed, planck.
        needed: u128,
        /// Free, planck.
        free: u128,
    },
}

/// How a worker works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Working {
    /// It is registered, and more is not wanted of it.
    Gatekeeper,
    /// It computes.
    Computing {
        /// Planck.
        stake: u128,
        /// It owes heartbeats.
        unresponsive: bool,
        /// Why its stake is not the one configured.
        stake_kept: Option<StakeKept>,
    },
}

/// Why a stake is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StakeKept {
    /// It can only be raised.
    Lower,
    /// Not while somebody waits for their stake.
    Withdrawing,
    /// It may not be so.
    Blocked(Box<Blocked>),
}

/// Decides what comes next.
pub(crate) fn next(wanted: &Wanted, seen: &Seen) -> Next {
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
        let (owner, operator) = (pool.owner.clone(), wanted.operator.clone());
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
        (None, Some(session)) => Some(Next::Blocked(Blocked::BoundElsewhere(session.clone()))),
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
        SessionState::WorkerCoolingDown => {
            let end = session.cool_down_start.saturating_add(seen.cool_down_period);
            match end.checked_sub(seen.now).filter(|seconds| *seconds > 0) {
                Some(seconds) => Next::Wait(Wait::CoolDown { seconds }),
                None => Next::Do(Deed::Reclaim),
            }
        }
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

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Do(deed) => write!(f, "going to {deed}"),
            Self::Wait(wait) => wait.fmt(f),
            Self::Blocked(blocked) => blocked.fmt(f),
            Self::Working(working) => working.fmt(f),
        }
    }
}
