//! The least time the nodes need: the same calls of the same nodes, pipelined, whose answers are
//! thrown away as soon as they have come.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, TryStreamExt};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::{ArrayParams, BatchRequestBuilder};
use jsonrpsee::rpc_params;
use jsonrpsee::types::ErrorObject;
use jsonrpsee::ws_client::{RpcService, RpcServiceBuilder, WsClient, WsClientBuilder};
use prb_core::chain::keys;
use serde_json::value::RawValue;
use sp_core::hexdisplay::HexDisplay;

use super::node::{Calls, Chain, Nodes};
use crate::process::Usage;

/// More at once are not faster.
const IN_FLIGHT: usize = 128;
/// Of as many blocks the hash is had by one call.
const HASHES: u32 = 256;
/// Below this a method's calls are not part of the work on each block.
const RARE: u64 = 20;

type Request = (String, ArrayParams);
/// Without a layer that writes every answer down once more, as the provider's is.
type Client = WsClient<RpcService>;

/// How the calls are put.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Messages {
    /// Each in one of its own.
    One,
    /// Several in one, as the provider puts them.
    Several,
}

impl Messages {
    /// Calls of this method in one message.
    fn size(self, method: &str) -> usize {
        match method {
            "chain_getHeader" if self == Self::Several => 32,
            "pha_getStorageChangesAt" if self == Self::Several => 16,
            _ => 1,
        }
    }

    fn in_flight(self) -> usize {
        match self {
            Self::One => IN_FLIGHT,
            Self::Several => IN_FLIGHT / 16,
        }
    }
}

/// What the calls took.
pub(super) struct Floor {
    pub(super) took: Duration,
    /// Seconds of CPU of whoever asks, and of the nodes.
    pub(super) cpu: f64,
    pub(super) nodes_cpu: f64,
}

/// Repeats the calls, both chains at once.
pub(super) async fn measure(
    nodes: &Nodes,
    session: u32,
    [relay, para]: &[Calls; 2],
    messages: Messages,
) -> Result<Floor> {
    let head = format!("0x{:?}", HexDisplay::from(&keys::paras_head(nodes.para_id)));
    let relay = prepare(&nodes.relay, relay, session, &head).await?;
    let para = prepare(&nodes.para, para, session, &head).await?;
    let (started, used, nodes_used) = (Instant::now(), Usage::now()?, nodes.usage()?);
    futures::try_join!(run(relay, messages), run(para, messages))?;
    Ok(Floor {
        took: started.elapsed(),
        cpu: Usage::now()?.seconds_since(&used),
        nodes_cpu: nodes.usage()?.seconds_since(&nodes_used),
    })
}

/// A connection and what to ask over it: as many calls of each method as there were, spread over
/// the history as they were.
async fn prepare(
    chain: &Chain,
    calls: &Calls,
    session: u32,
    head: &str,
) -> Result<(Client, Vec<Request>)> {
    let client = WsClientBuilder::default()
        .max_concurrent_requests(4 * IN_FLIGHT)
        .max_response_size(64 * 1024 * 1024)
        .set_rpc_middleware(RpcServiceBuilder::new())
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
async fn hashes(client: &Client, last: u32) -> Result<Vec<String>> {
    let all: Vec<u32> = (1..=last).collect();
    let asked = all.chunks(HASHES as usize).map(<[u32]>::to_vec);
    let answers = futures::stream::iter(asked)
        .map(|numbers| client.request::<Vec<String>, _>("chain_getBlockHash", rpc_params![numbers]))
        .buffered(IN_FLIGHT);
    Ok(answers.try_concat().await?)
}

async fn run((client, requests): (Client, Vec<Request>), messages: Messages) -> Result<()> {
    let of_one_method = requests.chunk_by(|(one, _), (other, _)| one == other);
    let put = of_one_method.flat_map(|calls| calls.chunks(messages.size(&calls[0].0)));
    let answers = futures::stream::iter(put.map(|calls| ask(&client, calls)));
    let mut answers = answers.buffer_unordered(messages.in_flight());
    while let Some(answers) = answers.next().await {
        let given = answers?.iter().all(|answer| answer.get() != "null");
        ensure!(given, "a call of the floor has no answer");
    }
    Ok(())
}

/// Puts calls in one message.
async fn ask(client: &Client, calls: &[Request]) -> Result<Vec<Box<RawValue>>> {
    if let [(method, parameters)] = calls {
        return Ok(vec![client.request(method, parameters.clone()).await?]);
    }
    let mut batch = BatchRequestBuilder::new();
    for (method, parameters) in calls {
        batch.insert(method, parameters.clone())?;
    }
    let answers = client.batch_request(batch).await?.into_iter();
    answers.map(|answer| Ok(answer.map_err(ErrorObject::into_owned)?)).collect()
}
