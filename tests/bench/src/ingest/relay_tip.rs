//! What a day at the tip of a relay chain with many authorities takes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::StoreConfig;
use prb_devnet::network::{Network, NetworkConfig};
use prb_walkie::proto::data_provider::RelaySegment;
use prost::Message;
use serde_json::{Map, Value};

use super::{PATIENCE, disk, provider};
use crate::rounded;

/// Blocks of six seconds.
const BLOCKS_A_DAY: f64 = 14_400.0;

#[derive(clap::Args)]
pub(super) struct Args {
    /// GRANDPA authorities.
    #[arg(long, default_value_t = 1000)]
    authorities: usize,
    /// Relay blocks in one period, which is followed live.
    #[arg(long, default_value_t = 600)]
    session: u32,
    /// Milliseconds between relay blocks.
    #[arg(long, default_value_t = 200)]
    block_time: u64,
}

pub(super) async fn measure(args: &Args) -> Result<Map<String, Value>> {
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(args.block_time),
        session_blocks: args.session,
        authorities: args.authorities,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build()?.start().await?;
    let folder = tempfile::tempdir()?;
    let provider =
        provider(&network.relay_url(), &network.para_url(), folder.path(), StoreConfig::default())
            .await?;
    let mut status = provider.subscribe();
    let started = status.wait_for(|status| status.info.parent_start_header >= 0);
    tokio::time::timeout(PATIENCE, started).await??;
    let mut next = u32::try_from(provider.status().info.parent_start_header)?;
    let first = next;
    // As each segment comes it still ends with the block whose justification came: the last
    // header, that justification and that proof are what it adds.
    let (mut arrived, mut segments) = (0_u64, 0_u32);
    while next <= args.session {
        let body = provider.get(BlobKey::Relay(next), PATIENCE).await?.context("no segment")?;
        let segment = RelaySegment::decode(body)?;
        let new = segment.items.iter().skip((next - segment.from) as usize);
        arrived += new.map(|item| item.len() as u64).sum::<u64>();
        arrived += segment.para_proof.iter().map(|node| node.len() as u64).sum::<u64>();
        segments += 1;
        next = segment.to + 1;
    }
    let blocks = f64::from(next - first);
    // The period is sealed now.
    let sealed: u64 = disk::chunks(folder.path(), "relay")?.iter().map(|(.., bytes)| bytes).sum();
    let merged = super::segments(&provider, next - 1).await?;
    provider.shutdown().await?;
    network.shutdown().await?;

    let a_day = |bytes: u64| rounded(bytes as f64 / blocks * BLOCKS_A_DAY / 1e6);
    let mut figures = Map::new();
    figures.insert("authorities".into(), args.authorities.into());
    figures.insert("blocks".into(), (next - first).into());
    figures.insert("segments_at_the_tip".into(), segments.into());
    figures.insert("segments_after_merging".into(), merged.into());
    figures.insert("mb_a_day_before_merging".into(), a_day(arrived));
    figures.insert("mb_a_day_after_merging".into(), a_day(sealed));
    figures
        .insert("worker_calls_per_100k_blocks".into(), rounded(f64::from(merged) * 1e5 / blocks));
    Ok(figures)
}
