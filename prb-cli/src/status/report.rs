//! How a bridge is: what is wrong, and what there is.

use std::collections::BTreeMap;

use anyhow::Result;
use prb_core::chain::health::EndpointHealth;
use prb_walkie::proto::WorkerState;
use serde_json::{Value, json};

use super::facts::{Facts, Service};
use super::problems::{self, Problem};
use crate::{manager, worker};

/// What is known of a bridge at one moment, and what follows.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// The worst first.
    pub(super) problems: Vec<Problem>,
    pub(super) facts: Facts,
}

impl Report {
    pub(super) fn of(facts: Facts) -> Self {
        Self { problems: problems::of(&facts), facts }
    }

    /// For programs. What services say is as their methods answer it.
    pub(super) fn json(&self) -> Result<Value> {
        let Facts { relay, para, providers, managers, traders, queue, .. } = &self.facts;
        let [relay_height, para_height] = self.facts.finalized();
        let providers = providers.iter().map(|it| {
            service(it, |info| {
                Ok(json!({ "info": manager::to_json("GetDataProviderInfo", info)? }))
            })
        });
        let managers =
            managers.iter().map(|it| service(it, |told| Ok(json!({ "workers": by_state(told) }))));
        let traders = traders.iter().map(|it| {
            service(it, |status| {
                Ok(json!({ "status": manager::to_json("GetTraderStatus", status)? }))
            })
        });
        let (counts, accounts) = match queue {
            None => (Value::Null, Value::Null),
            Some(Err(reason)) => (json!({ "withheld": reason }), Value::Null),
            Some(Ok(queue)) => (json!({ "stats": queue.counts }), json!(queue.accounts)),
        };
        Ok(json!({
            "problems": self.problems,
            "chains": {
                "relay": { "finalized": relay_height, "nodes": nodes(relay) },
                "para": { "finalized": para_height, "nodes": nodes(para) },
            },
            "dataProviders": providers.collect::<Result<Vec<_>>>()?,
            "lifecycleManagers": managers.collect::<Result<Vec<_>>>()?,
            "traders": traders.collect::<Result<Vec<_>>>()?,
            "queue": counts,
            "accounts": accounts,
        }))
    }
}

/// A service, and what it told or why it did not.
fn service<T>(service: &Service<T>, told: impl FnOnce(&T) -> Result<Value>) -> Result<Value> {
    let mut json = match &service.told {
        Ok(answer) => told(answer)?,
        Err(reason) => json!({ "withheld": reason }),
    };
    json["peerId"] = service.peer_id.as_str().into();
    json["hostname"] = service.hostname.as_str().into();
    json["address"] = service.address.as_str().into();
    Ok(json)
}

fn nodes(nodes: &[EndpointHealth]) -> Vec<Value> {
    let node = |node: &EndpointHealth| {
        json!({
            "endpoint": node.endpoint,
            "reachable": node.reachable,
            "otherChain": node.other_chain,
            "synced": node.synced,
            "finalized": node.finalized,
            "archive": node.archive,
            "latencyMs": node.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            "problem": node.problem,
        })
    };
    nodes.iter().map(node).collect()
}

/// How many workers there are of each state, by the words that `prb worker status` has.
pub(super) fn by_state(states: &[WorkerState]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for state in states {
        *counts.entry(worker::status(state)).or_default() += 1;
    }
    counts
}
