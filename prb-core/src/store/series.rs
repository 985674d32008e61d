//! A run of numbered items without gaps: parachain headers, parachain blocks.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders};
use prost::Message;
use tokio::sync::{Mutex, watch};

use super::chunk::Unit;
use super::names::{ChunkKind, ChunkName, reconcile};
use super::objects::Objects;
use super::{Heights, StoreError};

/// A unit as it is served: items from `first`, aligned to the unit's size.
pub(crate) trait UnitMessage: Message + Default {
    const KIND: ChunkKind;
    /// Number of the first item there is.
    const FIRST: u32;
    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self;
    fn into_items(self) -> (u32, Vec<Bytes>);
    fn height(heights: &mut Heights) -> &mut Option<u32>;
}

impl UnitMessage for ParaHeaders {
    const KIND: ChunkKind = ChunkKind::Headers;
    const FIRST: u32 = 0;

    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self {
        Self { first, items, complete }
    }

    fn into_items(self) -> (u32, Vec<Bytes>) {
        (self.first, self.items)
    }

    fn height(heights: &mut Heights) -> &mut Option<u32> {
        &mut heights.headers
    }
}

impl UnitMessage for ParaBlocks {
    const KIND: ChunkKind = ChunkKind::Blocks;
    /// Block 0 is the genesis state.
    const FIRST: u32 = 1;

    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self {
        Self { first, items, complete }
    }

    fn into_items(self) -> (u32, Vec<Bytes>) {
        (self.first, self.items)
    }

    fn height(heights: &mut Heights) -> &mut Option<u32> {
        &mut heights.blocks
    }
}

/// How much is sealed at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealLimits {
    /// Items in one unit.
    pub(crate) per_unit: u32,
    /// A chunk is sealed when this many units are complete,
    pub(crate) units: u32,
    /// or when the complete ones have this many bytes.
    pub(crate) bytes: usize,
}

/// How soon what is written survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When its chunk is full: while catching up, when fetching it again is cheap.
    WhenSealed,
    /// When the call returns.
    Now,
}

/// The series: sealed chunks, then the tail.
pub(crate) struct Series<M> {
    limits: SealLimits,
    objects: Objects,
    tree: sled::Tree,
    heights: Arc<watch::Sender<Heights>>,
    state: RwLock<State>,
    /// One writer at a time.
    writing: Mutex<()>,
    message: PhantomData<fn() -> M>,
}

struct State {
    /// In order, without gaps.
    sealed: Vec<ChunkName>,
    tail_first: u32,
    tail: VecDeque<Bytes>,
    /// Items of the tail before this number are in sled.
    persisted: u32,
}

impl State {
    fn next(&self) -> u32 {
        self.tail_first + self.tail.len() as u32
    }

    fn sealed_with(&self, number: u32) -> Option<ChunkName> {
        let index = self.sealed.partition_point(|name| name.to < number);
        self.sealed.get(index).copied().filter(|name| name.from <= number)
    }

    fn tail_item(&self, number: u32) -> Option<&Bytes> {
        self.tail.get(number.checked_sub(self.tail_first)? as usize)
    }
}

impl<M: UnitMessage> Series<M> {
    /// Opens the series and puts right what a crash left.
    pub(crate) async fn open(
        limits: SealLimits,
        objects: Objects,
        tree: sled::Tree,
        heights: Arc<watch::Sender<Heights>>,
    ) -> Result<Self, StoreError> {
        let (sealed, dropped) = reconcile(M::FIRST, objects.list(M::KIND).await?);
        for name in dropped {
            tracing::warn!(chunk = %name, "covered by another chunk or behind a gap, removed");
            objects.delete(name).await?;
        }
        let tail_first = sealed.last().map_or(M::FIRST, |name| name.to + 1);
        let mut tail = VecDeque::new();
        for entry in &tree {
            let (key, item) = entry?;
            if number_of(&key) == Some(tail_first + tail.len() as u32) {
                tail.push_back(Bytes::copy_from_slice(&item));
            } else {
                tree.remove(&key)?;
            }
        }
        let persisted = tail_first + tail.len() as u32;
        let series = Self {
            limits,
            objects,
            tree,
            heights,
            state: RwLock::new(State { sealed, tail_first, tail, persisted }),
            writing: Mutex::default(),
            message: PhantomData,
        };
        series.publish();
        Ok(series)
    }

    /// Items in one unit.
    pub(crate) fn per_unit(&self) -> u32 {
        self.limits.per_unit
    }

    /// Number of the item wanted next.
    pub(crate) fn next(&self) -> u32 {
        self.read().next()
    }

    /// Adds items at the end; they can be read at once, and survive a crash after a
    /// [`Series::commit`].
    pub(crate) fn append(&self, first: u32, items: Vec<Bytes>) -> Result<(), StoreError> {
        {
            let mut state = self.write();
            if first != state.next() {
                return Err(StoreError::OutOfOrder {
                    what: M::KIND.name(),
                    expected: state.next(),
                    found: first,
                });
            }
            state.tail.extend(items);
        }
        self.publish();
        Ok(())
    }

