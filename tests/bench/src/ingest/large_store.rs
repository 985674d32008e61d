//! How soon a provider goes on from a large store: real chunks, of blocks that do not compress.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle, VerifyState};
use prb_devnet::network::NetworkHandle;
use serde_json::{Map, Value};

use super::node::network;
use super::{History, PATIENCE, complete, disk};
use crate::heavy::{Heavy, Sizes};
use crate::{process, rounded};

#[derive(clap::Args)]
pub(super) struct Args {
    /// GiB of sealed blocks.
    #[arg(long, default_value_t = 20)]
    gib: u32,
    /// KiB of changes in each block.
    #[arg(long, default_value_t = 512)]
    block_kib: u32,
    /// Where to make the store; without it in a temporary folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub(super) async fn measure(args: &Args) -> Result<Map<String, Value>> {
    let blocks = args.gib * 1024 * 1024 / args.block_kib;
    let history = History { blocks: 2 * blocks, session: 600, workers: 0, interval: 1 };
    let network = network(&history).await?;
    let heights = *network.heights().borrow();
    let folder = match &args.folder {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let started = Instant::now();
    let filled = start(&network, folder.path(), args.block_kib).await?;
    complete(&filled, heights.relay_finalized, heights.para_finalized).await?;
    let fill = started.elapsed();
    filled.shutdown().await?;
    drop(filled);
    let mut bytes = 0;
    let mut count = 0;
    for kind in ["blocks", "headers", "relay"] {
        let chunks = disk::chunks(folder.path(), kind)?;
        bytes += chunks.iter().map(|(.., bytes)| bytes).sum::<u64>();
        count += chunks.len();
    }

    // A new block waits: the provider has gone on when it has stored it.
    network.faults().resume_blocks();
    let mut news = network.heights();
    let next = heights.para_finalized + 1;
    news.wait_for(|heights| heights.para_finalized >= next).await?;
    network.faults().pause_blocks();
    let target = *network.heights().borrow();
    let started = Instant::now();
    let again = start(&network, folder.path(), args.block_kib).await?;
    let opened = started.elapsed();
    for key in [BlobKey::Blocks(0), BlobKey::Headers(0), BlobKey::Relay(2)] {
        again.get(key, PATIENCE).await?.with_context(|| format!("{key} is not served"))?;
    }
    let served = started.elapsed();
    complete(&again, target.relay_finalized, next).await?;
    let gone_on = started.elapsed();
    again.shutdown().await?;
    network.shutdown().await?;

    let mut figures = Map::new();
    figures.insert("store_gib".into(), rounded(bytes as f64 / f64::from(1 << 30)));
    figures.insert("chunks".into(), count.into());
    figures.insert("fill_mb_per_s".into(), rounded(bytes as f64 / fill.as_secs_f64() / 1e6));
    figures.insert("opened_after_s".into(), rounded(opened.as_secs_f64()));
    figures.insert("served_after_s".into(), rounded(served.as_secs_f64()));
    figures.insert("stored_a_new_block_after_s".into(), rounded(gone_on.as_secs_f64()));
    figures.insert("peak_rss_mb".into(), rounded(process::peak_mb()?));
    Ok(figures)
}

async fn start(
    network: &NetworkHandle,
    folder: &std::path::Path,
    block_kib: u32,
) -> Result<DataProviderHandle> {
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    config.verify_state = VerifyState::Off;
    let para = Heavy::new(&network.para_url(), Sizes::Same(block_kib as usize * 1024));
    let builder = DataProvider::builder(config).para_chain(Arc::new(para));
    let started = builder.build()?.start();
    Ok(tokio::time::timeout(Duration::from_mins(10), started).await??)
}
