//! How what is not sealed lies in sled: in runs of items, which cost less than as many records.

use bytes::Bytes;

use super::super::StoreError;
use super::number_of;

/// A run has no more bytes, unless one item has: sled writes what stands beside a record again.
const BYTES: usize = 16 * 1024;
/// Before each item.
const LENGTH: usize = size_of::<u32>();

/// Items from `first` on, as one record.
pub(in crate::store) struct Run {
    pub(in crate::store) first: u32,
    pub(in crate::store) items: Vec<Bytes>,
}

impl Run {
    /// Reads a record; `None` if it is none of a run. Those of earlier versions hold one item and
    /// have its number for a key.
    pub(in crate::store) fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (first, last) = bounds(key)?;
        if key.len() == size_of::<u32>() {
            return Some(Self { first, items: vec![Bytes::copy_from_slice(value)] });
        }
        let mut rest = Bytes::copy_from_slice(value);
        let mut items = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest.get(..LENGTH)?.try_into().ok()?) as usize;
            if rest.len() - LENGTH < length {
                return None;
            }
            let item = rest.split_to(LENGTH + length);
            items.push(item.slice(LENGTH..));
        }
        (last.checked_sub(first)?.checked_add(1)? as usize == items.len())
            .then_some(Self { first, items })
    }

    fn key(&self) -> [u8; 8] {
        let last = self.first + (self.items.len() as u32).saturating_sub(1);
        (u64::from(self.first) << 32 | u64::from(last)).to_be_bytes()
    }

    fn value(&self) -> Vec<u8> {
        let bytes: usize = self.items.iter().map(|item| LENGTH + item.len()).sum();
        let mut value = Vec::with_capacity(bytes);
        for item in &self.items {
            value.extend_from_slice(&(item.len() as u32).to_le_bytes());
            value.extend_from_slice(item);
        }
        value
    }
}

/// Number of the first and the last item under a key.
pub(in crate::store) fn bounds(key: &[u8]) -> Option<(u32, u32)> {
    match key.split_at_checked(size_of::<u32>())? {
        (first, []) => number_of(first).map(|number| (number, number)),
        (first, last) => Some((number_of(first)?, number_of(last)?)),
    }
}

/// Adds items from `first` on to what is to be written.
pub(super) fn insert(batch: &mut sled::Batch, first: u32, items: impl Iterator<Item = Bytes>) {
    let mut run = Run { first, items: Vec::new() };
    let mut bytes = 0;
    for item in items {
        if bytes + item.len() > BYTES && !run.items.is_empty() {
            batch.insert(&run.key(), run.value());
            run = Run { first: run.first + run.items.len() as u32, items: Vec::new() };
            bytes = 0;
        }
        bytes += item.len();
        run.items.push(item);
    }
    if !run.items.is_empty() {
        batch.insert(&run.key(), run.value());
    }
}

/// Adds the runs that end at `last` or before it to what is to be removed.
pub(super) fn remove_to(
    tree: &sled::Tree,
    batch: &mut sled::Batch,
    last: u32,
) -> Result<(), StoreError> {
    let end = (u64::from(last) << 32 | u64::from(u32::MAX)).to_be_bytes();
    for key in tree.range(..=&end[..]).keys() {
        let key = key?;
        if bounds(&key).is_none_or(|(_, to)| to <= last) {
            batch.remove(key);
        }
    }
    Ok(())
}

/// Puts other bytes in the place of an item, if it is there.
pub(super) fn replace(tree: &sled::Tree, number: u32, item: &Bytes) -> Result<(), StoreError> {
    let end = (u64::from(number) << 32 | u64::from(u32::MAX)).to_be_bytes();
    let Some((key, value)) = tree.range(..=&end[..]).next_back().transpose()? else {
        return Ok(());
    };
    let Some(mut run) = Run::read(&key, &value) else { return Ok(()) };
    let Some(slot) = run.items.get_mut((number - run.first) as usize) else { return Ok(()) };
    *slot = item.clone();
    let mut batch = sled::Batch::default();
    batch.remove(key);
    batch.insert(&run.key(), run.value());
    Ok(tree.apply_batch(batch)?)
}

