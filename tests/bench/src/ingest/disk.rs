//! What lies on the disk, beside the bytes of the chain.

use std::path::Path;

use anyhow::{Context as _, Result};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::DataProviderHandle;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders, RelaySegment};
use prost::Message;
use serde_json::{Map, Value};

use super::PATIENCE;
use crate::rounded;

/// Of what is sealed: bytes in chunks, and bytes of the SCALE items they hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Disk {
    blocks: u32,
    block_bytes: [u64; 2],
    header_bytes: [u64; 2],
    relay_bytes: [u64; 2],
}

/// The sealed chunks of one kind: first and last block, and bytes.
pub(super) fn chunks(folder: &Path, kind: &str) -> Result<Vec<(u32, u32, u64)>> {
    let mut chunks = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder.join("chunks").join(kind)) else {
        return Ok(chunks);
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let (from, to) = name.split_once('-').context("an unknown file among the chunks")?;
        chunks.push((from.parse()?, to.parse()?, entry.metadata()?.len()));
    }
    chunks.sort_unstable();
    Ok(chunks)
}

pub(super) async fn measure(provider: &DataProviderHandle, folder: &Path) -> Result<Disk> {
    let info = provider.status().info;
    let mut disk = Disk::default();
    let get = async |key: BlobKey| {
        let body = provider.get(key, PATIENCE).await?;
        body.with_context(|| format!("{key} is not served"))
    };
    for (from, to, bytes) in chunks(folder, "blocks")? {
        disk.block_bytes[0] += bytes;
        for unit in from / info.blocks_per_chunk..=to / info.blocks_per_chunk {
            let unit = ParaBlocks::decode(get(BlobKey::Blocks(unit)).await?)?;
            disk.blocks += unit.items.len() as u32;
            disk.block_bytes[1] += unit.items.iter().map(|item| item.len() as u64).sum::<u64>();
        }
    }
    for (from, to, bytes) in chunks(folder, "headers")? {
        disk.header_bytes[0] += bytes;
        for unit in from / info.headers_per_chunk..=to / info.headers_per_chunk {
            let unit = ParaHeaders::decode(get(BlobKey::Headers(unit)).await?)?;
            disk.header_bytes[1] += unit.items.iter().map(|item| item.len() as u64).sum::<u64>();
        }
    }
    for (from, _, bytes) in chunks(folder, "relay")? {
        disk.relay_bytes[0] += bytes;
        let segment = RelaySegment::decode(get(BlobKey::Relay(from)).await?)?;
        disk.relay_bytes[1] += segment.items.iter().map(|item| item.len() as u64).sum::<u64>();
    }
    Ok(disk)
}

impl Disk {
    /// Bytes on the disk for each byte of the sealed blocks.
    pub(super) fn blocks_ratio(&self) -> f64 {
        ratio(self.block_bytes)
    }

    /// Bytes of the sealed blocks.
    pub(super) fn raw_bytes(&self) -> f64 {
        self.block_bytes[1] as f64
    }

    pub(super) fn insert_into(&self, figures: &mut Map<String, Value>) {
        let blocks = f64::from(self.blocks.max(1));
        figures.insert("raw_bytes_per_block".into(), rounded(self.block_bytes[1] as f64 / blocks));
        figures.insert("disk_bytes_per_block".into(), rounded(self.block_bytes[0] as f64 / blocks));
        figures.insert("disk_of_raw_blocks".into(), rounded(ratio(self.block_bytes)));
        figures.insert("disk_of_raw_headers".into(), rounded(ratio(self.header_bytes)));
        figures.insert("disk_of_raw_relay".into(), rounded(ratio(self.relay_bytes)));
    }
}

fn ratio([disk, raw]: [u64; 2]) -> f64 {
    disk as f64 / raw.max(1) as f64
}
