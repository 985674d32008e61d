//! The store as an operator handles it, while no provider has it open.

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use prb_walkie::proto::data_provider::RelaySegment;
use prost::Message;

use super::index::Index;
use super::objects::failed;
use super::series::runs::{self, Run};
use super::{ChunkKind, ChunkName, Store, StoreError};

/// Where damaged chunks are put aside.
const QUARANTINE: &str = "quarantine";

/// How much of one kind is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindStats {
    /// relay, headers, blocks, genesis or state.
    pub kind: &'static str,
    /// Sealed chunks.
    pub chunks: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// First and last block in them.
    pub range: Option<(u32, u32)>,
    /// Records not yet sealed.
    pub unsealed: usize,
}

impl Store {
    /// How much is stored, by kind.
    pub(crate) async fn stats(&self) -> Result<Vec<KindStats>, StoreError> {
        let mut stats = Vec::new();
        for kind in ChunkKind::ALL {
            let (mut range, mut chunks, mut bytes) = (None, 0, 0);
            for (path, size) in self.sized(kind.name()).await? {
                let Ok(ChunkName { from, to, .. }) = path.as_ref().parse() else { continue };
                let (first, last) = range.unwrap_or((from, to));
                range = Some((from.min(first), to.max(last)));
                chunks += 1;
                bytes += size;
            }
            let unsealed = match kind {
                ChunkKind::Relay => self.db.open_tree(kind.name())?.len(),
                ChunkKind::Headers => self.headers.unsealed(),
                ChunkKind::Blocks => self.blocks.unsealed(),
                ChunkKind::Genesis | ChunkKind::State => 0,
            };
            stats.push(KindStats { kind: kind.name(), chunks, bytes, range, unsealed });
        }
        Ok(stats)
    }

    /// Every chunk, oldest first within its kind.
    pub(crate) async fn chunks(&self, kind: ChunkKind) -> Result<Vec<ChunkName>, StoreError> {
        let mut names = self.objects.list(kind).await?;
        names.sort_unstable();
        Ok(names)
    }

    /// Reads every byte of a chunk; an error says what is wrong with it.
    pub(crate) async fn check_chunk(&self, name: ChunkName) -> Result<(), StoreError> {
        self.objects.read_all(name).await.map(drop)
    }

    /// Copies a chunk as it is into another store.
    pub(crate) async fn copy_chunk(&self, name: ChunkName, to: &Self) -> Result<u64, StoreError> {
        let bytes = self.objects.read_encoded(name).await?;
        let size = bytes.len() as u64;
        to.objects.put_encoded(name, bytes).await?;
        Ok(size)
    }

    /// Lays this empty store out as another one is.
    pub(crate) async fn take_layout(&self, of: &Self) -> Result<(), StoreError> {
        of.manifest.lock().await.write(self.objects.store()).await
    }

    /// Seals a chunk anew with the configured level.
    pub(crate) async fn recompress(&self, name: ChunkName) -> Result<(), StoreError> {
        let units = self.objects.read_all(name).await?;
        self.objects.put(name, units).await.map(drop)
    }

    /// Removes for good what was put aside; gives the bytes that were freed.
    pub(crate) async fn remove_quarantined(&self) -> Result<u64, StoreError> {
        let mut freed = 0;
        for (path, size) in self.sized(QUARANTINE).await? {
            let removed = self.objects.store().delete(&path).await;
            removed.map_err(|error| failed("delete", &path, &error))?;
            freed += size;
        }
        Ok(freed)
    }

    /// Puts every chunk aside that holds one of the blocks `from..=to`, and forgets what of them,
    /// and after them, is not sealed. A provider that opens the store fetches them anew.
    pub(crate) async fn drop_range(
        &self,
        kind: ChunkKind,
        from: u32,
        to: u32,
    ) -> Result<Vec<String>, StoreError> {
        let mut dropped = Vec::new();
        for name in self.chunks(kind).await? {
            if name.from <= to && name.to >= from {
                let moved = self.objects.store().rename(&name.path(), &name.quarantine()).await;
                moved.map_err(|error| failed("put aside", name, &error))?;
                self.objects.forget_all(name);
                dropped.push(name.to_string());
            }
        }
        if matches!(kind, ChunkKind::Genesis | ChunkKind::State) {
            return Ok(dropped);
        }
        let tree = self.db.open_tree(kind.name())?;
        let mut ended = false;
        for entry in &tree {
            let (key, value) = entry?;
            let Some((first, last)) = runs::bounds(&key) else { continue };
            let last = match kind {
                ChunkKind::Relay => RelaySegment::decode(&value[..]).map_or(last, |it| it.to),
                _ => last,
            };
            let begins = !ended && first <= to && last >= from;
            ended |= begins;
            if !ended {
                continue;
            }
            match Run::read(&key, &value).filter(|_| begins && kind != ChunkKind::Relay) {
                Some(run) => runs::cut(&tree, run, &key, from)?,
                None => drop(tree.remove(&key)?),
            }
            dropped.push(format!("unsealed {} {}", kind.name(), first.max(from)));
        }
        tree.flush_async().await?;
        Ok(dropped)
    }

    /// Blocks missing between the first and the last sealed chunk of a kind.
    pub(crate) async fn missing(&self, kind: ChunkKind) -> Result<Vec<(u32, u32)>, StoreError> {
        let names = self.chunks(kind).await?;
        let Some(first) = names.first().map(|name| name.from) else { return Ok(Vec::new()) };
        let (mut index, _) = Index::reconcile(first, names);
        let end = index.last().map_or(first, |name| name.to + 1);
        let mut missing = Vec::new();
        while let Some(hole) = index.hole(first, end) {
            index.insert(ChunkName { kind, from: hole.from, to: hole.to });
            missing.push((hole.from, hole.to));
        }
        Ok(missing)
    }

    async fn sized(&self, folder: &'static str) -> Result<Vec<(Path, u64)>, StoreError> {
        let listed = self.objects.store().list(Some(&Path::from(folder)));
        let sized = listed.map_ok(|meta| (meta.location, meta.size)).try_collect().await;
        sized.map_err(|error| failed("list", folder, &error))
    }
}
