//! The least time the nodes need: the same calls, pipelined, whose answers are thrown away.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::StreamExt;
use jsonrpsee::core::client::ClientT;
use jsonrpsee::rpc_params;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use prb_core::chain::keys;
use prb_devnet::network::NetworkHandle;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sp_core::hexdisplay::HexDisplay;

/// More at once are not faster.
const IN_FLIGHT: usize = 128;
/// Below this a method's calls are not part of the work on each block.
const RARE: u64 = 20;

/// How often each method was called, of each chain.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    chains: [BTreeMap<String, u64>; 2],
}

impl Calls {
    /// All so far.
    pub(super) fn of(network: &NetworkHandle) -> Self {
        let faults = network.faults();
        Self { chains: [faults.relay_rpc().calls(), faults.para_rpc().calls()] }
    }

    /// Those that came after `before`.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (calls, before) in self.chains.iter_mut().zip(&before.chains) {
            for (method, count) in calls.iter_mut() {
                *count -= before.get(method).copied().unwrap_or(0);
            }
        }
        self
    }

    pub(super) fn relay(&self) -> u64 {
        self.chains[0].values().sum()
    }

    pub(super) fn para(&self) -> u64 {
        self.chains[1].values().sum()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "relay": self.chains[0], "para": self.chains[1] })
    }
}

/// Repeats the calls, both chains at once.
pub(super) async fn measure(network: &NetworkHandle, calls: &Calls) -> Result<Duration> {
    let chains = network.chains();
    let targets = [
        (network.relay_url(), &chains.relay, &calls.chains[0]),
        (network.para_url(), &chains.para, &calls.chains[1]),
    ];
    let mut work = Vec::new();
    for (url, node, calls) in targets {
        let client = WsClientBuilder::default()
            .max_concurrent_requests(4 * IN_FLIGHT)
            .max_response_size(64 * 1024 * 1024)
            .build(url)
            .await?;
        let best = node.chain().finalized().number();
        let mut requests = Vec::new();
        for (method, count) in calls.iter().filter(|(_, count)| **count >= RARE) {
            for index in 0..*count {
                // Spread evenly, as they were.
                let number = 1 + (index * u64::from(best) / count) as u32;
                let hash = node.chain().block_at(number).map(|block| block.hash);
                let Some(hash) = hash.map(|hash| format!("{hash:?}")) else { continue };
                let parameters = match method.as_str() {
                    "chain_getBlockHash" | "grandpa_proveFinality" => rpc_params![number],
                    "state_getReadProof" => {
                        let key = keys::paras_head(chains.para_id);
                        rpc_params![[format!("0x{:?}", HexDisplay::from(&key))], hash]
                    }
                    _ => rpc_params![hash],
                };
                requests.push((method.clone(), parameters));
            }
        }
        work.push((client, requests));
    }
    let started = Instant::now();
    let running = work.into_iter().map(|(client, requests)| run(client, requests));
    for done in futures::future::join_all(running).await {
        done?;
    }
    Ok(started.elapsed())
}

type Request = (String, jsonrpsee::core::params::ArrayParams);

async fn run(client: WsClient, requests: Vec<Request>) -> Result<()> {
    let client = &client;
    let answers = futures::stream::iter(requests).map(|(method, parameters)| async move {
        client.request::<Box<RawValue>, _>(&method, parameters).await
    });
    let mut answers = answers.buffer_unordered(IN_FLIGHT);
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        ensure!(answer.get() != "null", "a call of the floor has no answer");
    }
    Ok(())
}
