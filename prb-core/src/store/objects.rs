//! Chunks in the object store.

use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::cache::ByteCache;
use super::chunk::{self, ChunkError, ChunkIndex, Digest, Unit};
use super::damage::Damage;
use super::names::{ChunkKind, ChunkName};
use super::space::Space;
use super::{StoreConfig, StoreError, bucket};

/// Bytes, and their CRC-32C where it is at hand: whoever sends them need not read them all again.
pub(crate) type Summed = (Bytes, Option<u32>);

/// Bytes that are decompressed sooner than another thread is woken for it, about.
const DECOMPRESSED_IN_PLACE: u32 = 128 * 1024;

/// Reads and writes chunks; clones share one cache.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// The local folder, if they lie in one.
    folder: Option<PathBuf>,
    space: Option<Space>,
    read_only: bool,
    level: i32,
    units: Arc<ByteCache<(ChunkName, u32), Summed>>,
    indices: Arc<ByteCache<ChunkName, Arc<ChunkIndex>>>,
    damage: Arc<Damage>,
}

impl Objects {
    /// Chunks in the configured bucket, or in `folder`.
    pub(crate) fn open(folder: &FsPath, config: &StoreConfig) -> Result<Self, StoreError> {
        let (store, folder) = match &config.bucket {
            None => (bucket::local(folder, config.read_only)?, Some(folder.to_owned())),
            Some(bucket) => match bucket.folder() {
                Some(shared) => (bucket::local(&shared, config.read_only)?, Some(shared)),
                None => (bucket.connect()?, None),
            },
        };
        let space = folder.as_deref().map(|folder| Space::new(folder, config.min_free_bytes));
        Ok(Self {
            store,
            folder,
            space,
            read_only: config.read_only,
            level: config.compression_level,
            units: Arc::new(ByteCache::new(config.cache_bytes)),
            indices: Arc::new(ByteCache::new(config.cache_bytes / 16)),
            damage: Arc::default(),
        })
    }

    /// The object store itself.
    pub(crate) fn store(&self) -> &dyn ObjectStore {
        &*self.store
    }

    /// The local folder they lie in, if there is one.
    pub(crate) fn folder(&self) -> Option<&FsPath> {
        self.folder.as_deref()
    }

    /// Whether others alone write here.
    pub(crate) fn read_only(&self) -> bool {
        self.read_only
    }

    /// What readers found damaged.
    pub(crate) fn damage(&self) -> &Damage {
        &self.damage
    }

    /// The chunks of one kind, in no order.
    pub(crate) async fn list(&self, kind: ChunkKind) -> Result<Vec<ChunkName>, StoreError> {
        self.list_after(kind, None).await
    }

    /// The chunks of one kind whose names come after the given one, in no order.
    pub(crate) async fn list_after(
        &self,
        kind: ChunkKind,
        after: Option<ChunkName>,
    ) -> Result<Vec<ChunkName>, StoreError> {
        let prefix = Path::from(kind.name());
        let listed = match after {
            Some(name) => self.store.list_with_offset(Some(&prefix), &name.path()),
            None => self.store.list(Some(&prefix)),
        };
        let names = listed.try_filter_map(async |meta| {
            let name = meta.location.as_ref().parse::<ChunkName>().ok();
            if name.is_none() {
                tracing::warn!(object = %meta.location, "not a chunk, left alone");
            }
            Ok(name)
        });
        names.try_collect().await.map_err(|error| failed("list", kind.name(), &error))
    }

    /// Seals units into a chunk; when this returns they survive a crash. A chunk of the same name
    /// is replaced at once. Gives the digest of what it holds.
    pub(crate) async fn put(
        &self,
        name: ChunkName,
        units: Vec<Unit>,
    ) -> Result<Digest, StoreError> {
        let level = self.level;
        let units_in_it: Vec<u32> = units.iter().map(|unit| unit.first).collect();
        let (encoded, digest) =
            tokio::task::spawn_blocking(move || chunk::encode(name, &units, level))
                .await
                .map_err(|error| failed("write", name, &error))?
                .map_err(|error| failed("write", name, &error))?;
        self.put_encoded(name, encoded.into()).await?;
        self.forget(name, units_in_it);
        Ok(digest)
    }

    /// Writes a chunk as it is.
    pub(crate) async fn put_encoded(
        &self,
        name: ChunkName,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        self.writable(name)?;
        if let Some(space) = &self.space {
            space.take(bytes.len())?;
        }
        let written = self.store.put(&name.path(), bytes.into()).await;
        written.map(drop).map_err(|error| failed("write", name, &error))
    }

