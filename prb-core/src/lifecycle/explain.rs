//! Why a worker earns, or what it takes until it does: the conditions, in the order in which they
//! come to be met.

use uuid::Uuid;

use super::computing::{Seen, Wanted, conditions};
use super::inventory::Goal;
use super::machine::{Phase, Policy, Trouble};

mod condition;
mod remedy;
#[cfg(test)]
mod tests;

pub use condition::{Condition, ConditionState, Requirement};

/// A worker and the conditions under which it earns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Its id in the inventory.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// All conditions, first those that others rest on.
    pub conditions: Vec<Condition>,
}

impl Explanation {
    /// The first condition that is not met: what keeps it from earning.
    pub fn first_unmet(&self) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.state != ConditionState::Met)
    }
}

/// What is known of a worker.
#[derive(Clone, Debug)]
pub(crate) struct Situation<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Where it stands.
    pub(crate) phase: Phase,
    /// Why, for a person.
    pub(crate) message: &'a str,
    /// What its operator allows.
    pub(crate) policy: Policy,
    /// The manager does nothing for any worker.
    pub(crate) config_mode: bool,
    /// The last block it executed.
    pub(crate) block: Option<u32>,
    /// What keeps it from being fed or from earning.
    pub(crate) trouble: Option<Trouble>,
    /// What is wanted, and what the chain says; or why that is not known.
    pub(crate) on_chain: Result<(Wanted, Seen), String>,
}

/// Judges the conditions.
pub(crate) fn explain(situation: &Situation<'_>) -> Vec<Condition> {
    let mut all = vec![allowed(situation), synced(situation)];
    match &situation.on_chain {
        Err(reason) => all.push(Condition::unknown(Requirement::Registered, reason)),
        Ok((wanted, seen)) => {
            let mut on_chain = conditions(wanted, seen, situation.name);
            // What stands in the way is among them, unless what comes next was refused.
            let is_blocked = on_chain.iter().any(|it| it.state == ConditionState::Failed);
            let refused = refused(situation).filter(|_| !is_blocked);
            let underway = |it: &&mut Condition| it.state == ConditionState::Underway;
            if let (Some(next), Some((reason, remedy))) =
                (on_chain.iter_mut().find(underway), refused)
            {
                *next = Condition::failed(next.requirement, reason, remedy);
            }
            all.append(&mut on_chain);
        }
    }
    all
}

fn allowed(situation: &Situation<'_>) -> Condition {
    let (requirement, name) = (Requirement::Allowed, situation.name);
    let (reason, remedy) = match (situation.phase, situation.policy) {
        _ if situation.config_mode => (
            "the manager is in config mode and does nothing for workers",
            "start the manager without --config-mode".to_owned(),
        ),
        (Phase::Kicked, _) => ("it was kicked", format!("prb worker restart {name:?}")),
        (Phase::Draining | Phase::Drained, _) => {
            ("it was drained", format!("prb worker restart {name:?}"))
        }
        (_, Policy { enabled: false, .. }) => (
            "it or its pool is disabled",
            format!("prb worker edit {name:?} --enabled true, or prb pool edit"),
        ),
        (_, Policy { sync_only: true, .. }) => (
            "it, its pool or the manager is only to keep it in sync",
            format!("prb worker edit {name:?} --sync-only false, or prb pool edit"),
        ),
        (_, Policy { goal: Goal::Stop, .. }) => {
            ("it is to be stopped", format!("prb worker start {name:?}"))
        }
        (_, Policy { goal: Goal::LeavePool, .. }) => {
            ("it is to leave its pool", format!("prb worker start {name:?}"))
        }
        _ => return Condition::met(requirement, "enabled"),
    };
    Condition::failed(requirement, reason, remedy)
}

fn synced(situation: &Situation<'_>) -> Condition {
    let requirement = Requirement::Synced;
    let message = situation.message;
    if let Some(trouble) = situation.trouble.as_ref().filter(|it| it.feeding) {
        return if trouble.shown {
            let remedy = remedy::of(trouble.cause, situation.name);
            Condition::failed(requirement, &trouble.text, remedy)
        } else {
            Condition::underway(requirement, &trouble.text)
        };
    }
    match (situation.phase, situation.block) {
        (Phase::Disabled | Phase::Kicked | Phase::Draining | Phase::Drained, _) => {
            Condition::unknown(requirement, "not asked")
        }
        (Phase::Starting | Phase::Syncing, _) => Condition::underway(requirement, message),
        (_, Some(block)) => Condition::met(requirement, format!("at block {block}")),
        (_, None) => Condition::met(requirement, "at the tip"),
    }
}

/// Why what comes next is not done, and what to do about it, if an operator should know.
fn refused(situation: &Situation<'_>) -> Option<(String, String)> {
    match &situation.trouble {
        Some(trouble) if trouble.feeding => None,
        Some(trouble) if trouble.shown => {
            Some((trouble.text.clone(), remedy::of(trouble.cause, situation.name)))
        }
        // The trader or the chain said no, and is asked again.
        None if situation.phase == Phase::Failing => Some((
            situation.message.to_owned(),
            "see what the chain said: prb queue list failed".to_owned(),
        )),
        _ => None,
    }
}
