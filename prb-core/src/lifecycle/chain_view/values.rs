//! Values of the parachain's state at one block.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use parity_scale_codec::Decode;
use subxt::utils::H256;

use crate::scale::bridge::BlockHeaderWithChanges;

/// A storage key.
pub(crate) type Key = Vec<u8>;

/// Entries that nobody read for so many blocks are dropped.
const UNUSED_BLOCKS: u32 = 1_000;

/// Some values at one block.
#[derive(Debug)]
pub(crate) struct Values {
    number: u32,
    hash: H256,
    entries: HashMap<Key, Entry>,
}

#[derive(Debug)]
struct Entry {
    value: Option<Vec<u8>>,
    /// The block at which it was last read.
    used: AtomicU32,
}

/// Why something cannot be read from the values at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// These keys are not among them.
    Missing(Vec<Key>),
    /// The value of this item is not laid out as it should be.
    Malformed(&'static str),
}

/// A block does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {found} with parent {parent:?} does not follow block {number} {hash:?}")]
pub(crate) struct NotNext {
    number: u32,
    hash: H256,
    found: u32,
    parent: H256,
}

impl Values {
    /// Values read at a block.
    pub(super) fn new(number: u32, hash: H256, values: Vec<(Key, Option<Vec<u8>>)>) -> Self {
        let mut this = Self { number, hash, entries: HashMap::new() };
        this.add(values);
        this
    }

    /// The block.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The block's hash.
    pub(super) fn hash(&self) -> H256 {
        self.hash
    }

    /// Adds values read at the same block.
    pub(super) fn add(&mut self, values: Vec<(Key, Option<Vec<u8>>)>) {
        for (key, value) in values {
            self.entries.insert(key, Entry { value, used: AtomicU32::new(self.number) });
        }
    }

