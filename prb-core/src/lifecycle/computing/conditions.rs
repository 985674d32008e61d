//! The conditions of earning that the chain's state decides.

use super::amount::Amount;
use super::{Blocked, CHAIN_MIN_SCORE, Deed, Goal, Next, Seen, Wait, Wanted};
use super::{in_pool, in_session, leaving, stake, usable_pool};
use crate::chain::address::Address;
use crate::lifecycle::explain::{Condition, ConditionState, Requirement};
use crate::scale::on_chain::{SessionInfo, SessionState};

/// Judges them for the worker called `name`. A gatekeeper only has to be registered, and of one that
/// is not to compute it is told how far that has come.
pub(crate) fn conditions(wanted: &Wanted, seen: &Seen, name: &str) -> Vec<Condition> {
    let judge = Judge { wanted, seen, name };
    if wanted.goal != Goal::Compute {
        return vec![judge.leaving()];
    }
    if wanted.gatekeeper {
        return vec![judge.registered()];
    }
    vec![
        judge.registered(),
        judge.score(),
        judge.pool(),
        judge.stake(),
        judge.free_stake(),
        judge.computing(),
        judge.heartbeat(),
    ]
}

struct Judge<'a> {
    wanted: &'a Wanted,
    seen: &'a Seen,
    name: &'a str,
}

impl Judge<'_> {
    fn registered(&self) -> Condition {
        let requirement = Requirement::Registered;
        let operator = &self.wanted.operator;
        let Some(registration) = &self.seen.registration else {
            return Condition::underway(requirement, "it is not registered");
        };
        match &registration.operator {
            Some(found) if found == operator => {
                Condition::met(requirement, format!("for {}", Address(operator)))
            }
            Some(other) => {
                let (other, operator) = (Address(other), Address(operator));
                let detail = format!("it is registered for {other}, and not for {operator}");
                Condition::underway(requirement, detail)
            }
            None => Condition::underway(requirement, "it is registered for no operator"),
        }
    }

    fn leaving(&self) -> Condition {
        let requirement = Requirement::Computing;
        match leaving::next(self.wanted, self.seen) {
            Next::Blocked(blocked) => self.blocked(requirement, &blocked),
            next @ Next::AtRest(_) => Condition::unknown(requirement, next.to_string()),
            next => Condition::underway(requirement, next.to_string()),
        }
    }

    fn score(&self) -> Condition {
        let requirement = Requirement::Score;
        if self.seen.registration.is_none() {
            return Condition::unknown(requirement, "it has none before it is registered");
        }
        let min = self.wanted.min_score.max(CHAIN_MIN_SCORE);
        match self.known_score() {
            None => Condition::underway(requirement, Wait::Score.to_string()),
            Some(score) if score < min => {
                self.blocked(requirement, &Blocked::ScoreTooLow { score, min })
            }
            Some(score) => Condition::met(requirement, format!("{score}, and {min} is needed")),
        }
    }

    fn pool(&self) -> Condition {
        let requirement = Requirement::Pool;
        let pool = match usable_pool(self.wanted, self.seen) {
            Ok(pool) => pool,
            Err(blocked) => return self.blocked(requirement, &blocked),
        };
        let pid = self.wanted.pid;
        match in_pool(self.wanted, self.seen, pool) {
            None => Condition::met(requirement, format!("in pool {pid}")),
            Some(Next::Blocked(blocked)) => self.blocked(requirement, &blocked),
            Some(_) => Condition::underway(requirement, format!("it is not in pool {pid} yet")),
        }
    }

    /// What the chain took once it takes on; only another stake is judged anew.
    fn stake(&self) -> Condition {
        let requirement = Requirement::Stake;
        if let Some(staked) = self.staked() {
            return Condition::met(requirement, Amount(staked).to_string());
        }
        let level = self.seen.registration.as_ref().map_or(1, |it| it.confidence_level);
        let Some(score) = self.known_score() else {
            return Condition::unknown(requirement, "what is allowed depends on the score");
        };
        let wanted = self.wanted.stake;
        match stake::check(wanted, score, level, self.seen.tokenomics.as_ref()) {
            Ok(()) => Condition::met(requirement, Amount(wanted).to_string()),
            Err(blocked) => self.blocked(requirement, &blocked),
        }
    }

    fn free_stake(&self) -> Condition {
        let requirement = Requirement::FreeStake;
        if self.staked().is_some() {
            return Condition::met(requirement, "in use");
        }
        if self.session_is(SessionState::WorkerCoolingDown) {
            return Condition::unknown(requirement, "its last stake is reclaimed first");
        }
        let Some(pool) = &self.seen.pool else {
            return Condition::unknown(requirement, "the pool is not known");
        };
        let (pid, needed, free) = (self.wanted.pid, self.wanted.stake, pool.free_stake);
        if free < needed {
            return self.blocked(requirement, &Blocked::FreeStake { pid, needed, free });
        }
        Condition::met(requirement, format!("{} in pool {pid}", Amount(free)))
    }

    fn computing(&self) -> Condition {
        let requirement = Requirement::Computing;
        let Some(session) = &self.seen.session else {
            return Condition::unknown(requirement, "it has no session");
        };
        if self.staked().is_none() && self.stake().state == ConditionState::Failed {
            return Condition::unknown(requirement, "it cannot be started with that stake");
        }
        let text = match self.next_in(session) {
            Some(next) => next.to_string(),
            None => format!("{:?}", session.state),
        };
        match session.state {
            SessionState::WorkerIdle | SessionState::WorkerUnresponsive => {
                Condition::met(requirement, text)
            }
            _ => Condition::underway(requirement, text),
        }
    }

    fn heartbeat(&self) -> Condition {
        let requirement = Requirement::Heartbeat;
        if self.session_is(SessionState::WorkerUnresponsive) {
            let remedy = "see why its messages do not get on chain in time: prb queue list, and \
                          how far it is behind: prb worker status";
            return Condition::failed(requirement, "its heartbeats are missing on chain", remedy);
        }
        match self.staked() {
            Some(_) => Condition::met(requirement, "accepted"),
            None => Condition::unknown(requirement, "it sends none before it computes"),
        }
    }

    /// What comes next as far as its session goes.
    fn next_in(&self, session: &SessionInfo) -> Option<Next> {
        let (pool, score) = (self.seen.pool.as_ref()?, self.known_score()?);
        let level = self.seen.registration.as_ref()?.confidence_level;
        Some(match in_session(self.wanted, self.seen, pool, score, level) {
            // That the pool cannot pay is said elsewhere.
            Next::Blocked(_) if session.state == SessionState::Ready => {
                Next::Do(Deed::Start { stake: self.wanted.stake })
            }
            next => next,
        })
    }

    fn known_score(&self) -> Option<u32> {
        self.seen.registration.as_ref()?.initial_score
    }

    /// What it computes with, if it does.
    fn staked(&self) -> Option<u128> {
        let computes = self.session_is(SessionState::WorkerIdle)
            || self.session_is(SessionState::WorkerUnresponsive);
        computes.then(|| self.seen.session_stake.unwrap_or_default())
    }

    fn session_is(&self, state: SessionState) -> bool {
        self.seen.session.as_ref().is_some_and(|session| session.state == state)
    }

    fn blocked(&self, requirement: Requirement, blocked: &Blocked) -> Condition {
        Condition::failed(requirement, blocked.to_string(), blocked.remedy(self.name))
    }
}
