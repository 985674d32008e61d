//! What a data provider keeps.
//!
//! Everything is stored once. What will never change is sealed into chunks: immutable objects in
//! an object store (a local folder), whose names say what they hold and are the only index. What
//! may still grow or merge is the tail, small records in sled. Both are reconciled when the store
//! is opened, so that a process may die at any point.

mod cache;
mod chunk;
mod error;
mod names;
mod objects;
mod records;
pub(crate) mod relay;
mod series;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders};
use tokio::sync::watch;

use self::chunk::Unit;
use self::names::{ChunkKind, ChunkName};
use self::objects::Objects;
use self::relay::RelaySegments;
use self::series::{SealLimits, Series};

pub use error::StoreError;
pub(crate) use series::Durability;

/// Layout of folder, chunks and records.
const SCHEMA: u32 = 1;

/// How a store is laid out and how much memory it may use.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Parachain headers in one served unit.
    pub headers_per_unit: u32,
    /// Parachain blocks in one served unit.
    pub blocks_per_unit: u32,
    /// Units in one chunk,
    pub units_per_chunk: u32,
    /// unless they reach this many bytes first.
    pub chunk_bytes: usize,
    /// zstd's level, 1 to 22.
    pub compression_level: i32,
    /// Decoded units kept for further readers, in bytes.
    pub cache_bytes: usize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            headers_per_unit: 1024,
            blocks_per_unit: 16,
            units_per_chunk: 64,
            chunk_bytes: 8 * 1024 * 1024,
            compression_level: 3,
            cache_bytes: 128 * 1024 * 1024,
        }
    }
}

/// The last block stored of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heights {
    /// What workers start from is there.
    pub(crate) genesis: bool,
    pub(crate) relay: Option<u32>,
    pub(crate) headers: Option<u32>,
    pub(crate) blocks: Option<u32>,
}

/// Everything a data provider keeps. One process at a time opens a folder.
pub(crate) struct Store {
    db: sled::Db,
    objects: Objects,
    heights: Arc<watch::Sender<Heights>>,
    pub(crate) headers: Series<ParaHeaders>,
    pub(crate) blocks: Series<ParaBlocks>,
}

impl Store {
    /// Opens or makes the store in `folder`.
    pub(crate) async fn open(folder: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        let objects =
            Objects::local(&folder.join("chunks"), config.compression_level, config.cache_bytes)?;
        let records = folder.join("tail");
        let db = records::open(&records).await?;
        let [headers_per_unit, blocks_per_unit] = records::layout(&db, config)?;
        let heights = Arc::new(watch::Sender::new(Heights::default()));
        let limits = |per_unit| SealLimits {
            per_unit,
            units: config.units_per_chunk.max(1),
            bytes: config.chunk_bytes,
        };
        let headers = Series::open(
            limits(headers_per_unit),
            objects.clone(),
            db.open_tree("headers")?,
            heights.clone(),
        );
        let headers = headers.await?;
        let blocks = Series::open(
            limits(blocks_per_unit),
            objects.clone(),
            db.open_tree("blocks")?,
            heights.clone(),
        );
        let blocks = blocks.await?;
        let genesis = objects.list(ChunkKind::Genesis).await?.contains(&GENESIS);
        heights.send_modify(|heights| heights.genesis = genesis);
        Ok(Self { db, objects, heights, headers, blocks })
    }

    /// Sizes of the served units: headers, then blocks.
    pub(crate) fn units(&self) -> [u32; 2] {
        [self.headers.per_unit(), self.blocks.per_unit()]
    }

    /// What is stored, and whenever that changes.
    pub(crate) fn heights(&self) -> watch::Receiver<Heights> {
        self.heights.subscribe()
    }

    /// Opens the relay chain's segments, of which block `first` is the first.
    pub(crate) async fn open_relay(&self, first: u32) -> Result<RelaySegments, StoreError> {
        let tree = self.db.open_tree("relay")?;
        RelaySegments::open(first, self.objects.clone(), tree, self.heights.clone()).await
    }

    /// What workers start from, as it is served.
    pub(crate) async fn genesis(&self) -> Result<Option<Bytes>, StoreError> {
        if self.heights.borrow().genesis { self.objects.unit(GENESIS, 0).await } else { Ok(None) }
    }

    /// Keeps what workers start from.
    pub(crate) async fn put_genesis(&self, body: Bytes) -> Result<(), StoreError> {
        self.objects.put(GENESIS, vec![Unit { first: 0, last: 0, body }]).await?;
        self.heights.send_modify(|heights| heights.genesis = true);
        Ok(())
    }

    /// The full states kept: parachain block numbers, oldest first.
    pub(crate) async fn states(&self) -> Result<Vec<u32>, StoreError> {
        let names = self.objects.list(ChunkKind::State).await?;
        let mut numbers: Vec<u32> =
            names.iter().filter(|name| name.from == name.to).map(|name| name.from).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Keeps the full state after block `number`, in parts.
    pub(crate) async fn put_state(&self, number: u32, parts: Vec<Bytes>) -> Result<(), StoreError> {
        let units =
            parts.into_iter().zip(0..).map(|(body, part)| Unit { first: part, last: part, body });
        self.objects.put(state_name(number), units.collect()).await
    }

    /// One part of the full state after block `number`.
    pub(crate) async fn state_part(
        &self,
        number: u32,
        part: u32,
    ) -> Result<Option<Bytes>, StoreError> {
        self.objects.unit(state_name(number), part).await
    }

    /// Removes the full state after block `number`.
    pub(crate) async fn delete_state(&self, number: u32) -> Result<(), StoreError> {
        self.objects.delete(state_name(number)).await
    }

    /// Writes down everything not yet durable.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        self.headers.commit(Durability::Now).await?;
        self.blocks.commit(Durability::Now).await?;
        self.db.flush_async().await?;
        Ok(())
    }
}

const GENESIS: ChunkName = ChunkName { kind: ChunkKind::Genesis, from: 0, to: 0 };

fn state_name(number: u32) -> ChunkName {
    ChunkName { kind: ChunkKind::State, from: number, to: number }
}

#[cfg(test)]
mod tests;
