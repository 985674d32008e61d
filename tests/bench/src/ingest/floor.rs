//! The least time the nodes need: the same calls of the same nodes, pipelined, whose answers are
//! thrown away as soon as they have come.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, TryStreamExt};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::ArrayParams;
use jsonrpsee::rpc_params;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use prb_core::chain::keys;
use serde_json::value::RawValue;
use sp_core::hexdisplay::HexDisplay;

use super::node::{Calls, Chain, Nodes};

/// More at once are not faster.
const IN_FLIGHT: usize = 128;
/// Of as many blocks the hash is had by one call.
const HASHES: u32 = 256;
/// Below this a method's calls are not part of the work on each block.
const RARE: u64 = 20;

type Request = (String, ArrayParams);

/// Repeats the calls, both chains at once.
pub(super) async fn measure(
    nodes: &Nodes,
    session: u32,
    [relay, para]: &[Calls; 2],
) -> Result<Duration> {
    let head = format!("0x{:?}", HexDisplay::from(&keys::paras_head(nodes.para_id)));
    let relay = prepare(&nodes.relay, relay, session, &head).await?;
    let para = prepare(&nodes.para, para, session, &head).await?;
    let started = Instant::now();
    futures::try_join!(run(relay), run(para))?;
    Ok(started.elapsed())
}

/// A connection and what to ask over it: as many calls of each method as there were, spread over
/// the history as they were.
async fn prepare(
    chain: &Chain,
    calls: &Calls,
    session: u32,
    head: &str,
) -> Result<(WsClient, Vec<Request>)> {
    let client = WsClientBuilder::default()
        .max_concurrent_requests(4 * IN_FLIGHT)
        .max_response_size(64 * 1024 * 1024)
        .build(&chain.url)
        .await?;
    let hashes = hashes(&client, chain.finalized).await?;
    let mut requests = Vec::new();
    for (method, count) in calls.iter().filter(|(_, count)| **count >= RARE) {
        for index in 0..*count {
            let spread = |last: u32| (index * u64::from(last) / count) as u32;
            let block = 1 + spread(chain.finalized);
            let period = spread(chain.finalized / session) * session;
            let hash = |number: u32| hashes.get(number as usize - 1).context("no such block");
            let parameters = match method.as_str() {
                "chain_getBlockHash" => {
                    let end = chain.finalized.min(block + HASHES - 1);
                    rpc_params![(block..=end).collect::<Vec<_>>()]
                }
                "grandpa_proveFinality" => rpc_params![period + 1],
                "state_getReadProof" => rpc_params![[head], hash(period + session)?],
                _ => rpc_params![hash(block)?],
            };
            requests.push((method.clone(), parameters));
        }
    }
    Ok((client, requests))
}

/// The hashes of blocks 1 to `last`.
async fn hashes(client: &WsClient, last: u32) -> Result<Vec<String>> {
    let all: Vec<u32> = (1..=last).collect();
    let asked = all.chunks(HASHES as usize).map(<[u32]>::to_vec);
    let answers = futures::stream::iter(asked)
        .map(|numbers| client.request::<Vec<String>, _>("chain_getBlockHash", rpc_params![numbers]))
        .buffered(IN_FLIGHT);
    Ok(answers.try_concat().await?)
}

async fn run((client, requests): (WsClient, Vec<Request>)) -> Result<()> {
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
