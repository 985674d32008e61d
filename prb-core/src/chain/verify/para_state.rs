//! The parachain's state, rebuilt from its storage changes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sp_core::H256 as TrieHash;
use subxt::utils::H256;

use self::trie::{KeyTooLong, Trie};
use crate::chain::keys::CHILD_STORAGE_PREFIX;
use crate::scale::storage::{StorageChangesRef, StorageState};

mod trie;

/// Why storage changes do not lead to the next state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The changes give another state than the header promises.
    #[error("the storage changes give state root {found:?}, the header says {expected:?}")]
    RootMismatch {
        /// Of the header.
        expected: H256,
        /// Of the state with the changes.
        found: H256,
    },
    /// No chain has such a key.
    #[error("{0}")]
    Key(String),
    /// What a child trie holds is not known: the state is damaged and must be built anew.
    #[error("the contents of the child trie 0x{} are not known", hex::encode(.0))]
    UnknownChild(Vec<u8>),
}

impl From<KeyTooLong> for StateError {
    fn from(error: KeyTooLong) -> Self {
        Self::Key(error.to_string())
    }
}

/// The parachain's whole state at one block, in memory.
pub struct ParaState {
    top: Trie,
    /// By their keys without the prefix; none is empty.
    children: BTreeMap<Vec<u8>, Trie>,
    root: TrieHash,
}

/// The contents of child tries, each under its key without the prefix that all of them share.
pub type ChildStates = Vec<(Vec<u8>, StorageState)>;

/// What it takes to undo a block's changes, in the order they were made.
#[derive(Default)]
struct Undo<'a> {
    children: Vec<(&'a [u8], Vec<Was<'a>>)>,
    top: Vec<(Cow<'a, [u8]>, Before)>,
    removed: Vec<(Vec<u8>, Trie)>,
}

/// The value that was under a key.
type Before = Option<Box<[u8]>>;

/// A key and what was under it.
type Was<'a> = (&'a [u8], Before);

impl ParaState {
    /// A state of these pairs of the top trie, and of what the child tries hold whose roots are
    /// among the pairs.
    pub fn new(
        pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
        children: ChildStates,
    ) -> Result<Self, StateError> {
        let mut top = Trie::default();
        for (key, value) in pairs {
            top.set(&key, Some(&value))?;
        }
        let root = top.root();
        let mut state = Self { top, children: BTreeMap::new(), root };
        for (child, pairs) in children {
            let mut trie = Trie::default();
            for (key, value) in pairs {
                trie.set(&key, Some(&value))?;
            }
            state.check_child(&child, Some(trie.root()).filter(|_| !trie.is_empty()))?;
            state.children.insert(child, trie);
        }
        Ok(state)
    }

    /// The state of these pairs of the top trie, if that has the root `expected`; else why not, for
    /// a person.
    pub(crate) fn with_root(pairs: StorageState, expected: H256) -> Result<Self, String> {
        let count = pairs.len();
        let state = Self::new(pairs, Vec::new()).map_err(|error| error.to_string())?;
        if state.root() == expected {
            Ok(state)
        } else {
            Err(format!("its {count} pairs give state root {:?}, not {expected:?}", state.root()))
        }
    }

    /// Root of the trie.
    pub fn root(&self) -> H256 {
        H256(self.root.0)
    }

    /// Number of trie nodes held.
    pub fn node_count(&self) -> usize {
        self.top.node_count() + self.children.values().map(Trie::node_count).sum::<usize>()
    }

    /// Goes on to the next block's state. If the changes do not give `expected`, or something else
    /// is wrong, the state stays as it was.
    pub fn apply(
        &mut self,
        changes: &StorageChangesRef<'_>,
        expected: H256,
    ) -> Result<(), StateError> {
        let mut undo = Undo::default();
        let applied = self.change(changes, &mut undo).and_then(|()| {
            let root = self.top.root();
            if root.0 == expected.0 {
                return Ok(root);
            }
            Err(StateError::RootMismatch { expected, found: H256(root.0) })
        });
        match applied {
            Ok(root) => self.root = root,
            Err(error) => {
                self.undo(undo);
                return Err(error);
            }
        }
        Ok(())
    }

    fn change<'a>(
        &mut self,
        changes: &StorageChangesRef<'a>,
        undo: &mut Undo<'a>,
    ) -> Result<(), StateError> {
        let mut roots = Vec::new();
        for (child, delta) in &changes.child_storage_changes {
            let trie = self.children.entry(child.to_vec()).or_default();
            let root = Some(trie.root()).filter(|_| !trie.is_empty());
            undo.children.push((child, Vec::with_capacity(delta.len())));
            self.check_child(child, root)?;
            let trie = self.children.entry(child.to_vec()).or_default();
            for (key, value) in delta {
                let before = trie.set(key, *value)?;
                if let Some((_, changed)) = undo.children.last_mut() {
                    changed.push((key, before));
                }
            }
            let root = (!trie.is_empty()).then(|| trie.root());
            roots.push(([CHILD_STORAGE_PREFIX, child].concat(), root));
        }
        let main = changes.main_storage_changes.iter();
        let main = main.map(|(key, value)| (Cow::Borrowed(*key), *value));
        let roots = roots
            .iter()
            .map(|(key, root)| (Cow::Owned(key.clone()), root.as_ref().map(TrieHash::as_bytes)));
        let mut children = Vec::new();
        for (key, value) in main.chain(roots) {
            if let Some(child) = key.strip_prefix(CHILD_STORAGE_PREFIX) {
                children.push(child.to_vec());
            }
            let before = self.top.set(&key, value)?;
            undo.top.push((key, before));
        }
        for child in children {
            if self.child_root(&child).is_none() {
                undo.removed.extend(self.children.remove_entry(&child));
            } else {
                let root = self.children.get_mut(&child).map(Trie::root);
                self.check_child(&child, root)?;
            }
        }
        Ok(())
    }

    fn undo(&mut self, undo: Undo<'_>) {
        // What was set before can be set again: no key is too long.
        self.children.extend(undo.removed);
        for (key, before) in undo.top.into_iter().rev() {
            let _ = self.top.set(&key, before.as_deref());
        }
        for (child, changed) in undo.children.into_iter().rev() {
            let trie = self.children.entry(child.to_vec()).or_default();
            for (key, before) in changed.into_iter().rev() {
                let _ = trie.set(key, before.as_deref());
            }
            if trie.is_empty() {
                self.children.remove(child);
            }
        }
        self.root = self.top.root();
    }

    /// What the top trie has as the root of a child trie.
    fn child_root(&self, child: &[u8]) -> Option<&[u8]> {
        self.top.get(&[CHILD_STORAGE_PREFIX, child].concat())
    }

    /// The child trie of that root must be the one that the top trie means.
    fn check_child(&self, child: &[u8], root: Option<TrieHash>) -> Result<(), StateError> {
        if self.child_root(child) == root.as_ref().map(TrieHash::as_bytes) {
            Ok(())
        } else {
            Err(StateError::UnknownChild(child.to_vec()))
        }
    }

    /// Hands every pair of the top trie to `visit`, in order of the keys.
    pub fn visit(&self, visit: impl FnMut(&[u8], &[u8])) {
        self.top.visit(visit);
    }

    /// What the child tries hold.
    pub fn children(&self) -> ChildStates {
        let contents = |(child, trie): (&Vec<u8>, &Trie)| {
            let mut pairs = StorageState::new();
            trie.visit(|key, value| pairs.push((key.to_vec(), value.to_vec())));
            (child.clone(), pairs)
        };
        self.children.iter().map(contents).collect()
    }
}

#[cfg(test)]
mod tests;
