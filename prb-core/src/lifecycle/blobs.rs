//! What data providers serve, fetched once and shared by all workers.
//!
//! Workers that need the same bytes get the same bytes: a blob is fetched by the first who needs
//! it, and a request's body is encoded by the first who sends it. What is kept is bounded in
//! bytes, number and age.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use prb_walkie::proto::data_provider::{Info, ParaBlocks, ParaHeaders, RelaySegment};
use prost::Message;
use tokio::sync::watch;

use super::CacheLimits;
use crate::blob::{BlobError, BlobKey, BlobSource};

mod body;
mod cache;
mod segment;
mod start_states;
#[cfg(test)]
mod tests;
mod tip;
mod turns;

pub(crate) use body::BodyError;
pub(crate) use segment::StoredSegment;
pub(crate) use start_states::FetchStateError;
pub(crate) use tip::{Tip, TipFollower};

use self::cache::{Cache, Item, Key};
use self::start_states::StartStates;
use self::turns::Turns;
use super::sync::plan::{Request, Run};

/// Blobs and request bodies, shared.
pub(crate) struct Blobs {
    source: Arc<dyn BlobSource>,
    cache: Mutex<Cache>,
    fetching: Turns,
    /// Not those of fetching: who encodes a body fetches meanwhile, and two keys of one hash would
    /// wait for each other for ever.
    encoding: Turns,
    chunks: OnceLock<ChunkSizes>,
    tip: watch::Sender<Option<Tip>>,
    start_states: StartStates,
}

/// Items per chunk, as the provider announces them.
#[derive(Clone, Copy, Debug)]
struct ChunkSizes {
    headers: u32,
    blocks: u32,
}

/// Consecutive items.
#[derive(Debug)]
pub(super) struct Chunk {
    first: u32,
    items: Vec<Bytes>,
    complete: bool,
}

impl Chunk {
    fn get(&self, number: u32) -> Option<&Bytes> {
        self.items.get(number.checked_sub(self.first)? as usize)
    }

    /// Whether no provider can have more about a block. One whose parachain begins in the middle of
    /// a chunk gives less than others.
    fn decides(&self, number: u32) -> bool {
        self.get(number).is_some() || self.complete && number >= self.first
    }
}

impl Blobs {
    /// Keeps what it gets within these limits.
    pub(crate) fn new(source: Arc<dyn BlobSource>, limits: CacheLimits) -> Self {
        Self {
            source,
            cache: Mutex::new(Cache::new(limits)),
            fetching: Turns::default(),
            encoding: Turns::default(),
            chunks: OnceLock::new(),
            tip: watch::Sender::new(None),
            start_states: StartStates::default(),
        }
    }

    /// The newest relay segment whose blocks are all at hand, and when it changes.
    pub(crate) fn tip(&self) -> watch::Receiver<Option<Tip>> {
        self.tip.subscribe()
    }

    /// The provider's heights.
    pub(crate) async fn info(&self) -> Result<Info, BlobError> {
        let info = self.source.info().await?;
        // The sizes come along for those who need them; whoever needs them says what is wrong.
        let _ = self.learn_chunks(&info);
        Ok(info)
    }

    /// Any blob, past the cache.
    pub(crate) async fn fetch(&self, key: BlobKey) -> Result<Option<Bytes>, BlobError> {
        self.source.get(key, Duration::ZERO).await
    }

    /// Tells the provider that a block did not give its state root, and forgets it.
    pub(crate) async fn report_bad_block(&self, number: u32) -> Result<(), BlobError> {
        self.forget_block(number);
        self.source.report_bad_block(number).await
    }

    /// The segment that holds a relay block; `None` if it is beyond the tip.
    pub(crate) async fn segment(
        &self,
        number: u32,
    ) -> Result<Option<Arc<StoredSegment>>, BlobError> {
        if self.tip.borrow().is_none_or(|tip| number > tip.relay) {
            return Ok(None);
        }
        if let Some(found) = self.lock().segment_with(number) {
            return Ok(Some(found));
        }
        let _fetching = self.fetching.take(&number).await;
        if let Some(found) = self.lock().segment_with(number) {
            return Ok(Some(found));
        }
        let key = BlobKey::Relay(number);
        let Some(bytes) = self.fetch(key).await? else { return Ok(None) };
        self.keep_segment(key, bytes).map(Some)
    }

    fn keep_segment(&self, key: BlobKey, bytes: Bytes) -> Result<Arc<StoredSegment>, BlobError> {
        let segment = RelaySegment::decode(bytes)
            .map_err(|error| error.to_string())
            .and_then(|segment| StoredSegment::new(segment).map_err(|error| error.to_string()))
            .map_err(|reason| BlobError::Malformed { key, reason })?;
        let segment = Arc::new(segment);
        self.lock().put_segment(&segment);
        Ok(segment)
    }

    /// A parachain block with its storage changes; `None` if the provider has it not.
    pub(crate) async fn block(&self, number: u32) -> Result<Option<Bytes>, BlobError> {
        let chunk = self.blocks_chunk(number).await?;
        Ok(chunk.and_then(|chunk| chunk.get(number).cloned()))
    }