/// Removes the items from `from` on out of a run that begins before it.
pub(in crate::store) fn cut(
    tree: &sled::Tree,
    mut run: Run,
    key: &[u8],
    from: u32,
) -> Result<(), StoreError> {
    let mut batch = sled::Batch::default();
    batch.remove(key);
    run.items.truncate(from.saturating_sub(run.first) as usize);
    if !run.items.is_empty() {
        batch.insert(&run.key(), run.value());
    }
    Ok(tree.apply_batch(batch)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(tree: &sled::Tree) -> Vec<(u32, Vec<Bytes>)> {
        let runs = tree.iter().map(|entry| entry.unwrap());
        runs.map(|(key, value)| Run::read(&key, &value).unwrap())
            .map(|run| (run.first, run.items))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn items_come_back_in_runs_that_are_not_too_long(
            first in 0_u32..1000,
            sizes in prop::collection::vec(0_usize..20_000, 1..30),
            replaced in any::<prop::sample::Index>(),
            sealed in any::<prop::sample::Index>(),
        ) {
            let db = sled::Config::new().temporary(true).open().unwrap();
            let mut items: Vec<Bytes> =
                sizes.iter().map(|size| Bytes::from(vec![*size as u8; *size])).collect();
            let mut batch = sled::Batch::default();
            insert(&mut batch, first, items.iter().cloned());
            db.open_tree("tail").unwrap().apply_batch(batch).unwrap();
            let tree = db.open_tree("tail").unwrap();

            let replaced = replaced.index(items.len());
            items[replaced] = Bytes::from("other");
            replace(&tree, first + replaced as u32, &items[replaced]).unwrap();
            let mut next = first;
            for (start, run) in read(&tree) {
                prop_assert_eq!(start, next);
                next += run.len() as u32;
                let bytes: usize = run.iter().map(Bytes::len).sum();
                prop_assert!(run.len() == 1 || bytes <= BYTES + "other".len());
            }
            prop_assert_eq!(read(&tree).into_iter().flat_map(|run| run.1).collect::<Vec<_>>(), &items[..]);

            let sealed = first + sealed.index(items.len()) as u32;
            let mut batch = sled::Batch::default();
            remove_to(&tree, &mut batch, sealed).unwrap();
            tree.apply_batch(batch).unwrap();
            let left = read(&tree);
            let end = first + items.len() as u32;
            prop_assert_eq!(left.is_empty(), sealed + 1 == end);
            for (start, run) in left {
                prop_assert!(start + run.len() as u32 > sealed + 1);
                prop_assert_eq!(&run[..], &items[(start - first) as usize..][..run.len()]);
            }
        }
    }

    #[test]
    fn what_is_no_run_is_none() {
        let run = Run { first: 3, items: vec![Bytes::from("ab"), Bytes::new()] };
        let (key, value) = (run.key(), run.value());
        assert_eq!(Run::read(&key, &value).unwrap().items, run.items);
        assert_eq!(Run::read(&key[..4], b"ab").unwrap().items, [Bytes::from("ab")]);
        for (key, value) in [
            (&key[..], &value[..value.len() - 1]),
            (&key[..], &value[..6]),
            (&key[..], &[&value[..], &[0]].concat()[..]),
            (&key[..7], &value[..]),
            (b"schema", &value[..]),
            (b"", &value[..]),
        ] {
            assert!(Run::read(key, value).is_none(), "{key:?} {value:?}");
        }
    }

    #[test]
    fn a_run_is_cut_before_an_item() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let tree = db.open_tree("tail").unwrap();
        let mut batch = sled::Batch::default();
        insert(&mut batch, 5, (5..9).map(|number| Bytes::from(vec![number])));
        tree.apply_batch(batch).unwrap();
        for (from, left) in [(7, 2), (5, 0)] {
            let (key, value) = tree.first().unwrap().unwrap();
            cut(&tree, Run::read(&key, &value).unwrap(), &key, from).unwrap();
            assert_eq!(read(&tree).iter().map(|run| run.1.len()).sum::<usize>(), left);
        }
    }
}
