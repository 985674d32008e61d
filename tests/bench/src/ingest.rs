//! How fast a data provider takes in history, and what of it lies on the disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle, StoreConfig};
use prb_walkie::proto::data_provider::{ParaBlocks, RelaySegment};
use prost::Message as _;
use serde_json::{Map, Value, json};

use self::floor::Messages;
use self::node::{Calls, Nodes};
use crate::process::{Usage, peak_mb};
use crate::rounded;

mod disk;
mod floor;
mod large_store;
mod layouts;
mod node;
mod process;
mod provider;
mod relay_tip;
mod state;

pub(crate) use node::run as run_node;
pub(crate) use provider::{Args as ProviderArgs, run as run_provider};

/// Nothing measured here takes longer.
const PATIENCE: Duration = Duration::from_hours(1);
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(2);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    history: History,
}

/// The past that is taken in.
#[derive(clap::Args, Clone)]
pub(crate) struct History {
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
    let mut nodes = Nodes::start(args)?;
    let folder = tempfile::tempdir()?;
    let (relay, para) = (nodes.relay.finalized, nodes.para.finalized);

    let (started, used, nodes_used) = (Instant::now(), Usage::now()?, nodes.usage()?);
    let provider =
        provider(&nodes.relay.url, &nodes.para.url, folder.path(), StoreConfig::default()).await?;
    complete(&provider, relay, para).await?;
    let (ingest, cpu) = (started.elapsed(), Usage::now()?.seconds_since(&used));
    let nodes_cpu = nodes.usage()?.seconds_since(&nodes_used);
    let peak = peak_mb()?;
    let disk = disk::measure(&provider, folder.path()).await?;
    let segments = segments(&provider, relay).await?;
    provider.shutdown().await?;
    drop(provider);
    let calls = nodes.calls()?;
    let floor = floor::measure(&nodes, args.session, &calls, Messages::One).await?;
    let several = floor::measure(&nodes, args.session, &calls, Messages::Several).await?;

    let started = Instant::now();
    let again =
        self::provider(&nodes.relay.url, &nodes.para.url, folder.path(), StoreConfig::default())
            .await?;
    again.get(BlobKey::Blocks(0), PATIENCE).await?.context("no block is served")?;
    let served_again = started.elapsed();
    again.shutdown().await?;

    let per_second = |took: Duration| f64::from(relay + para) / took.as_secs_f64();
    let mut figures = Map::new();
    figures.insert("relay_blocks".into(), relay.into());
    figures.insert("para_blocks".into(), para.into());
    figures.insert("blocks_per_s".into(), rounded(per_second(ingest)));
    figures.insert("floor_blocks_per_s".into(), rounded(per_second(floor.took)));
    figures.insert("of_floor".into(), rounded(floor.took.as_secs_f64() / ingest.as_secs_f64()));
    figures.insert("ingest_s".into(), rounded(ingest.as_secs_f64()));
    figures.insert("ingest_cpu_s".into(), rounded(cpu));
    figures.insert("ingest_nodes_cpu_s".into(), rounded(nodes_cpu));
    figures.insert("floor_s".into(), rounded(floor.took.as_secs_f64()));
    figures.insert("floor_cpu_s".into(), rounded(floor.cpu));
    figures.insert("floor_nodes_cpu_s".into(), rounded(floor.nodes_cpu));
    let of_several = several.took.as_secs_f64() / ingest.as_secs_f64();
    figures.insert("of_floor_in_the_same_messages".into(), rounded(of_several));
    let per_block =
        |calls: &Calls, blocks: u32| calls.values().sum::<u64>() as f64 / f64::from(blocks.max(1));
    let relay_calls = per_block(&calls[0], relay);
    figures.insert("relay_calls_per_block".into(), json!((relay_calls * 1e4).round() / 1e4));
    figures.insert("para_calls_per_block".into(), rounded(per_block(&calls[1], para)));
    figures.insert("calls".into(), json!({ "relay": calls[0], "para": calls[1] }));
    disk.insert_into(&mut figures);
    figures.insert("relay_segments".into(), segments.into());
    let per_100k = f64::from(segments) * 1e5 / f64::from(relay);
    figures.insert("worker_relay_calls_per_100k_blocks".into(), rounded(per_100k));
    figures.insert("served_again_after_s".into(), rounded(served_again.as_secs_f64()));
    figures.insert("peak_rss_mb".into(), rounded(peak));
    Ok(figures)
}

async fn provider(
    relay: &str,
    para: &str,
    folder: &Path,
    store: StoreConfig,
) -> Result<DataProviderHandle> {
    let mut config = DataProviderConfig::new(folder, relay, para);
    config.store = store;
    Ok(DataProvider::builder(config).build()?.start().await?)
}

/// Waits until everything up to these blocks is stored. Not by the status: it is said only every
/// second.
async fn complete(provider: &DataProviderHandle, relay: u32, para: u32) -> Result<()> {
    let stored = async {
        provider.get(BlobKey::Relay(relay), PATIENCE).await?.context("a segment lacks")?;
        let per_unit = provider.status().info.blocks_per_chunk;
        loop {
            let unit = provider.get(BlobKey::Blocks(para / per_unit), PATIENCE).await?;
            let unit = ParaBlocks::decode(unit.context("a block lacks")?)?;
            if unit.first + unit.items.len() as u32 > para {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, stored).await.context("not complete in time")??;
    let status = provider.status();
    ensure!(status.refused == 0, "answers were refused: {status:?}");
    Ok(())
}

/// Relay segments up to a block: as many calls a new worker takes for them.
async fn segments(provider: &DataProviderHandle, end: u32) -> Result<u32> {
    let mut next = u32::try_from(provider.status().info.parent_start_header)?;
    let mut count = 0;
    while next <= end {
        let body =
            provider.get(BlobKey::Relay(next), PATIENCE).await?.context("a segment lacks")?;
        next = RelaySegment::decode(body)?.to + 1;
        count += 1;
    }
    Ok(count)
}
