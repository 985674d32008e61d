//! What was fetched or encoded lately, bounded in bytes, number and age; what was used longest ago
//! goes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Chunk, StoredSegment};
use crate::lifecycle::CacheLimits;
use crate::lifecycle::sync::plan::{Request, Run};

/// What is kept, in an order in which a segment can be found by any of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    /// A relay segment, by its first block.
    Segment(u32),
    /// A chunk of headers.
    Headers(u32),
    /// A chunk of blocks.
    Blocks(u32),
    /// A request's body.
    Body(Request),
}

/// Something kept.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A relay segment.
    Segment(Arc<StoredSegment>),
    /// A chunk of headers or blocks.
    Chunk(Arc<Chunk>),
    /// A request's body.
    Body(Bytes),
}

struct Entry {
    item: Item,
    bytes: usize,
    used: u64,
    kept: Instant,
}

/// The cache.
pub(super) struct Cache {
    limits: CacheLimits,
    bytes: usize,
    clock: u64,
    swept: Instant,
    entries: BTreeMap<Key, Entry>,
    by_use: BTreeMap<u64, Key>,
}

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 256;
/// How often in the life of an entry old ones are looked for.
const SWEEPS: u32 = 8;

impl Cache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        let (entries, by_use) = (BTreeMap::new(), BTreeMap::new());
        Self { limits, bytes: 0, clock: 0, swept: Instant::now(), entries, by_use }
    }

    pub(super) fn put(&mut self, key: Key, item: Item, bytes: usize) {
        let bytes = bytes + OVERHEAD;
        self.remove(&key);
        // One item may not push out all others.
        if bytes > self.limits.bytes / 2 {
            return;
        }
        self.clock += 1;
        self.bytes += bytes;
        self.by_use.insert(self.clock, key);
        let kept = Instant::now();
        self.entries.insert(key, Entry { item, bytes, used: self.clock, kept });
        self.sweep(kept);
        while (self.bytes > self.limits.bytes
            || self.limits.items.is_some_and(|most| self.entries.len() > most))
            && let Some((_, oldest)) = self.by_use.first_key_value()
        {
            let oldest = *oldest;
            self.remove(&oldest);
        }
    }

    /// Removes what is too old, now and then: nobody may ask for it again.
    fn sweep(&mut self, now: Instant) {
        let Some(age) = self.limits.age.filter(|age| now - self.swept >= *age / SWEEPS) else {
            return;
        };
        self.swept = now;
        let old = self.entries.iter().filter(|(_, entry)| now - entry.kept > age);
        for key in old.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.remove(&key);
        }
    }

    fn get(&mut self, key: &Key) -> Option<Item> {
        let kept = self.entries.get(key)?.kept;
        if self.limits.age.is_some_and(|age| kept.elapsed() > age) {
            self.remove(key);
            return None;
        }
        let entry = self.entries.get_mut(key)?;
        self.clock += 1;
        self.by_use.remove(&entry.used);
        entry.used = self.clock;
        self.by_use.insert(self.clock, *key);
        Some(entry.item.clone())
    }

    pub(super) fn chunk(&mut self, key: &Key) -> Option<Arc<Chunk>> {
        match self.get(key)? {
            Item::Chunk(chunk) => Some(chunk),
            _ => None,
        }
    }

    pub(super) fn body(&mut self, key: &Key) -> Option<Bytes> {
        match self.get(key)? {
            Item::Body(body) => Some(body),
            _ => None,
        }
    }

    /// Keeps a segment in place of those that it was merged from.
    pub(super) fn put_segment(&mut self, segment: &Arc<StoredSegment>) {
        let plan = segment.plan();
        let within = Key::Segment(plan.from)..=Key::Segment(plan.to);
        let merged: Vec<Key> = self.entries.range(within).map(|(key, _)| *key).collect();
        for key in merged {
            self.remove(&key);
        }
        self.put(Key::Segment(plan.from), Item::Segment(segment.clone()), segment.size());
    }

    pub(super) fn segment_with(&mut self, number: u32) -> Option<Arc<StoredSegment>> {
        let range = Key::Segment(0)..=Key::Segment(number);
        let (key, _) = self.entries.range(range).next_back()?;
        let key = *key;
        match self.get(&key)? {
            Item::Segment(segment) if segment.plan().to >= number => Some(segment),
            _ => None,
        }
    }

    /// Removes a request's body and all that it was made of.
    pub(super) fn forget(&mut self, request: Request, headers: u32, blocks: u32) {
        self.remove(&Key::Body(request));
        let (relay, para, blocks_run) = match request {
            Request::Relay { from, to } => (Some(Run { from, to }), None, None),
            Request::Combined { relay, para } => (Some(relay), Some(para), None),
            Request::Para { at, run } => (Some(Run { from: at, to: at }), Some(run), None),
            Request::Blocks(run) => (None, None, Some(run)),
        };
        let mut gone: Vec<Key> = Vec::new();
        if let Some(run) = relay {
            let begins_before = |key: &Key| matches!(key, Key::Segment(from) if *from <= run.to);
            gone.extend(self.entries.keys().copied().filter(begins_before).filter(|key| {
                matches!(&self.entries[key].item, Item::Segment(it) if it.plan().to >= run.from)
            }));
        }
        let chunks = |run: Run, size: u32| run.from / size..=run.to / size;
        gone.extend(para.into_iter().flat_map(|run| chunks(run, headers)).map(Key::Headers));
        gone.extend(blocks_run.into_iter().flat_map(|run| chunks(run, blocks)).map(Key::Blocks));
        for key in gone {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(from: u32, to: u32) -> Request {
        Request::Blocks(Run { from, to })
    }

    fn of_bytes(bytes: usize) -> Cache {
        Cache::new(CacheLimits { bytes, ..CacheLimits::default() })
    }

    fn put(cache: &mut Cache, request: Request, bytes: usize) {
        cache.put(Key::Body(request), Item::Body(Bytes::new()), bytes);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let mut cache = of_bytes(3 * (1_000 + OVERHEAD));
        for number in 1..=3 {
            put(&mut cache, run(number, number), 1_000);
        }
        assert!(cache.body(&Key::Body(run(1, 1))).is_some());
        put(&mut cache, run(4, 4), 1_000);
        assert!(cache.body(&Key::Body(run(2, 2))).is_none());
        for number in [1, 3, 4] {
            assert!(cache.body(&Key::Body(run(number, number))).is_some(), "{number}");
        }
        assert_eq!(cache.bytes, 3 * (1_000 + OVERHEAD));
        assert_eq!(cache.by_use.len(), cache.entries.len());
    }

    #[test]
    fn what_would_fill_it_is_not_kept() {
        let mut cache = of_bytes(10_000);
        put(&mut cache, run(1, 1), 100);
        put(&mut cache, run(2, 2), 9_000);
        assert!(cache.body(&Key::Body(run(1, 1))).is_some());
        assert!(cache.body(&Key::Body(run(2, 2))).is_none());
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        let limits = CacheLimits { items: Some(2), ..CacheLimits::default() };
        let mut cache = Cache::new(limits);
        for number in 1..=3 {
            put(&mut cache, run(number, number), 10);
        }
        let kept = [1, 2, 3].map(|it| cache.body(&Key::Body(run(it, it))).is_some());
        assert_eq!(kept, [false, true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_is_not_given_and_does_not_stay() {
        let age = Duration::from_secs(8);
        let mut cache = Cache::new(CacheLimits { age: Some(age), ..CacheLimits::default() });
        put(&mut cache, run(1, 1), 10);
        tokio::time::advance(age).await;
        assert!(cache.body(&Key::Body(run(1, 1))).is_some());
        put(&mut cache, run(2, 2), 10);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(cache.body(&Key::Body(run(1, 1))).is_none(), "use does not make it younger");
        tokio::time::advance(age).await;
        put(&mut cache, run(3, 3), 10);
        assert_eq!(cache.entries.keys().copied().collect::<Vec<_>>(), [Key::Body(run(3, 3))]);
        assert_eq!((cache.bytes, cache.by_use.len()), (10 + OVERHEAD, 1));
    }

    #[test]
    fn a_refused_request_is_forgotten_with_its_chunks() {
        let mut cache = of_bytes(100_000);
        let chunk =
            |first| Item::Chunk(Arc::new(Chunk { first, items: Vec::new(), complete: true }));
        for index in 0..4 {
            cache.put(Key::Blocks(index), chunk(index * 10), 10);
            cache.put(Key::Headers(index), chunk(index * 10), 10);
        }
        put(&mut cache, run(15, 21), 10);
        cache.forget(run(15, 21), 10, 10);
        let kept = |cache: &mut Cache, key| cache.get(&key).is_some();
        assert!(!kept(&mut cache, Key::Body(run(15, 21))));
        assert_eq!(
            [0, 1, 2, 3].map(|it| kept(&mut cache, Key::Blocks(it))),
            [true, false, false, true]
        );
        assert!((0..4).all(|it| kept(&mut cache, Key::Headers(it))));
    }
}
