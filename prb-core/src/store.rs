//! What a data provider keeps.
//!
//! Everything is stored once. What will never change is sealed into chunks: immutable objects in
//! an object store (a local folder), whose names say what they hold and are the only index. What
//! may still grow or merge is the tail, small records in sled. Both are reconciled when the store
//! is opened, so that a process may die at any point.

mod bucket;
mod cache;
mod chunk;
mod config;
mod damage;
mod error;
mod index;
mod inspect;
mod manifest;
mod names;
mod objects;
mod records;
pub(crate) mod relay;
mod series;
mod space;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders};
use tokio::sync::{Mutex, watch};

use self::chunk::Unit;
use self::damage::Damage;
use self::manifest::Manifest;
use self::names::ChunkName;
use self::objects::Objects;
use self::relay::RelaySegments;
use self::series::{Records, SealLimits, Series, UnitMessage};
use self::space::Space;

pub use bucket::{Bucket, BucketCredentials};
pub use config::StoreConfig;
pub use error::StoreError;
pub(crate) use index::Hole;
pub use inspect::KindStats;
pub(crate) use names::ChunkKind;
pub(crate) use objects::Summed;
pub(crate) use series::Durability;

/// The last block stored of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heights {
    /// What workers start from is there.
    pub(crate) genesis: bool,
    pub(crate) relay: Option<u32>,
    pub(crate) headers: Option<u32>,
    pub(crate) blocks: Option<u32>,
    /// Chunks put in place of damaged ones.
    pub(crate) mended: u32,
}

/// Everything a data provider keeps. One process at a time opens a folder.
pub(crate) struct Store {
    db: sled::Db,
    objects: Objects,
    space: Space,
    manifest: Mutex<Manifest>,
    heights: Arc<watch::Sender<Heights>>,
    pub(crate) headers: Series<ParaHeaders>,
    pub(crate) blocks: Series<ParaBlocks>,
}

impl Store {
    /// Opens or makes the store in `folder`.
    pub(crate) async fn open(folder: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        Self::open_with(folder, &folder.join("tail"), config).await
    }

    /// The same with the records elsewhere: whoever only reads has none of the writer's.
    pub(crate) async fn open_with(
        folder: &Path,
        records: &Path,
        config: &StoreConfig,
    ) -> Result<Self, StoreError> {
        let chunks = folder.join("chunks");
        let objects = Objects::open(&chunks, config)?;
        // First of all: it tells whether anybody else is at work here.
        let db = records::open(records).await?;
        if let Some(chunks) = objects.folder().filter(|_| !config.read_only) {
            bucket::remove_unfinished(chunks)?;
        }
        let space = Space::new(folder, config.min_free_bytes);
        let wanted = Manifest::new(config);
        let manifest = if config.read_only {
            let found = Manifest::read(objects.store()).await?;
            found.ok_or_else(|| StoreError::Absent { object: manifest::NAME.to_owned() })?
        } else {
            wanted.create(objects.store()).await?
        };
        if (manifest.headers_per_unit, manifest.blocks_per_unit)
            != (wanted.headers_per_unit, wanted.blocks_per_unit)
            && !config.read_only
        {
            tracing::warn!(?manifest, "the store keeps the unit sizes it was made with");
        }
        let heights = Arc::new(watch::Sender::new(Heights::default()));
        let opening = Opening { db: &db, objects: &objects, space: &space, config, manifest };
        let headers = opening.series(manifest.headers_per_unit, heights.clone()).await?;
        let blocks = opening.series(manifest.blocks_per_unit, heights.clone()).await?;
        let genesis = objects.list(ChunkKind::Genesis).await?.contains(&GENESIS);
        heights.send_modify(|heights| heights.genesis = genesis);
        let manifest = Mutex::new(manifest);
        Ok(Self { db, objects, space, manifest, heights, headers, blocks })
    }

    /// The parachain's first header that is kept; its blocks are kept from the next one on.
    pub(crate) async fn para_start(&self) -> u32 {
        self.manifest.lock().await.para_start
    }

