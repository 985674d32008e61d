//! Segments that another provider writes.

use super::{ChunkKind, Index, RelaySegments, StoreError};

impl RelaySegments {
    /// Takes in the periods that were sealed since, or looks for all of them anew: after damage,
    /// and as long as some are missing.
    pub(crate) async fn look(&self, anew: bool) -> Result<(), StoreError> {
        let last = self.read().sealed.last();
        let anew = anew || last.is_none() || self.hole().is_some();
        let found = self.objects.list_after(ChunkKind::Relay, last.filter(|_| !anew)).await?;
        {
            let mut state = self.write();
            if anew {
                state.sealed = Index::reconcile(state.first, found).0;
            } else {
                for name in found {
                    state.sealed.insert(name);
                }
            }
        }
        self.publish();
        Ok(())
    }
}
