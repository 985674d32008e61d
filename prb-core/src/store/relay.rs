//! Segments of the relay chain.
//!
//! A closed period of an authority set is one sealed chunk of one segment. The segments of the
//! running period are the tail; they are merged as they become many, so that a new worker takes
//! few and the disk keeps few justifications: of merged segments only the last justification and
//! proof is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use prb_walkie::proto::data_provider::RelaySegment;
use prost::Message;
use tokio::sync::{Mutex, watch};

use super::chunk::Unit;
use super::index::{Hole, Index};
use super::names::{ChunkKind, ChunkName};
use super::objects::{Objects, Summed};
use super::series::number_of;
use super::space::Space;
use super::{Heights, StoreError};

mod follow;
mod mend;
mod merge;

/// The relay chain as stored.
pub(crate) struct RelaySegments {
    objects: Objects,
    tree: sled::Tree,
    space: Space,
    heights: Arc<watch::Sender<Heights>>,
    state: RwLock<State>,
    /// One writer at a time.
    writing: Mutex<()>,
}

struct State {
    first: u32,
    sealed: Index,
    /// First and last block of each segment of the running period, in order, without gaps.
    tail: BTreeMap<u32, u32>,
}

impl State {
    fn next(&self) -> u32 {
        let tail = self.tail.last_key_value().map(|(_, to)| to + 1);
        tail.unwrap_or_else(|| self.period_start())
    }

    fn period_start(&self) -> u32 {
        self.sealed.last().map_or(self.first, |name| name.to + 1)
    }
}

impl RelaySegments {
    /// Opens the segments from block `first` on and puts right what a crash left.
    pub(crate) async fn open(
        first: u32,
        objects: Objects,
        tree: sled::Tree,
        space: Space,
        heights: Arc<watch::Sender<Heights>>,
    ) -> Result<Self, StoreError> {
        let (sealed, covered) = Index::reconcile(first, objects.list(ChunkKind::Relay).await?);
        for name in covered {
            if objects.read_only() {
                continue;
            }
            tracing::warn!(chunk = %name, "covered by another chunk, removed");
            objects.delete(name).await?;
        }
        let mut state = State { first, sealed, tail: BTreeMap::new() };
        for entry in &tree {
            let (key, body) = entry?;
            let segment = RelaySegment::decode(&body[..]).ok();
            // One that does not follow is the first after a lost chunk: a hole that will be filled.
            let segment = segment.filter(|segment| {
                number_of(&key) == Some(segment.from)
                    && (segment.from == state.next()
                        || state.tail.is_empty() && segment.from > state.next())
            });
            match segment {
                Some(segment) => {
                    state.tail.insert(segment.from, segment.to);
                }
                None => {
                    tree.remove(&key)?;
                }
            }
        }
        let segments = Self {
            objects,
            tree,
            space,
            heights,
            state: RwLock::new(state),
            writing: Mutex::default(),
        };
        segments.publish();
        Ok(segments)
    }

    /// The block wanted next.
    pub(crate) fn next(&self) -> u32 {
        self.read().next()
    }