    /// Begins the parachain with header `number` and the block after it, as long as nothing of it
    /// is stored.
    pub(crate) async fn begin_para_at(&self, number: u32) -> Result<(), StoreError> {
        let mut manifest = self.manifest.lock().await;
        self.headers.begin_at(number)?;
        self.blocks.begin_at(number + 1)?;
        let begun = Manifest { para_start: number, ..*manifest };
        begun.write(self.objects.store()).await?;
        *manifest = begun;
        Ok(())
    }

    /// What readers found damaged.
    pub(crate) fn damage(&self) -> &Damage {
        self.objects.damage()
    }

    /// Whether another provider alone writes it.
    pub(crate) fn read_only(&self) -> bool {
        self.objects.read_only()
    }

    /// Takes in what another provider has sealed since the last look, and reads again what readers
    /// found damaged.
    pub(crate) async fn look(&self, relay: Option<&RelaySegments>) -> Result<(), StoreError> {
        let damaged = self.damage().take();
        damaged.iter().copied().for_each(|name| self.objects.forget_all(name));
        self.look_where_the_parachain_begins().await?;
        let of = |kind| damaged.iter().any(|name| name.kind == kind);
        if !self.heights.borrow().genesis {
            let genesis = self.objects.list(ChunkKind::Genesis).await?.contains(&GENESIS);
            self.heights.send_modify(|heights| heights.genesis = genesis);
        }
        self.headers.look(of(ChunkKind::Headers)).await?;
        self.blocks.look(of(ChunkKind::Blocks)).await?;
        match relay {
            Some(relay) => relay.look(of(ChunkKind::Relay)).await,
            None => Ok(()),
        }
    }

    /// The writer may have begun it since.
    async fn look_where_the_parachain_begins(&self) -> Result<(), StoreError> {
        if !self.headers.is_empty() || !self.blocks.is_empty() {
            return Ok(());
        }
        let mut manifest = self.manifest.lock().await;
        let found = Manifest::read(self.objects.store()).await?.unwrap_or(*manifest);
        if found.para_start != manifest.para_start {
            self.headers.begin_at(found.para_start)?;
            self.blocks.begin_at(found.para_start + 1)?;
            *manifest = found;
        }
        Ok(())
    }

    /// Puts a damaged chunk aside that belongs to no series; whether it was damaged.
    pub(crate) async fn quarantine(&self, name: ChunkName) -> Result<bool, StoreError> {
        let damaged = self.objects.quarantine(name).await?;
        if damaged && name == GENESIS {
            self.heights.send_modify(|heights| heights.genesis = false);
        }
        Ok(damaged)
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
        let (objects, space) = (self.objects.clone(), self.space.clone());
        RelaySegments::open(first, objects, tree, space, self.heights.clone()).await
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
        self.objects.put(state_name(number), units.collect()).await.map(drop)
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

/// What the parts of a store are opened with.
struct Opening<'a> {
    db: &'a sled::Db,
    objects: &'a Objects,
    space: &'a Space,
    config: &'a StoreConfig,
    manifest: Manifest,
}

impl Opening<'_> {
    async fn series<M: UnitMessage>(
        &self,
        per_unit: u32,
        heights: Arc<watch::Sender<Heights>>,
    ) -> Result<Series<M>, StoreError> {
        let limits = SealLimits {
            per_unit,
            units: self.config.units_per_chunk.max(1),
            bytes: self.config.chunk_bytes,
        };
        let name = M::KIND.name();
        let records = Records {
            tail: self.db.open_tree(name)?,
            digests: self.db.open_tree(format!("{name} digests"))?,
            space: self.space.clone(),
        };
        let first = self.manifest.para_start + M::FIRST;
        Series::open(first, limits, self.objects.clone(), records, heights).await
    }
}

const GENESIS: ChunkName = ChunkName { kind: ChunkKind::Genesis, from: 0, to: 0 };

fn state_name(number: u32) -> ChunkName {
    ChunkName { kind: ChunkKind::State, from: number, to: number }
}

#[cfg(test)]
mod tests;
