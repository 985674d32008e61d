//! What was damaged, put right.

use bytes::Bytes;

use super::super::StoreError;
use super::super::chunk::{self, Digest, Unit};
use super::super::index::Hole;
use super::super::names::ChunkName;
use super::{Series, UnitMessage, number_of, runs};

impl<M: UnitMessage> Series<M> {
    /// Takes a chunk away if it is damaged; whether it was. If nothing comes after it the series
    /// ends before it from now on, otherwise there is a hole.
    pub(crate) async fn quarantine(&self, name: ChunkName) -> Result<bool, StoreError> {
        let _writing = self.writing.lock().await;
        if self.read().sealed.covering(name.from) != Some(name) {
            return Ok(false);
        }
        let damaged = self.objects.quarantine(name).await?;
        if damaged {
            let mut state = self.write();
            state.sealed.remove(name);
            if state.tail.is_empty() && state.tail_first == name.to + 1 {
                let end = state.sealed.last().map_or(state.first, |name| name.to + 1);
                (state.tail_first, state.persisted) = (end, end);
            }
            drop(state);
            self.publish();
        }
        Ok(damaged)
    }

    /// The first items that are missing: what one chunk held, or not more than one is to hold.
    pub(crate) fn hole(&self) -> Result<Option<Hole>, StoreError> {
        let state = self.read();
        let Some(hole) = state.sealed.hole(state.first, state.tail_first) else { return Ok(None) };
        let kept = self.records.digests.get(hole.from.to_be_bytes())?;
        let held = kept.and_then(|kept| number_of(kept.get(..4)?));
        let units = self.limits.units;
        let end = (hole.from / self.limits.per_unit).saturating_add(units);
        let most = end.saturating_mul(self.limits.per_unit) - 1;
        Ok(Some(Hole { to: hole.to.min(held.unwrap_or(most)), ..hole }))
    }

    /// Whether these are the very items that were sealed from `first` on, if that is known.
    pub(crate) fn were_sealed(
        &self,
        first: u32,
        items: &[Bytes],
    ) -> Result<Option<bool>, StoreError> {
        let Some(kept) = self.records.digests.get(first.to_be_bytes())? else { return Ok(None) };
        let last = first + (items.len() as u32).saturating_sub(1);
        let Some(digest) = kept.strip_prefix(&last.to_be_bytes()[..]) else { return Ok(None) };
        Ok(Some(chunk::digest(&self.in_units(first, items))[..] == *digest))
    }

    /// Seals verified items into a hole, which they fill from its beginning.
    pub(crate) async fn fill(&self, first: u32, items: &[Bytes]) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let Some(hole) = self.hole()? else { return Ok(()) };
        let last = first + (items.len() as u32).saturating_sub(1);
        // A chunk ends where a unit ends.
        let whole = last == hole.to || (last + 1).is_multiple_of(self.limits.per_unit);
        if items.is_empty() || first != hole.from || last > hole.to || !whole {
            let what = M::KIND.name();
            return Err(StoreError::OutOfOrder { what, expected: hole.from, found: first });
        }
        let name = ChunkName { kind: M::KIND, from: first, to: last };
        let digest = self.objects.put(name, self.in_units(first, items)).await?;
        self.write().sealed.insert(name);
        self.keep_digest(name, digest)?;
        tracing::info!(chunk = %name, "put in place of what was damaged");
        self.heights.send_modify(|heights| heights.mended += 1);
        Ok(())
    }

    pub(super) fn keep_digest(&self, name: ChunkName, digest: Digest) -> Result<(), StoreError> {
        let value = [&name.to.to_be_bytes()[..], &digest].concat();
        self.records.digests.insert(name.from.to_be_bytes(), value)?;
        Ok(())
    }

    fn in_units(&self, first: u32, items: &[Bytes]) -> Vec<Unit> {
        let per_unit = self.limits.per_unit;
        let mut units = Vec::new();
        let (mut first, mut rest) = (first, items);
        while !rest.is_empty() {
            let room = per_unit - first % per_unit;
            let (now, later) = rest.split_at(rest.len().min(room as usize));
            let last = first + now.len() as u32 - 1;
            let complete = (last + 1).is_multiple_of(per_unit);
            let body = M::new(first, now.to_vec(), complete).encode_to_vec().into();
            units.push(Unit { first, last, body });
            (first, rest) = (last + 1, later);
        }
        units
    }

    /// Puts other bytes in an item's place.
    pub(crate) async fn replace(&self, number: u32, item: Bytes) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let sealed = {
            let mut state = self.write();
            let sealed = state.sealed.covering(number);
            if sealed.is_none() {
                let offset = number.checked_sub(state.tail_first);
                let slot = offset.and_then(|offset| state.tail.get_mut(offset as usize));
                let Some(slot) = slot else { return Ok(()) };
                *slot = item.clone();
                if number < state.persisted {
                    runs::replace(&self.records.tail, number, &item)?;
                }
            }
            sealed
        };
        let Some(name) = sealed else {
            self.records.tail.flush_async().await?;
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
        let digest = self.objects.put(name, units).await?;
        self.keep_digest(name, digest)
    }
}
