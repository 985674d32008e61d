//! The same history in stores of different layouts.

use std::time::Instant;

use anyhow::{Context as _, Result};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::StoreConfig;
use serde_json::{Map, Value, json};

use super::node::Nodes;
use super::{History, PATIENCE, complete, disk, provider};
use crate::process::{self, Usage};
use crate::rounded;

/// Blocks in a unit, units in a chunk, level.
const LAYOUTS: [(u32, u32, i32); 12] = [
    (16, 64, 1),
    (16, 64, 3),
    (16, 64, 9),
    (4, 256, 3),
    (64, 16, 1),
    (64, 16, 3),
    (64, 16, 6),
    (64, 16, 9),
    (64, 16, 15),
    (256, 4, 3),
    (16, 16, 3),
    (16, 512, 3),
];

pub(super) async fn measure(args: &History) -> Result<Map<String, Value>> {
    let nodes = Nodes::start(args)?;
    let (relay, para) = (nodes.relay.finalized, nodes.para.finalized);
    let mut rows = Vec::new();
    for (unit, units, level) in LAYOUTS {
        let folder = tempfile::tempdir()?;
        let config = StoreConfig {
            blocks_per_unit: unit,
            units_per_chunk: units,
            chunk_bytes: 64 * 1024 * 1024,
            compression_level: level,
            ..StoreConfig::default()
        };
        process::forget_peak()?;
        let (started, used) = (Instant::now(), Usage::now()?);
        let filled =
            provider(&nodes.relay.url, &nodes.para.url, folder.path(), config.clone()).await?;
        complete(&filled, relay, para).await?;
        let (ingest, cpu) = (started.elapsed(), Usage::now()?.seconds_since(&used));
        let peak = process::peak_mb()?;
        let disk = disk::measure(&filled, folder.path()).await?;
        filled.shutdown().await?;
        drop(filled);
        let chunks = disk::chunks(folder.path(), "blocks")?;
        let largest = chunks.iter().map(|(.., bytes)| *bytes).max().unwrap_or(0);

        let started = Instant::now();
        let opened = provider(&nodes.relay.url, &nodes.para.url, folder.path(), config).await?;
        let open = started.elapsed();
        let last = chunks.last().map_or(0, |(_, to, _)| to / unit);
        let mut rates = [0.0; 2];
        for rate in &mut rates {
            let (started, mut bytes) = (Instant::now(), 0);
            for index in 0..=last {
                let body = opened.get(BlobKey::Blocks(index), PATIENCE).await?;
                bytes += body.context("a unit is not served")?.len();
            }
            *rate = bytes as f64 / started.elapsed().as_secs_f64() / 1e6;
        }
        opened.shutdown().await?;
        rows.push(json!({
            "blocks_per_unit": unit,
            "units_per_chunk": units,
            "level": level,
            "ingest_s": rounded(ingest.as_secs_f64()),
            "ingest_cpu_s": rounded(cpu),
            "written_mb_per_s": rounded(disk.raw_bytes() / 1e6 / ingest.as_secs_f64()),
            "peak_rss_mb": rounded(peak),
            "disk_of_raw": rounded(disk.blocks_ratio()),
            "chunks": chunks.len(),
            "largest_chunk": largest,
            "open_ms": rounded(open.as_secs_f64() * 1e3),
            "cold_mb_per_s": rounded(rates[0]),
            "hot_mb_per_s": rounded(rates[1]),
        }));
    }
    let mut figures = Map::new();
    figures.insert("para_blocks".into(), para.into());
    figures.insert("layouts".into(), rows.into());
    Ok(figures)
}
