//! Decoded bytes shared by many readers.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// A cache bounded in bytes, oldest use first out. Readers of the same missing entry wait for one
/// load.
pub(crate) struct ByteCache<K, V> {
    capacity: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Keys by their last use.
    order: BTreeMap<u64, K>,
    tick: u64,
    bytes: usize,
}

struct Entry<V> {
    cell: Arc<OnceCell<V>>,
    last_use: u64,
    /// 0 while it is being loaded.
    bytes: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> ByteCache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        let inner = Inner { entries: HashMap::new(), order: BTreeMap::new(), tick: 0, bytes: 0 };
        Self { capacity, inner: Mutex::new(inner) }
    }

    /// The cached value, or what `load` gives with its size in bytes. `load` runs only if it
    /// is needed; an error is not kept.
    pub(crate) async fn get<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<(V, usize), E>>,
    ) -> Result<V, E> {
        let cell = self.inner().touch(key);
        let mut size = 0;
        let loaded = cell
            .get_or_try_init(|| async {
                let (value, bytes) = load.await?;
                size = bytes;
                Ok(value)
            })
            .await;
        match loaded {
            Ok(value) => {
                if size > 0 {
                    self.inner().charge(key, &cell, size, self.capacity);
                }
                Ok(value.clone())
            }
            Err(error) => {
                self.inner().forget_unloaded(key, &cell);
                Err(error)
            }
        }
    }

    /// Forgets an entry.
    pub(crate) fn remove(&self, key: &K) {
        self.inner().remove(key);
    }

    /// Forgets all entries whose keys are such.
    pub(crate) fn remove_if(&self, such: impl Fn(&K) -> bool) {
        let mut inner = self.inner();
        let keys: Vec<K> = inner.entries.keys().filter(|key| such(key)).cloned().collect();
        for key in keys {
            inner.remove(&key);
        }
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.inner().bytes
    }

    fn inner(&self) -> MutexGuard<'_, Inner<K, V>> {
        // No code under this lock panics half way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V> Inner<K, V> {
    fn touch(&mut self, key: &K) -> Arc<OnceCell<V>> {
        self.tick += 1;
        let tick = self.tick;
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            cell: Arc::default(),
            last_use: tick,
            bytes: 0,
        });
        self.order.remove(&entry.last_use);
        entry.last_use = tick;
        self.order.insert(tick, key.clone());
        entry.cell.clone()
    }

    fn charge(&mut self, key: &K, cell: &Arc<OnceCell<V>>, size: usize, capacity: usize) {
        if let Some(entry) = self.entries.get_mut(key)
            && Arc::ptr_eq(&entry.cell, cell)
        {
            self.bytes += size - entry.bytes;
            entry.bytes = size;
        }
        while self.bytes > capacity
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
    }

    fn forget_unloaded(&mut self, key: &K, cell: &Arc<OnceCell<V>>) {
        let same = self.entries.get(key).is_some_and(|entry| Arc::ptr_eq(&entry.cell, cell));
        if same && !cell.initialized() {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.last_use);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    async fn value(cache: &ByteCache<u32, u32>, key: u32, loads: &AtomicUsize) -> u32 {
        let load = async {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok::<_, Infallible>((key * 2, 10))
        };
        cache.get(&key, load).await.unwrap()
    }

    #[tokio::test]
    async fn many_readers_wait_for_one_load() {
        let (cache, loads) = (ByteCache::new(1000), AtomicUsize::new(0));
        let readers = (0..50).map(|_| value(&cache, 7, &loads));
        assert_eq!(futures::future::join_all(readers).await, [14; 50]);
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn holds_no_more_bytes_than_it_may_and_drops_the_oldest_use() {
        let (cache, loads) = (ByteCache::new(30), AtomicUsize::new(0));
        for key in [1, 2, 3, 1, 4] {
            value(&cache, key, &loads).await;
            assert!(cache.bytes() <= 30);
        }
        assert_eq!(loads.load(Ordering::Relaxed), 4);
        value(&cache, 1, &loads).await;
        assert_eq!(loads.load(Ordering::Relaxed), 4, "1 was used after 2");
        value(&cache, 2, &loads).await;
        assert_eq!(loads.load(Ordering::Relaxed), 5);
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let cache: ByteCache<u32, u32> = ByteCache::new(30);
        assert_eq!(cache.get(&1, async { Err("no") }).await, Err("no"));
        assert_eq!(cache.get(&1, async { Ok::<_, &str>((5, 1)) }).await, Ok(5));
        cache.remove(&1);
        assert_eq!(cache.bytes(), 0);
    }
}
