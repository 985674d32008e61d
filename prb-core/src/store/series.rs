//! A run of numbered items without gaps: parachain headers, parachain blocks.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use super::chunk::Unit;
use super::index::Index;
use super::names::ChunkName;
use super::objects::{Objects, Summed};
use super::space::Space;
use super::{Heights, StoreError};

mod follow;
mod mend;
pub(super) mod runs;
mod unit;

use self::runs::Run;
pub(crate) use unit::UnitMessage;

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
    records: Records,
    heights: Arc<watch::Sender<Heights>>,
    state: RwLock<State>,
    /// One writer at a time.
    writing: Mutex<()>,
    message: PhantomData<fn() -> M>,
}

/// What of a series is in sled.
pub(crate) struct Records {
    /// Items not yet sealed, by number.
    pub(crate) tail: sled::Tree,
    /// Digests of what is sealed, by first block: what a chunk held can be told when it is lost.
    pub(crate) digests: sled::Tree,
    /// Of the disk they lie on.
    pub(crate) space: Space,
}

struct State {
    /// Number of the first item there is.
    first: u32,
    sealed: Index,
    tail_first: u32,
    tail: VecDeque<Bytes>,
    /// Items of the tail before this number are in sled.
    persisted: u32,
}

impl State {
    fn next(&self) -> u32 {
        self.tail_first + self.tail.len() as u32
    }

    fn is_empty(&self) -> bool {
        self.next() == self.first && self.sealed.last().is_none()
    }

    fn tail_item(&self, number: u32) -> Option<&Bytes> {
        self.tail.get(number.checked_sub(self.tail_first)? as usize)
    }
}

impl<M: UnitMessage> Series<M> {
    /// Opens the series, which begins with item `first`, and puts right what a crash left.
    pub(crate) async fn open(
        first: u32,
        limits: SealLimits,
        objects: Objects,
        records: Records,
        heights: Arc<watch::Sender<Heights>>,
    ) -> Result<Self, StoreError> {
        let (sealed, covered) = Index::reconcile(first, objects.list(M::KIND).await?);
        for name in covered {
            if objects.read_only() {
                continue;
            }
            tracing::warn!(chunk = %name, "covered by another chunk, removed");
            objects.delete(name).await?;
        }
        let mut tail_first = sealed.last().map_or(first, |name| name.to + 1);
        let mut tail = VecDeque::new();
        for entry in &records.tail {
            let (key, value) = entry?;
            let Some(run) = Run::read(&key, &value) else {
                records.tail.remove(&key)?;
                continue;
            };
            if tail.is_empty() && run.first > tail_first {
                // The chunk before it is lost: a hole that will be filled.
                tail_first = run.first;
            }
            // Its first items may be sealed already.
            let known = (tail_first + tail.len() as u32).checked_sub(run.first);
            match known.filter(|known| (*known as usize) < run.items.len()) {
                Some(known) => tail.extend(run.items.into_iter().skip(known as usize)),
                None => {
                    records.tail.remove(&key)?;
                }
            }
        }
        let persisted = tail_first + tail.len() as u32;
        let series = Self {
            limits,
            objects,
            records,
            heights,
            state: RwLock::new(State { first, sealed, tail_first, tail, persisted }),
            writing: Mutex::default(),
            message: PhantomData,
        };
        series.publish();
        Ok(series)
    }

    /// Begins with another item; only while there is none.
    pub(super) fn begin_at(&self, first: u32) -> Result<(), StoreError> {
        {
            let mut state = self.write();
            if !state.is_empty() {
                let (what, expected) = (M::KIND.name(), state.next());
                return Err(StoreError::OutOfOrder { what, expected, found: first });
            }
            (state.first, state.tail_first, state.persisted) = (first, first, first);
        }
        self.publish();
        Ok(())
    }

    /// Items in one unit.
    pub(crate) fn per_unit(&self) -> u32 {
        self.limits.per_unit
    }

    /// Whether nothing is stored.
    pub(crate) fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Items that are written down and not sealed.
    pub(crate) fn unsealed(&self) -> usize {
        let state = self.read();
        state.persisted.saturating_sub(state.tail_first) as usize
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
            let digest = self.objects.put(name, units).await?;
            let in_sled = {
                let mut state = self.write();
                state.sealed.insert(name);
                state.tail_first = name.to + 1;
                state.tail.drain(..(name.to - name.from + 1) as usize);
                let in_sled = state.persisted > name.from;
                state.persisted = state.persisted.max(name.to + 1);
                in_sled
            };
            if in_sled {
                let mut batch = sled::Batch::default();
                runs::remove_to(&self.records.tail, &mut batch, name.to)?;
                self.records.tail.apply_batch(batch)?;
            }
            self.keep_digest(name, digest)?;
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
        let (end, bytes) = {
            let state = self.read();
            let new = (state.persisted..state.next()).filter_map(|n| state.tail_item(n).cloned());
            let mut bytes = 0;
            runs::insert(&mut batch, state.persisted, new.inspect(|item| bytes += item.len()));
            (state.next(), bytes)
        };
        if self.read().persisted < end {
            self.records.space.take(bytes)?;
            self.records.tail.apply_batch(batch)?;
            self.records.tail.flush_async().await?;
            self.write().persisted = end;
        }
        Ok(())
    }

    /// The unit with that index as it is served, `None` before its first item.
    pub(crate) async fn unit(&self, index: u32) -> Result<Option<Bytes>, StoreError> {
        Ok(self.summed_unit(index).await?.map(|(body, _)| body))
    }

    /// The same with its checksum if that is at hand.
    pub(crate) async fn summed_unit(&self, index: u32) -> Result<Option<Summed>, StoreError> {
        let Some(start) = index.checked_mul(self.limits.per_unit) else { return Ok(None) };
        let (first, sealed) = {
            let state = self.read();
            let first = start.max(state.first);
            if first - start >= self.limits.per_unit {
                return Ok(None);
            }
            match state.sealed.covering(first) {
                Some(name) => (first, name),
                None => return Ok(self.tail_unit(&state, start, first).map(|body| (body, None))),
            }
        };
        self.objects.summed_unit(sealed, first).await
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

    fn decode(number: u32, body: Bytes) -> Result<(u32, Vec<Bytes>), StoreError> {
        let message = M::decode(body).map_err(|error| StoreError::Damaged {
            object: format!("the unit of {} {number}", M::KIND.name()),
            reason: error.to_string(),
        })?;
        Ok(message.into_items())
    }

    fn publish(&self) {
        let last = {
            let state = self.read();
            state.next().checked_sub(1).filter(|last| *last >= state.first)
        };
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
