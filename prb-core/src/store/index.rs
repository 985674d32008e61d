//! Which chunks of one kind there are, by their names. Pure.

use super::names::ChunkName;

/// Chunks in order, none of which covers a block twice. Blocks may be missing between them: a
/// damaged chunk was taken away and is not yet replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    names: Vec<ChunkName>,
}

/// Blocks that should be there and are not, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Index {
    /// Takes of the chunks found those that cover `first..` once. The others have to go: they are
    /// inside longer ones, because a merge was interrupted before it removed its parts.
    pub(crate) fn reconcile(first: u32, mut found: Vec<ChunkName>) -> (Self, Vec<ChunkName>) {
        // Of those that begin at one block the longest first.
        found.sort_by_key(|name| (name.from, std::cmp::Reverse(name.to)));
        let mut next = Some(first);
        let (mut names, mut covered) = (Vec::new(), Vec::new());
        for name in found {
            if next.is_some_and(|next| name.from >= next) {
                next = name.to.checked_add(1);
                names.push(name);
            } else {
                covered.push(name);
            }
        }
        (Self { names }, covered)
    }

    /// The chunk that covers a block.
    pub(crate) fn covering(&self, number: u32) -> Option<ChunkName> {
        let at = self.names.partition_point(|name| name.to < number);
        self.names.get(at).copied().filter(|name| name.from <= number)
    }

    /// The last chunk.
    pub(crate) fn last(&self) -> Option<ChunkName> {
        self.names.last().copied()
    }

    /// The last chunk that ends before a block.
    pub(crate) fn before(&self, number: u32) -> Option<ChunkName> {
        let at = self.names.partition_point(|name| name.to < number);
        at.checked_sub(1).and_then(|at| self.names.get(at)).copied()
    }

    /// All of them, in order.
    #[cfg(test)]
    pub(crate) fn names(&self) -> &[ChunkName] {
        &self.names
    }

    /// Adds a chunk in its place; those it covers are given back, and have to go.
    pub(crate) fn insert(&mut self, name: ChunkName) -> Vec<ChunkName> {
        let start = self.names.partition_point(|other| other.to < name.from);
        let end = self.names.partition_point(|other| other.from <= name.to);
        self.names.splice(start..end.max(start), [name]).filter(|other| *other != name).collect()
    }

    /// Forgets a chunk; whether it was there.
    pub(crate) fn remove(&mut self, name: ChunkName) -> bool {
        let before = self.names.len();
        self.names.retain(|other| *other != name);
        self.names.len() < before
    }

    /// The first blocks missing in `first..end`.
    pub(crate) fn hole(&self, first: u32, end: u32) -> Option<Hole> {
        let mut next = first;
        for name in &self.names {
            if name.from > next {
                return Some(Hole { from: next, to: name.from - 1 });
            }
            next = next.max(name.to.saturating_add(1));
        }
        (next < end).then(|| Hole { from: next, to: end - 1 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::names::ChunkKind;
    use super::*;

    fn name(from: u32, to: u32) -> ChunkName {
        ChunkName { kind: ChunkKind::Blocks, from, to }
    }

    #[test]
    fn what_is_inside_another_goes_and_a_hole_is_known() {
        let found = vec![name(1, 9), name(1, 4), name(10, 19), name(5, 9), name(30, 39)];
        let (index, covered) = Index::reconcile(1, found);
        assert_eq!(index.names(), [name(1, 9), name(10, 19), name(30, 39)]);
        assert_eq!(covered, [name(1, 4), name(5, 9)]);
        assert_eq!(index.hole(1, 45), Some(Hole { from: 20, to: 29 }));
        assert_eq!(index.covering(25), None);
        assert_eq!(index.covering(30), Some(name(30, 39)));
        assert_eq!(index.before(30), Some(name(10, 19)));
    }

    #[test]
    fn a_chunk_put_into_a_hole_closes_it() {
        let (mut index, _) = Index::reconcile(1, vec![name(1, 9), name(30, 39)]);
        assert_eq!(index.insert(name(10, 29)), []);
        assert_eq!(index.hole(1, 40), None);
        assert_eq!(index.hole(1, 41), Some(Hole { from: 40, to: 40 }));
        assert_eq!(index.insert(name(1, 29)), [name(1, 9), name(10, 29)]);
        assert_eq!(index.names(), [name(1, 29), name(30, 39)]);
    }

    proptest! {
        #[test]
        fn kept_chunks_cover_no_block_twice_and_holes_are_all_that_is_missing(
            ranges in prop::collection::vec((0_u32..40, 0_u32..10), 0..30),
            first in 0_u32..5,
        ) {
            let names: Vec<_> =
                ranges.iter().map(|(from, length)| name(*from, from + length)).collect();
            let (mut index, covered) = Index::reconcile(first, names);
            prop_assert_eq!(index.names().len() + covered.len(), ranges.len());
            for block in first..60 {
                let covering = index.names().iter().filter(|n| (n.from..=n.to).contains(&block));
                let covering: Vec<_> = covering.copied().collect();
                prop_assert!(covering.len() <= 1);
                prop_assert_eq!(index.covering(block), covering.first().copied());
            }
            while let Some(hole) = index.hole(first, 60) {
                prop_assert!((hole.from..=hole.to).all(|block| index.covering(block).is_none()));
                prop_assert_eq!(index.insert(name(hole.from, hole.to)), []);
            }
            prop_assert!((first..60).all(|block| index.covering(block).is_some()));
        }
    }
}