    /// Removes a chunk.
    pub(crate) async fn delete(&self, name: ChunkName) -> Result<(), StoreError> {
        self.writable(name)?;
        let units = self.index(name).await.map(|index| index.units.clone()).unwrap_or_default();
        match self.store.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed("delete", name, &error)),
        }
        self.forget(name, units.iter().map(|unit| unit.first));
        Ok(())
    }

    /// Puts a chunk aside if it is damaged, looking at every byte of it; whether it was, or is
    /// not there at all.
    pub(crate) async fn quarantine(&self, name: ChunkName) -> Result<bool, StoreError> {
        self.writable(name)?;
        match self.read_all(name).await {
            Ok(_) => return Ok(false),
            Err(StoreError::Damaged { object, reason }) => {
                tracing::warn!(chunk = object, reason, "damaged, put aside");
            }
            Err(error) => return Err(error),
        }
        match self.store.rename(&name.path(), &name.quarantine()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed("put aside", name, &error)),
        }
        self.forget_all(name);
        Ok(true)
    }

    fn writable(&self, name: ChunkName) -> Result<(), StoreError> {
        if self.read_only { Err(StoreError::ReadOnly { object: name.to_string() }) } else { Ok(()) }
    }

    /// Forgets what was read of a chunk: it is read again.
    pub(crate) fn forget_all(&self, name: ChunkName) {
        self.indices.remove(&name);
        self.units.remove_if(|(of, _)| *of == name);
    }

    fn forget(&self, name: ChunkName, units: impl IntoIterator<Item = u32>) {
        self.indices.remove(&name);
        for first in units {
            self.units.remove(&(name, first));
        }
    }

    /// The bytes of the unit that holds `block`, `None` if the chunk holds none such.
    pub(crate) async fn unit(
        &self,
        name: ChunkName,
        block: u32,
    ) -> Result<Option<Bytes>, StoreError> {
        Ok(self.summed_unit(name, block).await?.map(|(body, _)| body))
    }

    /// The same with its checksum.
    pub(crate) async fn summed_unit(
        &self,
        name: ChunkName,
        block: u32,
    ) -> Result<Option<Summed>, StoreError> {
        let index = self.index(name).await?;
        let Some(entry) = index.unit(block).copied() else { return Ok(None) };
        let load = async {
            let frame = self.read(name, entry.range()).await?;
            let open = move || {
                let body = entry.open(&frame)?;
                let checksum = crc_fast::crc32_iscsi(&body);
                Ok::<Summed, ChunkError>((body, Some(checksum)))
            };
            let opened = if entry.raw <= DECOMPRESSED_IN_PLACE {
                open()
            } else {
                tokio::task::spawn_blocking(open)
                    .await
                    .map_err(|error| failed("read", name, &error))?
            };
            let unit = opened.map_err(|error| self.damaged(name, &error))?;
            let size = unit.0.len().max(1);
            Ok((unit, size))
        };
        self.units.get(&(name, entry.first), load).await.map(Some)
    }

    /// A chunk's index.
    pub(crate) async fn index(&self, name: ChunkName) -> Result<Arc<ChunkIndex>, StoreError> {
        let load = async {
            let mut wanted = chunk::INDEX_GUESS;
            loop {
                let head = self.read(name, 0..wanted as u64).await?;
                match ChunkIndex::decode(&head) {
                    Ok(index) if index.name == name => {
                        let size = size_of_val(&index.units[..]) + size_of::<ChunkIndex>();
                        return Ok((Arc::new(index), size));
                    }
                    Ok(index) => {
                        return Err(self.damaged(name, &format!("it holds {}", index.name)));
                    }
                    Err(ChunkError::Short(needed)) if needed > wanted => wanted = needed,
                    Err(error) => return Err(self.damaged(name, &error)),
                }
            }
        };
        self.indices.get(&name, load).await
    }

    /// Every unit of a chunk, checked, past the caches. Damage is told to the caller alone.
    pub(crate) async fn read_all(&self, name: ChunkName) -> Result<Vec<Unit>, StoreError> {
        let bytes = self.read_encoded(name).await?;
        tokio::task::spawn_blocking(move || chunk::decode(name, &bytes))
            .await
            .map_err(|error| failed("read", name, &error))?
            .map_err(|error| damaged(name, &error))
    }

    /// A chunk as it is, unchecked.
    pub(crate) async fn read_encoded(&self, name: ChunkName) -> Result<Bytes, StoreError> {
        let found = match self.store.get(&name.path()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(damaged(name, &"it is missing"));
            }
            Err(error) => return Err(failed("read", name, &error)),
        };
        found.bytes().await.map_err(|error| failed("read", name, &error))
    }

    async fn read(
        &self,
        name: ChunkName,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let path = name.path();
        let start = range.start;
        match self.store.get_range(&path, range).await {
            Ok(bytes) => Ok(bytes),
            Err(object_store::Error::NotFound { .. }) => Err(self.damaged(name, &"it is missing")),
            // Nothing is there to be read, or the reading failed.
            Err(error) => match self.store.head(&path).await {
                Ok(meta) if meta.size <= start => {
                    Err(self.damaged(name, &format!("it is cut off at {} bytes", meta.size)))
                }
                _ => Err(failed("read", name, &error)),
            },
        }
    }

    fn damaged(&self, name: ChunkName, reason: &impl ToString) -> StoreError {
        self.damage.report(name);
        damaged(name, reason)
    }
}

fn damaged(name: ChunkName, reason: &impl ToString) -> StoreError {
    StoreError::Damaged { object: name.to_string(), reason: reason.to_string() }
}

pub(crate) fn failed(
    action: &'static str,
    object: impl std::fmt::Display,
    error: &impl std::fmt::Display,
) -> StoreError {
    StoreError::Object { action, object: object.to_string(), reason: error.to_string() }
}
