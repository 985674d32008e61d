//! What is wrong with a bridge, and what an operator can do about it. Pure.

use prb_walkie::proto::data_provider::{self, Info};
use prb_walkie::proto::{WorkerState, trader};
use serde::Serialize;

use super::facts::{Facts, Queue, Service};
use crate::trader::{needs, pha};

mod nodes;
mod workers;

/// Something that somebody should see to.
#[expect(clippy::struct_field_names, reason = "programs that read the answer know it by this name")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// Which part.
    pub(super) about: String,
    /// What is wrong with it.
    pub(super) problem: String,
    /// What to do.
    pub(super) remedy: String,
}

/// How bad it is; the worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// Workers do not earn, or soon will not.
    Critical,
    /// It goes on, and not as it should.
    Warning,
}

impl Problem {
    fn new(
        severity: Severity,
        about: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { severity, about: about.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

use Severity::{Critical, Warning};

/// A provider that stores nothing is to be seen to once it is so many blocks behind.
const STANDS_STILL: i32 = 20;

/// All that is wrong, the worst first.
pub(super) fn of(facts: &Facts) -> Vec<Problem> {
    let mut problems = nodes::of("relay chain", "--relay-endpoint", &facts.relay);
    problems.extend(nodes::of("parachain", "--para-endpoint", &facts.para));
    problems.extend(facts.unreached.iter().map(|(node, reason)| {
        let about = format!("boot node {node}");
        Problem::new(Warning, about, reason, "correct its address, or start the service there")
    }));
    problems.extend(providers(facts));
    problems.extend(managers(facts));
    problems.extend(traders(facts));
    match &facts.queue {
        None => {}
        Some(Err(reason)) => {
            let remedy = "start Redis, or correct --redis; managers feed on and send nothing \
                          until it is back";
            problems.push(Problem::new(Critical, "queue", reason, remedy));
        }
        Some(Ok(queue)) => problems.extend(of_queue(queue, facts)),
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// A service that does not answer.
fn silent<T>(role: &str, service: &Service<T>) -> Option<Problem> {
    let reason = service.told.as_ref().err()?;
    let about = service.name(role);
    Some(if reason.contains("needs a grant") {
        let remedy = "give --psk-file with the key that it was given, or ask on its host";
        Problem::new(Warning, about, reason, remedy)
    } else {
        let remedy = format!("see on its host whether it runs: prb health --service {role}");
        Problem::new(Critical, about, reason, remedy)
    })
}

fn absent(role: &str, what: &str, facts: &Facts) -> Problem {
    let where_looked =
        if facts.looked_around { "on this host and among the peers" } else { "on this host" };
    let remedy = format!(
        "prb run {role}; one that runs is found by --data-dir on its host, and by --boot-node \
         with its address from elsewhere"
    );
    Problem::new(Critical, what, format!("none was found {where_looked}"), remedy)
}

fn providers(facts: &Facts) -> Vec<Problem> {
    if facts.providers.is_empty() {
        return vec![absent("data-provider", "data providers", facts)];
    }
    let of = |service: &Service<Info>| {
        silent("data-provider", service).or_else(|| stands_still(service))
    };
    facts.providers.iter().filter_map(of).collect()
}

/// One that catches up is as it should be; one that does not get on is not.
fn stands_still(service: &Service<Info>) -> Option<Problem> {
    let info = service.told.as_ref().ok()?;
    let about = service.name("data-provider");
    let remedy = "its log and /readyz on port 9461 of its host say why: nodes that do not answer, \
                  are pruned or lie, or a full disk";
    if info.status() == data_provider::Status::SUnknown || info.para_target < 0 {
        let problem = "it has not heard of any block yet";
        return Some(Problem::new(Critical, about, problem, remedy));
    }
    let chains = [
        ("relay chain", info.parent_target, info.parent_committed_height, info.parent_rate),
        ("parachain", info.para_target, info.para_committed_height, info.para_rate),
    ];
    chains.into_iter().find_map(|(chain, target, stored, rate)| {
        let behind = target.saturating_sub(stored);
        (behind > STANDS_STILL && rate <= 0.0).then(|| {
            let problem =
                format!("it stored nothing of the {chain} lately, {behind} blocks behind");
            Problem::new(Critical, &about, problem, remedy)
        })
    })
}

fn managers(facts: &Facts) -> Vec<Problem> {
    if facts.managers.is_empty() {
        return vec![absent("lifecycle", "lifecycle managers", facts)];
    }
    let [_, para] = facts.finalized();
    let of = |manager: &Service<Vec<WorkerState>>| match &manager.told {
        Err(_) => silent("lifecycle", manager).into_iter().collect(),
        Ok(states) => workers::of(&manager.name("lifecycle"), states, para),
    };
    facts.managers.iter().flat_map(of).collect()
}

fn traders(facts: &Facts) -> Vec<Problem> {
    let published = facts.queue.as_ref().and_then(|told| told.as_ref().ok());
    let published = |account: &&trader::Account| {
        let accounts = published.map(|queue| &queue.accounts[..]).unwrap_or_default();
        accounts.iter().any(|it| it.account == account.ss58_phala)
    };
    let mut problems = Vec::new();
    for trader in &facts.traders {
        problems.extend(silent("trader", trader));
        let Ok(status) = &trader.told else { continue };
        let about = trader.name("trader");
        if !status.waiting_for.is_empty() {
            let problem = format!("it takes no jobs: it waits for {}", status.waiting_for);
            problems.push(Problem::new(Critical, &about, problem, "see to what it waits for"));
        }
        let not_told_yet = status.accounts.iter().filter(|account| !published(account));
        problems.extend(not_told_yet.flat_map(|it| of_account(&about, it)));
    }
    problems
}

/// Of an account that is not published beside the queue, or where that was not asked.
fn of_account(about: &str, account: &trader::Account) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |severity, problem, remedy| {
        let about = format!("account {} of {about}", account.ss58_phala);
        problems.push(Problem::new(severity, about, problem, remedy));
    };
    if account.low_balance {
        let problem = format!("its balance of {} is low", pha(&account.balance));
        add(Critical, problem, "send it some tokens");
    }
    if !account.settling.is_empty() {
        let problem = format!("it sends nothing new: {}", account.settling);
        add(Warning, problem, "wait; if it stays, see whether somebody else signs with it");
    }
    problems
}

fn of_queue(queue: &Queue, facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let counts = queue.counts;
    let waiting = counts.waiting + counts.active + counts.delayed;
    if waiting > 0 && queue.accounts.is_empty() && facts.traders.is_empty() {
        let problem = format!("{waiting} jobs wait and no trader has told of itself lately");
        problems.push(Problem::new(Critical, "queue", problem, "prb run trader"));
    }
    if counts.failed > 0 {
        let why = queue.last_failure.as_deref().unwrap_or("the reason is not known");
        let problem = format!("{} jobs failed, the last one: {why}", counts.failed);
        let remedy =
            "prb queue list failed; then prb queue retry-failed, or prb queue clear failed";
        problems.push(Problem::new(Warning, "queue", problem, remedy));
    }
    for account in &queue.accounts {
        let severity = if account.low_balance { Critical } else { Warning };
        problems.extend(needs(account).into_iter().map(|need| {
            let about = format!("account {}", account.account);
            Problem::new(severity, about, need, "prb trader accounts")
        }));
    }
    problems
}