    /// The sizes of the parachain blocks from `number` on that stand in one chunk.
    pub(crate) async fn block_sizes(&self, number: u32) -> Result<Vec<usize>, BlobError> {
        let Some(chunk) = self.blocks_chunk(number).await? else { return Ok(Vec::new()) };
        let Some(skip) = number.checked_sub(chunk.first) else { return Ok(Vec::new()) };
        Ok(chunk.items.iter().skip(skip as usize).map(Bytes::len).collect())
    }

    async fn header(&self, number: u32) -> Result<Option<Bytes>, BlobError> {
        let index = number / self.chunks().await?.headers;
        let chunk = self.chunk(Key::Headers(index), BlobKey::Headers(index), number).await?;
        Ok(chunk.and_then(|chunk| chunk.get(number).cloned()))
    }

    /// Whether nobody has what comes before this parachain header, as the provider is in light mode.
    async fn begins_with(&self, number: u32) -> Result<bool, BlobError> {
        if number == 0 || self.header(number - 1).await?.is_some() {
            return Ok(false);
        }
        let start = self.info().await?.para_start_header;
        Ok(u32::try_from(start).is_ok_and(|start| start == number))
    }

    async fn blocks_chunk(&self, number: u32) -> Result<Option<Arc<Chunk>>, BlobError> {
        let index = number / self.chunks().await?.blocks;
        self.chunk(Key::Blocks(index), BlobKey::Blocks(index), number).await
    }

    /// The chunk, with the item if the provider has it.
    async fn chunk(
        &self,
        kept: Key,
        key: BlobKey,
        number: u32,
    ) -> Result<Option<Arc<Chunk>>, BlobError> {
        let enough = |chunk: &Arc<Chunk>| chunk.decides(number);
        if let Some(chunk) = self.lock().chunk(&kept).filter(enough) {
            return Ok(Some(chunk));
        }
        let _fetching = self.fetching.take(&kept).await;
        if let Some(chunk) = self.lock().chunk(&kept).filter(enough) {
            return Ok(Some(chunk));
        }
        let Some(bytes) = self.fetch(key).await? else { return Ok(None) };
        let malformed =
            |error: prost::DecodeError| BlobError::Malformed { key, reason: error.to_string() };
        let size = bytes.len();
        let chunk = if matches!(key, BlobKey::Headers(_)) {
            let ParaHeaders { first, items, complete } =
                ParaHeaders::decode(bytes).map_err(malformed)?;
            Chunk { first, items, complete }
        } else {
            let ParaBlocks { first, items, complete } =
                ParaBlocks::decode(bytes).map_err(malformed)?;
            Chunk { first, items, complete }
        };
        let chunk = Arc::new(chunk);
        self.lock().put(kept, Item::Chunk(chunk.clone()), size);
        Ok(Some(chunk))
    }

    /// The body of a request, encoded once for all.
    pub(crate) async fn body(&self, request: Request) -> Result<Bytes, BodyError> {
        let key = Key::Body(request);
        if let Some(body) = self.lock().body(&key) {
            return Ok(body);
        }
        let _encoding = self.encoding.take(&key).await;
        if let Some(body) = self.lock().body(&key) {
            return Ok(body);
        }
        let body = body::encode(self, request).await?;
        self.lock().put(key, Item::Body(body.clone()), body.len());
        Ok(body)
    }

    /// Fetches what comes after a request, so that it is at hand when it is asked for. Whoever asks
    /// for it is told what is wrong with it.
    pub(crate) async fn fetch_after(&self, request: Request) {
        let Some(tip) = *self.tip.borrow() else { return };
        match request {
            Request::Blocks(run) if tip.para.is_some_and(|last| run.to < last) => {
                let _ = self.blocks_chunk(run.to + 1).await;
            }
            Request::Relay { to, .. } | Request::Combined { relay: Run { to, .. }, .. } => {
                let _ = self.segment(to.saturating_add(1)).await;
            }
            _ => {}
        }
    }

    /// Forgets what a refused request was made of, so that it is fetched anew.
    pub(crate) async fn forget(&self, request: Request) {
        let Ok(sizes) = self.chunks().await else { return };
        self.lock().forget(request, sizes.headers, sizes.blocks);
    }

    /// Forgets the chunk of a block.
    pub(crate) fn forget_block(&self, number: u32) {
        if let Some(sizes) = self.chunks.get() {
            let run = Run { from: number, to: number };
            self.lock().forget(Request::Blocks(run), sizes.headers, sizes.blocks);
        }
    }

    /// Those who ask before it is known ask at once, not in turn: where no provider is, each is to
    /// learn so after one wait.
    async fn chunks(&self) -> Result<ChunkSizes, BlobError> {
        match self.chunks.get() {
            Some(sizes) => Ok(*sizes),
            None => self.learn_chunks(&self.source.info().await?),
        }
    }

    fn learn_chunks(&self, info: &Info) -> Result<ChunkSizes, BlobError> {
        if info.headers_per_chunk == 0 || info.blocks_per_chunk == 0 {
            let reason = "the data provider announces no chunk sizes".to_owned();
            return Err(BlobError::Unreachable { reason });
        }
        let sizes = ChunkSizes { headers: info.headers_per_chunk, blocks: info.blocks_per_chunk };
        Ok(*self.chunks.get_or_init(|| sizes))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
