//! Chunks in the object store.

use std::path::Path as FsPath;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::StoreError;
use super::cache::ByteCache;
use super::chunk::{self, ChunkError, Index, Unit};
use super::names::{ChunkKind, ChunkName};

/// Reads and writes chunks; clones share one cache.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    level: i32,
    units: Arc<ByteCache<(ChunkName, u32), Bytes>>,
    indices: Arc<ByteCache<ChunkName, Arc<Index>>>,
}

impl Objects {
    /// Chunks in a local folder, which is made if needed.
    pub(crate) fn local(
        folder: &FsPath,
        level: i32,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        let failed =
            |reason: String| StoreError::Folder { path: folder.display().to_string(), reason };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        remove_unfinished(folder).map_err(|error| failed(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| failed(error.to_string()))?
            .with_fsync(true);
        Ok(Self::new(Arc::new(store), level, cache_bytes))
    }

    pub(crate) fn new(store: Arc<dyn ObjectStore>, level: i32, cache_bytes: usize) -> Self {
        Self {
            store,
            level,
            units: Arc::new(ByteCache::new(cache_bytes)),
            indices: Arc::new(ByteCache::new(cache_bytes / 16)),
        }
    }

    /// The chunks of one kind, in no order.
    pub(crate) async fn list(&self, kind: ChunkKind) -> Result<Vec<ChunkName>, StoreError> {
        let prefix = Path::from(kind.name());
        let metas: Vec<_> = self
            .store
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|error| failed("list", kind.name(), &error))?;
        let names = metas.iter().filter_map(|meta| {
            let name = meta.location.as_ref().parse().ok();
            if name.is_none() {
                tracing::warn!(object = %meta.location, "not a chunk, left alone");
            }
            name
        });
        Ok(names.collect())
    }

    /// Seals units into a chunk; when this returns they survive a crash. A chunk of the same name
    /// is replaced at once.
    pub(crate) async fn put(&self, name: ChunkName, units: Vec<Unit>) -> Result<(), StoreError> {
        let level = self.level;
        let units_in_it: Vec<u32> = units.iter().map(|unit| unit.first).collect();
        let encoded = tokio::task::spawn_blocking(move || chunk::encode(name, &units, level))
            .await
            .map_err(|error| failed("write", name, &error))?
            .map_err(|error| failed("write", name, &error))?;
        let written = self.store.put(&name.path(), encoded.into()).await;
        written.map_err(|error| failed("write", name, &error))?;
        self.forget(name, units_in_it);
        Ok(())
    }

    /// Removes a chunk.
    pub(crate) async fn delete(&self, name: ChunkName) -> Result<(), StoreError> {
        let units = self.index(name).await.map(|index| index.units.clone()).unwrap_or_default();
        match self.store.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed("delete", name, &error)),
        }
        self.forget(name, units.iter().map(|unit| unit.first));
        Ok(())
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
        let index = self.index(name).await?;
        let Some(entry) = index.unit(block).copied() else { return Ok(None) };
        let load = async {
            let range = entry.offset..entry.offset + u64::from(entry.stored);
            let frame = self.store.get_range(&name.path(), range).await;
            let frame = frame.map_err(|error| failed("read", name, &error))?;
            let body = tokio::task::spawn_blocking(move || entry.open(&frame))
                .await
                .map_err(|error| failed("read", name, &error))?
                .map_err(|error| damaged(name, &error))?;
            let size = body.len().max(1);
            Ok((body, size))
        };
        self.units.get(&(name, entry.first), load).await.map(Some)
    }

    /// A chunk's index.
    pub(crate) async fn index(&self, name: ChunkName) -> Result<Arc<Index>, StoreError> {
        let load = async {
            let mut wanted = chunk::INDEX_GUESS;
            loop {
                let range = 0..wanted as u64;
                let head = self.store.get_range(&name.path(), range).await;
                let head = head.map_err(|error| failed("read", name, &error))?;
                match Index::decode(&head) {
                    Ok(index) if index.name == name => {
                        let size = size_of_val(&index.units[..]) + size_of::<Index>();
                        return Ok((Arc::new(index), size));
                    }
                    Ok(index) => {
                        let reason = format!("it holds {}", index.name);
                        return Err(StoreError::Damaged { object: name.to_string(), reason });
                    }
                    Err(ChunkError::Short(needed)) if needed > wanted => wanted = needed,
                    Err(error) => return Err(damaged(name, &error)),
                }
            }
        };
        self.indices.get(&name, load).await
    }
}

fn failed(
    action: &'static str,
    object: impl std::fmt::Display,
    error: &impl std::fmt::Display,
) -> StoreError {
    StoreError::Object { action, object: object.to_string(), reason: error.to_string() }
}

fn damaged(name: ChunkName, error: &ChunkError) -> StoreError {
    StoreError::Damaged { object: name.to_string(), reason: error.to_string() }
}

/// Removes what a write left behind that never got its name: `name#1`.
fn remove_unfinished(folder: &FsPath) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_unfinished(&entry.path())?;
            continue;
        }
        let name = entry.file_name();
        let unfinished = name.to_string_lossy().rsplit_once('#').is_some_and(|(_, suffix)| {
            !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
        });
        if unfinished {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
