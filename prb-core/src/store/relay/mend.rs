//! Periods that were damaged, put right.

use prb_walkie::proto::data_provider::RelaySegment;
use prost::Message;

use super::{ChunkKind, ChunkName, Hole, RelaySegments, StoreError, Unit, merged};

impl RelaySegments {
    /// Takes a chunk away if it is damaged; whether it was.
    pub(crate) async fn quarantine(&self, name: ChunkName) -> Result<bool, StoreError> {
        let _writing = self.writing.lock().await;
        if self.read().sealed.covering(name.from) != Some(name) {
            return Ok(false);
        }
        let damaged = self.objects.quarantine(name).await?;
        if damaged {
            self.write().sealed.remove(name);
        }
        Ok(damaged)
    }

    /// The first blocks that are missing: whole periods.
    pub(crate) fn hole(&self) -> Option<Hole> {
        let state = self.read();
        let tail = state.tail.first_key_value().map(|(from, _)| *from);
        let end = tail.unwrap_or_else(|| state.period_start());
        state.sealed.hole(state.first, end)
    }

    /// Seals the verified segments of one whole period into a hole, from its beginning.
    pub(crate) async fn fill(&self, segments: Vec<RelaySegment>) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let Some(hole) = self.hole() else { return Ok(()) };
        let whole = merged(segments)?;
        if whole.from != hole.from || whole.to > hole.to || whole.authority_set_change.is_none() {
            let (expected, found) = (hole.from, whole.from);
            return Err(StoreError::OutOfOrder { what: "relay segment", expected, found });
        }
        let name = ChunkName { kind: ChunkKind::Relay, from: whole.from, to: whole.to };
        let unit = Unit { first: whole.from, last: whole.to, body: whole.encode_to_vec().into() };
        self.objects.put(name, vec![unit]).await?;
        self.write().sealed.insert(name);
        tracing::info!(chunk = %name, "put in place of what was damaged");
        self.heights.send_modify(|heights| heights.mended += 1);
        Ok(())
    }
}
