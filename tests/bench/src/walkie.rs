//! The wire between services, against bare libp2p on the same machine in the same run.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Args as ClapArgs;
use futures::StreamExt;
use prb_walkie::access::Mode;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Introduction, Walkie};
use prb_walkie::proto::data_provider::{GetBlobByKey, RawBlob};
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::{WalkieRoles, WalkieSystemInfo};
use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use crate::rounded;

mod bare;

/// What to measure.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Calls one after the other, and again at most 100 at once.
    #[arg(long, default_value_t = 20_000)]
    calls: usize,
    /// Calls with a connection each.
    #[arg(long, default_value_t = 200)]
    dials: usize,
    /// Large answers.
    #[arg(long, default_value_t = 20)]
    blobs: usize,
    /// Megabytes (10^6 bytes) of a large answer.
    #[arg(long, default_value_t = 50)]
    megabytes: usize,
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    tokio::runtime::Runtime::new()?.block_on(run(args))
}

/// Answers blobs of the length in their key.
struct Blobs(Bytes);

#[tonic::async_trait]
impl WalkieRpc for Blobs {
    async fn get_blob_by_key(
        &self,
        request: Request<GetBlobByKey>,
    ) -> Result<Response<RawBlob>, Status> {
        let key = request.into_inner().key;
        let length: usize = key.parse().map_err(|_| Status::not_found("no such blob"))?;
        Ok(Response::new(RawBlob { key, empty: false, data: self.0.slice(..length) }))
    }
}

async fn run(args: &Args) -> Result<Map<String, Value>> {
    let body = Bytes::from(vec![0xa5; args.megabytes * 1_000_000]);
    let mut figures = Map::new();
    ours(args, body.clone(), &mut figures).await?;
    for muxer in [bare::Muxer::Yamux, bare::Muxer::Mplex] {
        let (calls_per_s, megabytes_per_s) =
            bare::measure(muxer, args.calls, args.blobs, body.clone()).await?;
        figures.insert(format!("bare_{muxer}_sequential_calls_per_s"), rounded(calls_per_s));
        figures.insert(format!("bare_{muxer}_megabytes_per_s"), rounded(megabytes_per_s));
    }
    let ratio = |ours: &str, bare: &str| -> Option<Value> {
        Some(rounded(figures.get(ours)?.as_f64()? / figures.get(bare)?.as_f64()?))
    };
    let ratios = json!({
        "sequential": ratio("sequential_calls_per_s", "bare_yamux_sequential_calls_per_s"),
        "megabytes": ratio("megabytes_per_s", "bare_yamux_megabytes_per_s"),
    });
    figures.insert("of_bare".into(), ratios);
    Ok(figures)
}

async fn node(role: WalkieRoles, body: Bytes) -> Result<Walkie> {
    let mut config = Config::new(Introduction {
        hostname: "bench".into(),
        role,
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
    });
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    config.access.mode = Mode::Open;
    Ok(Walkie::builder(config).service(Blobs(body)).start(&Identity::generate()?).await?)
}

async fn ours(args: &Args, body: Bytes, figures: &mut Map<String, Value>) -> Result<()> {
    let server = node(WalkieRoles::WrDataProviderInt, body.clone()).await?;
    let caller = node(WalkieRoles::WrLifecycleManager, Bytes::new()).await?;
    let place = server.listeners().first().context("it listens")?.clone();
    let peer = caller.dial(place.clone()).await?;
    let client = caller.client(peer);

    let mut took = Vec::with_capacity(args.calls);
    let started = Instant::now();
    for _ in 0..args.calls {
        let asked = Instant::now();
        client.clone().hello(WalkieSystemInfo::default()).await?;
        took.push(asked.elapsed());
    }
    figures.insert("sequential_calls_per_s".into(), rate(args.calls, started));
    took.sort_unstable();
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        let at = (took.len() as f64 * part) as usize;
        let value = took.get(at).copied().unwrap_or_default();
        figures.insert(format!("sequential_{name}_ms"), rounded(milliseconds(value)));
    }

    let started = Instant::now();
    let calls = futures::stream::iter((0..args.calls).map(|_| {
        let mut client = client.clone();
        async move { client.hello(WalkieSystemInfo::default()).await }
    }));
    let mut calls = calls.buffer_unordered(100);
    while let Some(answer) = calls.next().await {
        answer?;
    }
    figures.insert("calls_per_s_100_in_flight".into(), rate(args.calls, started));

    let started = Instant::now();
    for _ in 0..args.blobs {
        let mut request =
            Request::new(GetBlobByKey { key: body.len().to_string(), ..Default::default() });
        request.set_timeout(Duration::from_mins(2));
        let blob = client.clone().get_blob_by_key(request).await?.into_inner();
        anyhow::ensure!(blob.data.len() == body.len(), "a whole body");
    }
    let bytes = (args.blobs * body.len()) as f64;
    let seconds = started.elapsed().as_secs_f64();
    figures.insert("megabytes_per_s".into(), rounded(bytes / 1e6 / seconds));

    let started = Instant::now();
    for _ in 0..args.dials {
        bare::dial_and_hello(place.clone()).await?;
    }
    figures.insert("dial_per_call_calls_per_s".into(), rate(args.dials, started));
    caller.shutdown().await;
    server.shutdown().await;
    Ok(())
}

fn rate(calls: usize, started: Instant) -> Value {
    rounded(calls as f64 / started.elapsed().as_secs_f64())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
