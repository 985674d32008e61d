//! The nodes of one chain, and what is learnt about them by asking.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rand::Rng;
use serde::de::DeserializeOwned;
use subxt::utils::H256;
use tokio::time::Instant;

use super::ChainClientConfig;
use super::connection::answer::Answer;
use super::connection::{Connection, Params, Turn};
use crate::backoff::Backoff;
use crate::chain::health::{self, EndpointHealth, EndpointPolicy, Need};
use crate::chain::{ChainError, Refusal};

/// How long others are asked before a node that did not answer.
const REST: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
/// How long others are asked before a node that gave something wrong.
const DISTRUST: Duration = Duration::from_mins(10);
/// What a node could not do it may be able to do later.
const FORGET: Duration = Duration::from_mins(10);

pub(super) struct Nodes {
    nodes: Vec<Node>,
    policy: EndpointPolicy,
}

pub(super) struct Node {
    pub(super) connection: Connection,
    learnt: Mutex<Learnt>,
}

#[derive(Default)]
struct Learnt {
    health: EndpointHealth,
    failures_in_a_row: u32,
    rests_until: Option<Instant>,
    /// Requests it did not understand, or left unanswered while it answered others: such answers
    /// do not end the rest.
    errors_in_a_row: u32,
    erred_until: Option<Instant>,
    distrusted_until: Option<Instant>,
    other_chain_until: Option<Instant>,
    archive: Option<(bool, Instant)>,
    proves_finality: Option<(bool, Instant)>,
}

impl Nodes {
    pub(super) fn new(config: &mut ChainClientConfig) -> Self {
        let endpoints = std::mem::take(&mut config.endpoints).into_iter();
        let nodes = endpoints.map(|endpoint| {
            let health =
                EndpointHealth { endpoint: endpoint.to_string(), ..EndpointHealth::default() };
            let learnt = Mutex::new(Learnt { health, ..Learnt::default() });
            Node { connection: Connection::new(endpoint, config), learnt }
        });
        Self { nodes: nodes.collect(), policy: config.policy }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    pub(super) fn health(&self) -> Vec<EndpointHealth> {
        let now = Instant::now();
        let health = self.nodes.iter().map(|node| EndpointHealth {
            reconnects: node.connection.reconnects(),
            ..node.learnt().at(now)
        });
        health.collect()
    }

    /// The node to ask, those in `asked` left out.
    pub(super) fn choose(&self, need: Need, asked: &[usize]) -> Option<usize> {
        if self.nodes.len() == 1 && asked.is_empty() {
            return Some(0);
        }
        let draw = rand::thread_rng().r#gen();
        let chosen = health::choose(&self.health(), need, self.policy, asked, draw);
        // Where all are of another chain the first one says so.
        chosen.or_else(|| (asked.is_empty() && !self.nodes.is_empty()).then_some(0))
    }

    /// Whether no other node is asked before node `index`.
    pub(super) fn is_preferred(&self, need: Need, index: usize) -> bool {
        self.nodes.len() == 1 || health::is_preferred(&self.health(), need, index)
    }

    /// A node not yet asked that may be able to do what the one that answered so could not.
    pub(super) fn another(&self, need: Need, asked: &[usize], error: &ChainError) -> Option<usize> {
        if !error.may_go_better_elsewhere() {
            return None;
        }
        let index = self.choose(need, asked)?;
        let fit = self.nodes.get(index)?.learnt().at(Instant::now()).serves(need) != Some(false);
        (fit || error.refusal().is_none()).then_some(index)
    }
}

impl Node {
    /// Asks this node and nobody else, and learns from the answer. Out of turn does not wait for
    /// requests in flight.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        params: Params,
        deadline: Duration,
        genesis: &OnceLock<H256>,
        turn: Turn,
    ) -> Result<T, ChainError> {
        let asked = Instant::now();
        match self.connection.request(method, params, deadline, genesis, turn).await {
            Ok(Answer { value, bytes }) => {
                let latency = (turn == Turn::Out).then(|| asked.elapsed());
                self.answered(need, 1, bytes, latency);
                Ok(value)
            }
            Err(error) => {
                self.failed(need, &error);
                Err(error)
            }
        }
    }