    /// Adds a segment; when this returns it survives a crash and can be read.
    pub(crate) async fn append(&self, segment: RelaySegment) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let expected = self.next();
        if segment.from != expected || segment.to < segment.from {
            let found = segment.from;
            return Err(StoreError::OutOfOrder { what: "relay segment", expected, found });
        }
        if segment.authority_set_change.is_some() {
            self.seal(segment).await?;
        } else {
            self.add_to_tail(segment).await?;
        }
        self.publish();
        Ok(())
    }

    /// Merges the period that ends with `last` into one segment and seals it.
    async fn seal(&self, last: RelaySegment) -> Result<(), StoreError> {
        let tail: Vec<u32> = self.read().tail.keys().copied().collect();
        let mut segments = self.tail_segments(&tail)?;
        segments.push(last);
        let whole = merged(segments)?;
        let name = ChunkName { kind: ChunkKind::Relay, from: whole.from, to: whole.to };
        let unit = Unit { first: whole.from, last: whole.to, body: whole.encode_to_vec().into() };
        self.objects.put(name, vec![unit]).await?;
        {
            let mut state = self.write();
            state.sealed.insert(name);
            state.tail.clear();
        }
        // What stays behind is dropped when the store is opened.
        if let Err(error) = self.tree.clear() {
            tracing::warn!(%error, "cannot remove the segments of a sealed period");
        }
        tracing::debug!(chunk = %name, "sealed");
        Ok(())
    }

    async fn add_to_tail(&self, segment: RelaySegment) -> Result<(), StoreError> {
        let mut tail = self.read().tail.clone();
        let mut batch = sled::Batch::default();
        let mut newest = segment;
        tail.insert(newest.from, newest.to);
        while let Some(count) = merge::due(&lengths(&tail)) {
            let parts: Vec<u32> = tail.keys().rev().take(count).rev().copied().collect();
            let (_, stored) = parts.split_last().unwrap_or((&0, &[]));
            let mut segments = self.tail_segments(stored)?;
            segments.push(newest);
            newest = merged(segments)?;
            for from in parts {
                batch.remove(&from.to_be_bytes());
                tail.remove(&from);
            }
            tail.insert(newest.from, newest.to);
        }
        let body = newest.encode_to_vec();
        self.space.take(body.len())?;
        batch.insert(&newest.from.to_be_bytes(), body);
        {
            let mut state = self.write();
            self.tree.apply_batch(batch)?;
            state.tail = tail;
        }
        self.tree.flush_async().await?;
        Ok(())
    }

    fn tail_segments(&self, from: &[u32]) -> Result<Vec<RelaySegment>, StoreError> {
        from.iter().map(|from| decode(*from, self.tail_body(*from)?.unwrap_or_default())).collect()
    }

    fn tail_body(&self, from: u32) -> Result<Option<Bytes>, StoreError> {
        let body = self.tree.get(from.to_be_bytes())?;
        Ok(body.map(|body| Bytes::copy_from_slice(&body)))
    }

    /// The largest segment that holds block `number`, as it is served.
    pub(crate) async fn segment(&self, number: u32) -> Result<Option<Bytes>, StoreError> {
        Ok(self.summed_segment(number).await?.map(|(body, _)| body))
    }

    /// The same with its checksum if that is at hand.
    pub(crate) async fn summed_segment(&self, number: u32) -> Result<Option<Summed>, StoreError> {
        loop {
            let (sealed, tail) = {
                let state = self.read();
                let sealed = state.sealed.covering(number);
                let before = state.tail.range(..=number).next_back();
                let tail = before.filter(|(_, to)| **to >= number).map(|(from, _)| *from);
                (sealed, tail)
            };
            if let Some(name) = sealed {
                return self.objects.summed_unit(name, number).await;
            }
            let Some(from) = tail else { return Ok(None) };
            // Absent only if it was merged or sealed since: look again.
            if let Some(body) = self.tail_body(from)? {
                return Ok(Some((body, None)));
            }
            tokio::task::yield_now().await;
        }
    }

    /// The last sealed period, decoded: it ends with the change to the running set.
    pub(crate) async fn last_closed(&self) -> Result<Option<RelaySegment>, StoreError> {
        self.closed_before(u32::MAX).await
    }

    /// The last sealed period that ends before block `number`, decoded.
    pub(crate) async fn closed_before(
        &self,
        number: u32,
    ) -> Result<Option<RelaySegment>, StoreError> {
        let Some(name) = self.read().sealed.before(number) else { return Ok(None) };
        let Some(body) = self.objects.unit(name, name.to).await? else { return Ok(None) };
        decode(name.to, body).map(Some)
    }

    /// The newest segment, decoded.
    pub(crate) async fn last(&self) -> Result<Option<RelaySegment>, StoreError> {
        let Some(number) = self.next().checked_sub(1) else { return Ok(None) };
        let Some(body) = self.segment(number).await? else { return Ok(None) };
        decode(number, body).map(Some)
    }

    fn publish(&self) {
        let state = self.read();
        let last = (state.next() > state.first).then(|| state.next() - 1);
        drop(state);
        self.heights.send_if_modified(|heights| {
            let changed = heights.relay != last;
            heights.relay = last;
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

fn lengths(tail: &BTreeMap<u32, u32>) -> Vec<u32> {
    tail.iter().map(|(from, to)| to - from + 1).collect()
}

fn merged(segments: Vec<RelaySegment>) -> Result<RelaySegment, StoreError> {
    let number = segments.first().map_or(0, |segment| segment.from);
    merge::merge(segments).map_err(|error| StoreError::Damaged {
        object: format!("the segment of relay block {number}"),
        reason: error.to_string(),
    })
}

fn decode(number: u32, body: Bytes) -> Result<RelaySegment, StoreError> {
    RelaySegment::decode(body).map_err(|error| StoreError::Damaged {
        object: format!("the segment of relay block {number}"),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