    /// Seals what is due, and writes the rest down if it has to survive now. May be called again
    /// after an error: nothing is lost or doubled.
    pub(crate) async fn commit(&self, durability: Durability) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        while let Some((name, units)) = self.due() {
            self.objects.put(name, units).await?;
            let in_sled = {
                let mut state = self.write();
                state.sealed.push(name);
                state.tail_first = name.to + 1;
                state.tail.drain(..(name.to - name.from + 1) as usize);
                let in_sled = name.from..state.persisted.min(name.to + 1);
                state.persisted = state.persisted.max(name.to + 1);
                in_sled
            };
            let mut batch = sled::Batch::default();
            in_sled.for_each(|number| batch.remove(&number.to_be_bytes()));
            self.tree.apply_batch(batch)?;
            tracing::debug!(chunk = %name, "sealed");
        }
        if durability == Durability::Now {
            self.persist().await?;
        }
        Ok(())
    }

    /// The next chunk to seal, if one is due.
    fn due(&self) -> Option<(ChunkName, Vec<Unit>)> {
        let per_unit = self.limits.per_unit;
        let state = self.read();
        let mut units: Vec<(u32, u32)> = Vec::new();
        let mut bytes = 0;
        let mut first = state.tail_first;
        loop {
            let last = (first / per_unit + 1) * per_unit - 1;
            if last >= state.next() {
                break;
            }
            units.push((first, last));
            bytes +=
                (first..=last).filter_map(|n| state.tail_item(n)).map(Bytes::len).sum::<usize>();
            if units.len() >= self.limits.units as usize || bytes >= self.limits.bytes {
                let name = ChunkName { kind: M::KIND, from: state.tail_first, to: last };
                let unit = |(first, last): (u32, u32)| {
                    let items = (first..=last).filter_map(|n| state.tail_item(n).cloned());
                    let body = M::new(first, items.collect(), true).encode_to_vec().into();
                    Unit { first, last, body }
                };
                return Some((name, units.into_iter().map(unit).collect()));
            }
            first = last + 1;
        }
        None
    }

    async fn persist(&self) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let end = {
            let state = self.read();
            for number in state.persisted..state.next() {
                if let Some(item) = state.tail_item(number) {
                    batch.insert(&number.to_be_bytes(), &item[..]);
                }
            }
            state.next()
        };
        if self.read().persisted < end {
            self.tree.apply_batch(batch)?;
            self.tree.flush_async().await?;
            self.write().persisted = end;
        }
        Ok(())
    }

    /// The unit with that index as it is served, `None` before its first item.
    pub(crate) async fn unit(&self, index: u32) -> Result<Option<Bytes>, StoreError> {
        let Some(start) = index.checked_mul(self.limits.per_unit) else { return Ok(None) };
        let first = start.max(M::FIRST);
        let sealed = {
            let state = self.read();
            match state.sealed_with(first) {
                Some(name) => name,
                None => return Ok(self.tail_unit(&state, start, first)),
            }
        };
        self.objects.unit(sealed, first).await
    }

    fn tail_unit(&self, state: &State, start: u32, first: u32) -> Option<Bytes> {
        let end = start.saturating_add(self.limits.per_unit);
        let items: Vec<Bytes> =
            (first..end).map_while(|number| state.tail_item(number).cloned()).collect();
        let complete = first as usize + items.len() == end as usize;
        let some = !items.is_empty();
        some.then(|| M::new(first, items, complete).encode_to_vec().into())
    }

    /// One item, `None` if it is not there yet.
    pub(crate) async fn item(&self, number: u32) -> Result<Option<Bytes>, StoreError> {
        let items = self.items(number, 1).await?;
        Ok(items.into_iter().next())
    }

    /// At most `count` items from `first` on: a run out of one unit, or out of the tail.
    pub(crate) async fn items(&self, first: u32, count: u32) -> Result<Vec<Bytes>, StoreError> {
        let in_tail: Vec<Bytes> = {
            let state = self.read();
            (first..).take(count as usize).map_while(|n| state.tail_item(n).cloned()).collect()
        };
        if !in_tail.is_empty() {
            return Ok(in_tail);
        }
        let Some(body) = self.unit(first / self.limits.per_unit).await? else {
            return Ok(Vec::new());
        };
        let (start, items) = Self::decode(first, body)?;
        let skip = first.saturating_sub(start) as usize;
        Ok(items.into_iter().skip(skip).take(count as usize).collect())
    }

    /// Puts other bytes in an item's place.
    pub(crate) async fn replace(&self, number: u32, item: Bytes) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let sealed = {
            let mut state = self.write();
            let sealed = state.sealed_with(number);
            if sealed.is_none() {
                let offset = number.checked_sub(state.tail_first);
                let slot = offset.and_then(|offset| state.tail.get_mut(offset as usize));
                let Some(slot) = slot else { return Ok(()) };
                *slot = item.clone();
                if number < state.persisted {
                    self.tree.insert(number.to_be_bytes(), &item[..])?;
                }
            }
            sealed
        };
        let Some(name) = sealed else {
            self.tree.flush_async().await?;
            return Ok(());
        };
        let mut units = Vec::new();
        for entry in &self.objects.index(name).await?.units {
            let Some(mut body) = self.objects.unit(name, entry.first).await? else { continue };
            if (entry.first..=entry.last).contains(&number) {
                let (first, mut items) = Self::decode(number, body)?;
                if let Some(slot) = items.get_mut((number - first) as usize) {
                    *slot = item.clone();
                }
                body = M::new(first, items, true).encode_to_vec().into();
            }
            units.push(Unit { first: entry.first, last: entry.last, body });
        }
        self.objects.put(name, units).await
    }

    fn decode(number: u32, body: Bytes) -> Result<(u32, Vec<Bytes>), StoreError> {
        let message = M::decode(body).map_err(|error| StoreError::Damaged {
            object: format!("the unit of {} {number}", M::KIND.name()),
            reason: error.to_string(),
        })?;
        Ok(message.into_items())
    }

    fn publish(&self) {
        let last = self.next().checked_sub(1).filter(|last| *last >= M::FIRST);
        self.heights.send_if_modified(|heights| {
            let height = M::height(heights);
            let changed = *height != last;
            *height = last;
            changed
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // No code under this lock panics half way through a change.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn number_of(key: &[u8]) -> Option<u32> {
    key.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests;