    /// Asks this node several things by one message; `None` where they are to be asked one by one.
    pub(super) async fn ask_together<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        params: Vec<Params>,
        deadline: Duration,
        genesis: &OnceLock<H256>,
    ) -> Option<Vec<T>> {
        let answers = self.connection.request_batch::<T>(method, params, deadline, genesis).await?;
        let bytes = answers.iter().map(|answer| answer.bytes).sum();
        self.answered(need, answers.len() as u64, bytes, None);
        Some(answers.into_iter().map(|answer| answer.value).collect())
    }

    /// Answers of so many bytes came; `latency` is given if the request cost the node nothing.
    fn answered(&self, need: Need, answers: u64, bytes: usize, latency: Option<Duration>) {
        let mut learnt = self.learnt();
        learnt.health.calls += answers;
        learnt.health.bytes += bytes as u64;
        learnt.is_well();
        if need == Need::Finality {
            learnt.proves_finality = Some((true, Instant::now()));
        }
        if let Some(latency) = latency {
            let before = learnt.health.latency.unwrap_or(latency);
            learnt.health.latency = Some((before * 3 + latency) / 4);
        }
    }

    pub(super) fn failed(&self, need: Need, error: &ChainError) {
        let now = Instant::now();
        let mut learnt = self.learnt();
        learnt.health.calls += 1;
        match error {
            ChainError::Refused { refusal, method, .. } => {
                learnt.is_well();
                match (refusal, need) {
                    (Refusal::StateUnavailable, Need::State) => {
                        learnt.archive = Some((false, now));
                    }
                    (
                        Refusal::Unsupported | Refusal::BlockNotInAuthoritySetChanges,
                        Need::Finality,
                    ) => learnt.proves_finality = Some((false, now)),
                    // A transaction that is refused is no fault of the node.
                    (Refusal::Other, _) if !method.starts_with("author_") => {
                        learnt.errs(now, Duration::ZERO);
                    }
                    _ => return,
                }
            }
            ChainError::WrongChain { .. } => learnt.other_chain_until = Some(now + FORGET),
            _ => {
                learnt.health.failures += 1;
                if let ChainError::Deadline { after, .. } = error {
                    learnt.errs(now, *after);
                }
                learnt.health.reachable = Some(false);
                let rest = REST.delay(learnt.failures_in_a_row);
                learnt.failures_in_a_row = learnt.failures_in_a_row.saturating_add(1);
                learnt.rests_until = Some(now + rest);
            }
        }
        learnt.health.problem = Some(error.to_string());
    }

    pub(super) fn distrust(&self) {
        let mut learnt = self.learnt();
        learnt.health.refused += 1;
        learnt.distrusted_until = Some(Instant::now() + DISTRUST);
    }

    pub(super) fn looked_at(&self, synced: bool, finalized: u32) {
        let mut learnt = self.learnt();
        learnt.health.synced = Some(synced);
        learnt.health.finalized = Some(finalized);
    }

    pub(super) fn is_archive(&self, archive: bool) {
        self.learnt().archive = Some((archive, Instant::now()));
    }

    pub(super) fn knows_archive(&self) -> bool {
        self.learnt().at(Instant::now()).archive.is_some()
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        // No code under this lock panics half way through a change.
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Learnt {
    fn is_well(&mut self) {
        self.failures_in_a_row = 0;
        self.rests_until = None;
        if self.erred_until.is_some_and(|until| until <= Instant::now()) {
            (self.errors_in_a_row, self.erred_until) = (0, None);
        }
        self.health.reachable = Some(true);
        self.other_chain_until = None;
        self.health.problem = None;
    }

    /// Others are asked first for a while: not less than the failure cost, or most of the time
    /// would go into asking again.
    fn errs(&mut self, now: Instant, cost: Duration) {
        let rest = REST.delay(self.errors_in_a_row).max(cost);
        self.errors_in_a_row = self.errors_in_a_row.saturating_add(1);
        self.erred_until = Some(now + rest);
    }

    fn at(&self, now: Instant) -> EndpointHealth {
        let lately = |learnt: Option<(bool, Instant)>| {
            learnt.filter(|(_, when)| now < *when + FORGET).map(|(able, _)| able)
        };
        let rests = [self.rests_until, self.erred_until];
        EndpointHealth {
            other_chain: self.other_chain_until.is_some_and(|until| now < until),
            resting: rests.into_iter().flatten().any(|until| now < until),
            distrusted: self.distrusted_until.is_some_and(|until| now < until),
            archive: lately(self.archive),
            proves_finality: lately(self.proves_finality),
            ..self.health.clone()
        }
    }
}
