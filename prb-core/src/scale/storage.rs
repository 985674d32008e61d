//! State of the parachain and its changes.

use parity_scale_codec::{Compact, Decode, Encode, Error};

/// Trie nodes in any order.
pub type StorageProof = Vec<Vec<u8>>;

/// A whole state: keys of the top trie with their values.
pub type StorageState = Vec<(Vec<u8>, Vec<u8>)>;

/// Changed keys. `None` deletes; `Some` of nothing stores an empty value, which is not the same.
pub type StorageCollection = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// What one block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct StorageChanges {
    /// In the top trie.
    pub main_storage_changes: StorageCollection,
    /// In child tries, each under its key without the prefix that all of them share.
    pub child_storage_changes: Vec<(Vec<u8>, StorageCollection)>,
}

/// [`StorageCollection`] whose bytes stand elsewhere.
pub type StorageCollectionRef<'a> = Vec<(&'a [u8], Option<&'a [u8]>)>;

/// [`StorageChanges`] whose bytes stand elsewhere: read without a copy of them.
///
/// ```
/// use parity_scale_codec::Encode;
/// use prb_core::scale::storage::{StorageChanges, StorageChangesRef};
///
/// let changes = StorageChanges {
///     main_storage_changes: vec![(vec![1], Some(vec![2, 3])), (vec![4], None)],
///     child_storage_changes: Vec::new(),
/// };
/// let bytes = changes.encode();
/// assert_eq!(StorageChangesRef::decode_all(&bytes)?, changes.borrowed());
/// # Ok::<_, parity_scale_codec::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageChangesRef<'a> {
    /// In the top trie.
    pub main_storage_changes: StorageCollectionRef<'a>,
    /// In child tries, each under its key without the prefix that all of them share.
    pub child_storage_changes: Vec<(&'a [u8], StorageCollectionRef<'a>)>,
}

impl StorageChanges {
    /// The same without a copy of the bytes.
    pub fn borrowed(&self) -> StorageChangesRef<'_> {
        fn collection(changes: &StorageCollection) -> StorageCollectionRef<'_> {
            changes.iter().map(|(key, value)| (&key[..], value.as_deref())).collect()
        }
        let children = self.child_storage_changes.iter();
        StorageChangesRef {
            main_storage_changes: collection(&self.main_storage_changes),
            child_storage_changes: children
                .map(|(child, changes)| (&child[..], collection(changes)))
                .collect(),
        }
    }
}

impl<'a> StorageChangesRef<'a> {
    /// Reads SCALE [`StorageChanges`]; trailing bytes are an error.
    pub fn decode_all(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut rest = bytes;
        let changes = Self {
            main_storage_changes: collection(&mut rest)?,
            child_storage_changes: many(&mut rest, |rest| {
                Ok((bytes_of(rest)?, collection(rest)?))
            })?,
        };
        if rest.is_empty() { Ok(changes) } else { Err("bytes follow the storage changes".into()) }
    }
}

fn collection<'a>(rest: &mut &'a [u8]) -> Result<StorageCollectionRef<'a>, Error> {
    many(rest, |rest| {
        let key = bytes_of(rest)?;
        let value = match u8::decode(rest)? {
            0 => None,
            1 => Some(bytes_of(rest)?),
            _ => return Err("neither a value nor none".into()),
        };
        Ok((key, value))
    })
}

fn many<'a, T>(
    rest: &mut &'a [u8],
    mut one: impl FnMut(&mut &'a [u8]) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let count = u32::from(Compact::<u32>::decode(rest)?) as usize;
    // No room for more than can be there, whatever the count says.
    let mut items = Vec::with_capacity(count.min(rest.len() / size_of::<T>()));
    for _ in 0..count {
        items.push(one(rest)?);
    }
    Ok(items)
}

fn bytes_of<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let length = u32::from(Compact::<u32>::decode(rest)?) as usize;
    let (bytes, after) = rest.split_at_checked(length).ok_or("bytes are cut off")?;
    *rest = after;
    Ok(bytes)
}
