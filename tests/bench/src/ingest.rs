//! How fast a data provider takes in history, and what of it lies on the disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle, StoreConfig};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle, Traffic};
use serde_json::{Map, Value, json};

use crate::rounded;

mod disk;
mod floor;
mod large_store;
mod layouts;
mod relay_tip;
mod state;

/// Nothing measured here takes longer.
const PATIENCE: Duration = Duration::from_hours(1);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    history: History,
}

/// The past that is taken in.
#[derive(clap::Args, Clone)]
struct History {
    /// Relay blocks; half as many parachain blocks.
    #[arg(long, default_value_t = 20_000)]
    blocks: u32,
    /// Relay blocks in one period of the authorities, as on Kusama.
    #[arg(long, default_value_t = 600)]
    session: u32,
    /// Workers that send heartbeats.
    #[arg(long, default_value_t = 200)]
    workers: u32,
    /// Parachain blocks between two heartbeats of one worker.
    #[arg(long, default_value_t = 20)]
    interval: u32,
}

#[derive(clap::Subcommand)]
enum Part {
    /// Bytes, time and memory for several sizes of unit and chunk, and levels of compression.
    Layouts(History),
    /// What a day at the relay chain's tip takes, before and after merging.
    RelayTip(relay_tip::Args),
    /// What verifying storage changes costs with a large state.
    State(state::Args),
    /// How soon a provider goes on from a large store.
    LargeStore(large_store::Args),
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    match &args.part {
        None => runtime()?.block_on(history(&args.history)),
        Some(Part::Layouts(history)) => runtime()?.block_on(layouts::measure(history)),
        Some(Part::RelayTip(args)) => runtime()?.block_on(relay_tip::measure(args)),
        Some(Part::State(args)) => state::measure(args),
        Some(Part::LargeStore(args)) => runtime()?.block_on(large_store::measure(args)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Runtime::new()?)
}

async fn history(args: &History) -> Result<Map<String, Value>> {
    let network = network(args).await?;
    let folder = tempfile::tempdir()?;
    let heights = *network.heights().borrow();
    let (relay, para) = (heights.relay_finalized, heights.para_finalized);

    let before = floor::Calls::of(&network);
    let started = Instant::now();
    let provider = provider(&network, folder.path(), StoreConfig::default()).await?;
    complete(&provider, relay, para).await?;
    let ingest = started.elapsed();
    let calls = floor::Calls::of(&network).since(&before);
    let floor = floor::measure(&network, &calls).await?;

    let disk = disk::measure(&provider, folder.path()).await?;
    let segments = segments(&provider, relay).await?;
    provider.shutdown().await?;
    drop(provider);
    let started = Instant::now();
    let again = self::provider(&network, folder.path(), StoreConfig::default()).await?;
    again.get(BlobKey::Blocks(0), PATIENCE).await?.context("no block is served")?;
    let served_again = started.elapsed();
    again.shutdown().await?;
    network.shutdown().await?;

    let per_second = |took: Duration| f64::from(relay + para) / took.as_secs_f64();
    let mut figures = Map::new();
    figures.insert("relay_blocks".into(), relay.into());
    figures.insert("para_blocks".into(), para.into());
    figures.insert("blocks_per_s".into(), rounded(per_second(ingest)));
    figures.insert("floor_blocks_per_s".into(), rounded(per_second(floor)));
    figures.insert("of_floor".into(), rounded(floor.as_secs_f64() / ingest.as_secs_f64()));
    let per_block = |calls: u64, blocks: u32| calls as f64 / f64::from(blocks.max(1));
    let relay_calls = per_block(calls.relay(), relay);
    figures.insert("relay_calls_per_block".into(), json!((relay_calls * 1e4).round() / 1e4));
    figures.insert("para_calls_per_block".into(), rounded(per_block(calls.para(), para)));
    figures.insert("calls".into(), calls.to_json());
    disk.insert_into(&mut figures);
    figures.insert("relay_segments".into(), segments.into());
    let per_100k = f64::from(segments) * 1e5 / f64::from(relay);
    figures.insert("worker_relay_calls_per_100k_blocks".into(), rounded(per_100k));
    figures.insert("served_again_after_s".into(), rounded(served_again.as_secs_f64()));
    figures.insert("peak_rss_mb".into(), peak_rss_mb()?);
    Ok(figures)
}

/// The embedded network with a history, making no more blocks.
async fn network(args: &History) -> Result<NetworkHandle> {
    let traffic = Traffic { workers: args.workers, interval: args.interval };
    let config = NetworkConfig {
        relay_block_time: Duration::from_secs(6),
        session_blocks: args.session,
        history: args.blocks,
        traffic: (args.workers > 0).then_some(traffic),
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build()?.start().await?;
    network.faults().pause_blocks();
    Ok(network)
}

async fn provider(
    network: &NetworkHandle,
    folder: &Path,
    store: StoreConfig,
) -> Result<DataProviderHandle> {
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    config.store = store;
    Ok(DataProvider::builder(config).build()?.start().await?)
}

/// Waits until everything up to these blocks is stored.
async fn complete(provider: &DataProviderHandle, relay: u32, para: u32) -> Result<()> {
    let mut status = provider.subscribe();
    let done = status.wait_for(|status| {
        i64::from(status.info.parent_committed_height) >= i64::from(relay)
            && i64::from(status.info.para_committed_height) >= i64::from(para)
    });
    tokio::time::timeout(PATIENCE, done).await.context("not complete in time")??;
    let status = provider.status();
    ensure!(status.refused == 0, "answers were refused: {status:?}");
    Ok(())
}

/// Relay segments up to a block: as many calls a new worker takes for them.
async fn segments(provider: &DataProviderHandle, end: u32) -> Result<u32> {
    use prost::Message as _;
    let mut next = u32::try_from(provider.status().info.parent_start_header)?;
    let mut count = 0;
    while next <= end {
        let body =
            provider.get(BlobKey::Relay(next), PATIENCE).await?.context("a segment lacks")?;
        next = prb_walkie::proto::data_provider::RelaySegment::decode(body)?.to + 1;
        count += 1;
    }
    Ok(count)
}

/// The most memory this process ever held; the embedded network's is in it.
fn peak_rss_mb() -> Result<Value> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()).unwrap_or("0").parse()?;
    Ok(rounded(kib / 1024.0))
}
