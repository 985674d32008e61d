//! A series that another provider writes.

use super::super::StoreError;
use super::super::index::Index;
use super::{Series, UnitMessage};

impl<M: UnitMessage> Series<M> {
    /// Takes in the chunks that were sealed since, or looks for all of them anew: after damage, and
    /// as long as some are missing.
    pub(crate) async fn look(&self, anew: bool) -> Result<(), StoreError> {
        let (first, last, whole) = {
            let state = self.read();
            let hole = state.sealed.hole(state.first, state.tail_first);
            (state.first, state.sealed.last(), hole.is_none())
        };
        let anew = anew || !whole || last.is_none();
        let found = self.objects.list_after(M::KIND, last.filter(|_| !anew)).await?;
        {
            let mut state = self.write();
            if anew {
                state.sealed = Index::reconcile(first, found).0;
            } else {
                for name in found {
                    state.sealed.insert(name);
                }
            }
            let end = state.sealed.last().map_or(first, |name| name.to + 1);
            (state.tail_first, state.persisted) = (end, end);
        }
        self.publish();
        Ok(())
    }

    /// Reads the chunk that holds an item again when it is wanted the next time.
    pub(crate) fn forget(&self, number: u32) {
        let holding = self.read().sealed.covering(number);
        if let Some(name) = holding {
            self.objects.forget_all(name);
        }
    }
}
