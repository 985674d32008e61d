//! How soon a provider that was killed goes on from a large store: real chunks, of blocks that do
//! not compress.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use prb_devnet::network::NetworkHandle;
use serde_json::{Map, Value};

use super::node::network;
use super::provider::Provider;
use super::{History, disk};
use crate::rounded;

/// Blocks that come while the provider follows the tip, before it is killed.
const AT_THE_TIP: u32 = 5;
/// Between two relay blocks then.
const BLOCK_TIME: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
pub(super) struct Args {
    /// GiB of sealed blocks.
    #[arg(long, default_value_t = 20)]
    gib: u32,
    /// KiB of changes in each block, which cannot be verified; 0 for those of the chain, which
    /// are.
    #[arg(long, default_value_t = 512)]
    block_kib: u32,
    /// Relay blocks where the changes are those of the chain; else as many as `gib` takes.
    #[arg(long, default_value_t = 60_000)]
    blocks: u32,
    /// How often the provider is killed.
    #[arg(long, default_value_t = 5)]
    kills: u32,
    /// Where to make the store; without it in a temporary folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// After a kill, in seconds.
#[derive(Default)]
struct Resumed {
    opened: f64,
    served: f64,
    went_on: f64,
    peak_mb: f64,
}

pub(super) async fn measure(args: &Args) -> Result<Map<String, Value>> {
    ensure!(args.kills > 0, "it has to be killed at least once");
    let (blocks, workers) = match args.block_kib {
        0 => (args.blocks, 200),
        kib => (2 * (args.gib * 1024 * 1024 / kib), 0),
    };
    let history = History { blocks, session: 600, workers, interval: 20 };
    let network = network(&history, BLOCK_TIME).await?;
    let folder = match &args.folder {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let (relay, para) = (network.relay_url(), network.para_url());
    let start = || Provider::start(&relay, &para, folder.path(), args.block_kib);

    let started = Instant::now();
    let mut provider = start()?;
    provider.opened()?;
    provider.serves()?;
    let heights = *network.heights().borrow();
    provider.has_stored(heights.relay_finalized, heights.para_finalized)?;
    let fill = started.elapsed();

    let mut resumed = Vec::new();
    for _ in 0..args.kills {
        // It writes to its tail while it is killed. A new block waits then: the provider has gone
        // on when it has stored it.
        network.faults().resume_blocks();
        let (relay, para) = finalized(&network, AT_THE_TIP).await?;
        provider.has_stored(relay, para)?;
        provider.kill()?;
        let (relay, para) = finalized(&network, 1).await?;
        network.faults().pause_blocks();
        let started = Instant::now();
        let seconds = || started.elapsed().as_secs_f64();
        provider = start()?;
        provider.opened()?;
        let opened = seconds();
        provider.serves()?;
        let served = seconds();
        let peak_mb = provider.has_stored(relay, para)?;
        resumed.push(Resumed { opened, served, went_on: seconds(), peak_mb });
    }
    provider.kill()?;
    network.shutdown().await?;

    let mut bytes = 0;
    let mut count = 0;
    for kind in ["blocks", "headers", "relay"] {
        let chunks = disk::chunks(folder.path(), kind)?;
        bytes += chunks.iter().map(|(.., bytes)| bytes).sum::<u64>();
        count += chunks.len();
    }
    let slowest = |of: fn(&Resumed) -> f64| rounded(resumed.iter().map(of).fold(0.0, f64::max));
    let mut figures = Map::new();
    figures.insert("store_gib".into(), rounded(bytes as f64 / f64::from(1 << 30)));
    figures.insert("chunks".into(), count.into());
    figures.insert("verified".into(), (args.block_kib == 0).into());
    figures.insert("fill_mb_per_s".into(), rounded(bytes as f64 / fill.as_secs_f64() / 1e6));
    figures.insert("kills".into(), args.kills.into());
    figures.insert("opened_after_s".into(), slowest(|it| it.opened));
    figures.insert("served_after_s".into(), slowest(|it| it.served));
    figures.insert("stored_a_new_block_after_s".into(), slowest(|it| it.went_on));
    figures.insert("peak_rss_mb".into(), slowest(|it| it.peak_mb));
    Ok(figures)
}

/// Waits for so many more parachain blocks; the heights then.
async fn finalized(network: &NetworkHandle, more: u32) -> Result<(u32, u32)> {
    let mut news = network.heights();
    let wanted = news.borrow().para_finalized + more;
    let heights = *news.wait_for(|heights| heights.para_finalized >= wanted).await?;
    Ok((heights.relay_finalized, heights.para_finalized))
}
