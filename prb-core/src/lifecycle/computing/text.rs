//! What is told to operators, in their words.

use std::fmt;

use super::amount::Amount;
use super::{AtRest, Blocked, Deed, Next, Register, StakeKept, Wait, Working};
use crate::chain::address::Address;

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Do(deed) => write!(f, "going to {deed}"),
            Self::Wait(wait) => wait.fmt(f),
            Self::Blocked(blocked) => blocked.fmt(f),
            Self::Working(working) => working.fmt(f),
            Self::AtRest(at_rest) => at_rest.fmt(f),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(Register::First) => f.write_str("register"),
            Self::Register(Register::Operator) => f.write_str("register for this pool's operator"),
            Self::Register(Register::Told) => f.write_str("register anew"),
            Self::AddWorker => f.write_str("add to the pool"),
            Self::Start { stake } => write!(f, "start computing with {}", Amount(*stake)),
            Self::Raise { from, to } => {
                write!(f, "raise the stake from {} to {}", Amount(*from), Amount(*to))
            }
            Self::Reclaim => f.write_str("reclaim the stake after the cool-down"),
            Self::Publish => f.write_str("publish its endpoints"),
            Self::Stop => f.write_str("stop computing"),
            Self::LeavePool => f.write_str("leave the pool"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score => f.write_str("registered; waiting for the score of the benchmark"),
            Self::CoolDown { seconds } => cooling_down(*seconds, f),
            Self::Session => f.write_str("waiting for the chain to show the worker's session"),
        }
    }
}

fn cooling_down(seconds: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    write!(f, "cooling down for another {hours} h {minutes} min {} s", seconds % 60)
}

impl fmt::Display for AtRest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoolingDown { seconds } => {
                f.write_str("stopped, ")?;
                cooling_down(*seconds, f)
            }
            Self::InPool(pid) => write!(f, "stopped, in pool {pid}"),
            Self::OutOfPool => f.write_str("in no pool"),
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPool(pid) => write!(f, "there is no pool {pid} on chain"),
            Self::NotAStakePool(pid) => {
                write!(f, "pool {pid} is a vault, which cannot have workers")
            }
            Self::NotOwner { pid, owner, operator } => write!(
                f,
                "pool {pid} belongs to {}, not to this bridge's operator {}",
                Address(owner),
                Address(operator)
            ),
            Self::InAnotherPool { pid, other } => {
                write!(f, "the worker is in pool {other}, not in {pid}: remove it there first")
            }
            Self::BoundElsewhere(session) => write!(
                f,
                "the worker is bound to session {} outside of any pool: unbind it first",
                Address(session)
            ),
            Self::Unbound(pid) => write!(
                f,
                "the worker is in pool {pid} but bound to no session: remove it from the pool \
                 first"
            ),
            Self::PoolFull(pid) => write!(f, "pool {pid} has as many workers as a pool may have"),
            Self::ScoreTooLow { score, min } => {
                write!(f, "the worker's score is {score}, and at least {min} is needed")
            }
            Self::NoStake => f.write_str("no stake is configured for the worker"),
            Self::StakeTooLow { stake, min, score } => write!(
                f,
                "a stake of {} is below {}, the smallest for a score of {score}",
                Amount(*stake),
                Amount(*min)
            ),
            Self::StakeTooHigh { stake, max } => {
                write!(f, "a stake of {} is above {}, the largest", Amount(*stake), Amount(*max))
            }
            Self::FreeStake { pid, needed, free } => write!(
                f,
                "pool {pid} has {} of free stake, and {} is needed",
                Amount(*free),
                Amount(*needed)
            ),
        }
    }
}

impl fmt::Display for Working {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gatekeeper => f.write_str("registered, as is wanted of a gatekeeper"),
            Self::Computing { stake, unresponsive, stake_kept } => {
                write!(f, "computing with {}", Amount(*stake))?;
                if *unresponsive {
                    f.write_str("; unresponsive: its heartbeats are missing on chain")?;
                }
                match stake_kept {
                    None => Ok(()),
                    Some(StakeKept::Lower) => {
                        f.write_str("; a lower stake needs a stop and a cool-down")
                    }
                    Some(StakeKept::Withdrawing) => {
                        f.write_str("; no stake is raised while the pool has withdrawals to pay")
                    }
                    Some(StakeKept::Blocked(why)) => write!(f, "; stake not raised: {why}"),
                }
            }
        }
    }
}