    /// The keys that somebody read lately.
    pub(super) fn keys_in_use(&self) -> Vec<Key> {
        let oldest = self.number.saturating_sub(UNUSED_BLOCKS);
        let used = |entry: &Entry| entry.used.load(Ordering::Relaxed) >= oldest;
        self.entries.iter().filter(|(_, entry)| used(entry)).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn knows(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    /// Goes on to the next block.
    pub(super) fn apply(&mut self, block: BlockHeaderWithChanges) -> Result<(), NotNext> {
        let header = &block.block_header;
        if header.number != self.number + 1 || header.parent_hash != self.hash {
            let (found, parent) = (header.number, header.parent_hash);
            return Err(NotNext { number: self.number, hash: self.hash, found, parent });
        }
        self.number = header.number;
        self.hash = header.hash();
        for (key, value) in block.storage_changes.main_storage_changes {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.value = value;
            }
        }
        if self.number % UNUSED_BLOCKS == 0 {
            let oldest = self.number - UNUSED_BLOCKS;
            self.entries.retain(|_, entry| *entry.used.get_mut() >= oldest);
        }
        Ok(())
    }
}

/// Reads several values and remembers which were not at hand.
pub(super) struct Reader<'a> {
    values: &'a Values,
    missing: Vec<Key>,
    malformed: Option<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a Values) -> Self {
        Self { values, missing: Vec::new(), malformed: None }
    }

    /// The value under `key`; `None` if there is none, if it is not at hand, or if it does not
    /// decode, which [`Reader::done`] tells apart.
    pub(super) fn get<T: Decode>(&mut self, item: &'static str, key: Key) -> Option<T> {
        let Some(entry) = self.values.entries.get(&key) else {
            self.missing.push(key);
            return None;
        };
        entry.used.store(self.values.number, Ordering::Relaxed);
        let value = entry.value.as_ref()?;
        // The chain appends fields to some of its values.
        let decoded = T::decode(&mut &value[..]);
        if decoded.is_err() {
            self.malformed = Some(item);
        }
        decoded.ok()
    }

    /// `found`, if all that it rests on was at hand.
    pub(super) fn done<T>(self, found: T) -> Result<T, Unreadable> {
        match self.malformed {
            Some(item) => Err(Unreadable::Malformed(item)),
            None if !self.missing.is_empty() => Err(Unreadable::Missing(self.missing)),
            None => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use parity_scale_codec::{DecodeAll, Encode};

    use super::*;
    use crate::scale::header::Header;
    use crate::test_vectors::Vectors;

    fn block(number: usize) -> BlockHeaderWithChanges {
        let bytes = &Vectors::load().para[number].block_header_with_changes;
        BlockHeaderWithChanges::decode_all(&mut &bytes[..]).unwrap()
    }

    /// Blocks of a real runtime, whose own changes are all there is to know of them.
    #[test]
    fn following_the_changes_is_reading_the_state() {
        let genesis: Vec<(Key, Vec<u8>)> =
            Decode::decode(&mut &Vectors::load().genesis_state[..]).unwrap();
        let blocks: Vec<_> = (1..Vectors::load().para.len()).map(block).collect();
        let mut state: HashMap<Key, Option<Vec<u8>>> =
            genesis.into_iter().map(|(key, value)| (key, Some(value))).collect();
        let touched: Vec<Key> = blocks
            .iter()
            .flat_map(|block| &block.storage_changes.main_storage_changes)
            .map(|(key, _)| key.clone())
            .collect();
        let start = touched.iter().map(|key| (key.clone(), state.get(key).cloned().flatten()));
        let mut values = Values::new(0, Vectors::load().para[0].hash, start.collect());
        for block in blocks {
            for (key, value) in &block.storage_changes.main_storage_changes {
                state.insert(key.clone(), value.clone());
            }
            values.apply(block).unwrap();
            for key in &touched {
                let expected = state.get(key).cloned().flatten();
                assert_eq!(values.entries[key].value, expected, "block {}", values.number());
            }
        }
        assert_eq!(values.hash(), Vectors::load().para.last().unwrap().hash);
    }

    #[test]
    fn only_the_next_block_is_followed() {
        let start = Vectors::load().para[1].hash;
        let mut values = Values::new(1, start, vec![]);
        assert!(values.apply(block(1)).is_err(), "the same again");
        assert!(values.apply(block(3)).is_err(), "a gap");
        let mut fork = block(2);
        fork.block_header.parent_hash = H256::zero();
        assert!(values.apply(fork).is_err(), "another parent");
        values.apply(block(2)).unwrap();
        assert_eq!(values.number(), 2);
    }

    #[test]
    fn a_reader_asks_for_all_that_is_missing_at_once() {
        let values = Values::new(
            7,
            H256::zero(),
            vec![(vec![1], Some(5_u32.encode())), (vec![2], None), (vec![3], Some(vec![0]))],
        );
        let mut reader = Reader::new(&values);
        assert_eq!(reader.get::<u32>("A", vec![1]), Some(5));
        assert_eq!(reader.get::<u32>("B", vec![2]), None);
        assert_eq!(reader.done(()), Ok(()));
        let mut reader = Reader::new(&values);
        for key in [8, 9] {
            reader.get::<u32>("C", vec![key]);
        }
        assert_eq!(reader.done(()), Err(Unreadable::Missing(vec![vec![8], vec![9]])));
        let mut reader = Reader::new(&values);
        reader.get::<u32>("D", vec![3]);
        assert_eq!(reader.done(()), Err(Unreadable::Malformed("D")));
    }

    #[test]
    fn what_nobody_reads_is_dropped() {
        let mut values = Values::new(1_500, H256::zero(), vec![(vec![1], None), (vec![2], None)]);
        let empty = |number: u32, parent_hash: H256| BlockHeaderWithChanges {
            block_header: Header {
                parent_hash,
                number,
                state_root: H256::zero(),
                extrinsics_root: H256::zero(),
                digest: vec![],
            },
            storage_changes: crate::scale::storage::StorageChanges::default(),
        };
        for number in 1_501..=3_000 {
            let mut reader = Reader::new(&values);
            reader.get::<u32>("A", vec![1]);
            values.apply(empty(number, values.hash())).unwrap();
        }
        assert!(values.knows(&vec![1]) && !values.knows(&vec![2]));
        assert_eq!(values.keys_in_use(), [vec![1]]);
    }
}
