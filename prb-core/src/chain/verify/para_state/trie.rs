//! A state trie that is changed in place.
//!
//! Hashed as Substrate's older layout has it: every value stands in its node. Nodes are kept as
//! they are and not as their bytes, and what a change leaves alone is neither read nor hashed
//! again: replaying blocks is a matter of the nodes on the way to the changed keys.

use sp_core::H256 as TrieHash;
use sp_crypto_hashing::blake2_256;

use self::node::Node;
use self::refresh::refresh;

mod node;
mod refresh;

/// Longer keys are refused: they alone could make a trie so deep that walking it needs more stack
/// than a thread has. The chain's are far shorter.
const MAX_KEY: usize = 512;
/// Encoded, a trie without any key.
const EMPTY: [u8; 1] = [0];

/// A key longer than any of the chain.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key has {0} bytes")]
pub(super) struct KeyTooLong(usize);

/// Keys and values with a root.
#[derive(Default)]
pub(super) struct Trie {
    top: Option<Box<Node>>,
    /// Where nodes are encoded to be hashed.
    buffer: Vec<u8>,
    /// The half bytes of the key that is being set.
    path: Vec<u8>,
}

impl Trie {
    /// Whether it holds no key.
    pub(super) fn is_empty(&self) -> bool {
        self.top.is_none()
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let path: Vec<u8> = nibbles(key).collect();
        self.find(&path)
    }

    fn find(&self, path: &[u8]) -> Option<&[u8]> {
        let mut rest = path;
        let mut node = self.top.as_deref()?;
        loop {
            rest = rest.strip_prefix(node.partial())?;
            let Some((index, below)) = rest.split_first() else { return node.value() };
            (node, rest) = (node.child(*index)?, below);
        }
    }

    /// Puts a value under a key, or takes it away; gives the one that was there.
    pub(super) fn set(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<Option<Box<[u8]>>, KeyTooLong> {
        if key.len() > MAX_KEY {
            return Err(KeyTooLong(key.len()));
        }
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        path.extend(nibbles(key));
        let before = match value {
            Some(value) => self.insert(&path, value),
            None => self.find(&path).is_some().then(|| self.remove(&path)).flatten(),
        };
        self.path = path;
        Ok(before)
    }

    fn insert(&mut self, path: &[u8], value: &[u8]) -> Option<Box<[u8]>> {
        let (mut slot, mut rest) = (&mut self.top, path);
        loop {
            let Some(node) = slot else {
                *slot = Some(Box::new(Node::leaf(rest, value)));
                return None;
            };
            let common = node.partial().iter().zip(rest).take_while(|(a, b)| a == b).count();
            if common < node.partial().len() {
                node.split(common);
            }
            rest = &rest[common..];
            let Some((index, below)) = rest.split_first() else { return node.set_value(value) };
            (slot, rest) = (node.slot(*index), below);
        }
    }

    /// Takes away a value that is there.
    fn remove(&mut self, path: &[u8]) -> Option<Box<[u8]>> {
        let leaf = |node: &Node, path: &[u8]| node.is_leaf() && node.partial() == path;
        if self.top.as_deref().is_some_and(|top| leaf(top, path)) {
            return self.top.take().and_then(|top| top.into_value());
        }
        let (mut node, mut rest) = (self.top.as_deref_mut()?, path);
        loop {
            rest = rest.strip_prefix(node.partial())?;
            let Some((index, below)) = rest.split_first() else { return node.take_value() };
            if node.child(*index).is_some_and(|child| leaf(child, below)) {
                return node.take_child(*index).and_then(|child| child.into_value());
            }
            (node, rest) = (node.slot(*index).as_deref_mut()?, below);
        }
    }

    /// The root; hashes what has changed since it was last asked for.
    pub(super) fn root(&mut self) -> TrieHash {
        refresh(&mut self.top, &mut self.buffer);
        TrieHash(self.top.as_ref().map_or_else(|| blake2_256(&EMPTY), |top| top.hash()))
    }

    /// Hands every pair to `visit`, in order of the keys.
    pub(super) fn visit(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        let on_pair = &mut |path: &[u8], value: &[u8]| {
            // Keys are whole bytes.
            let key: Vec<u8> = path.chunks(2).map(|two| two[0] << 4 | two[1]).collect();
            visit(&key, value);
        };
        if let Some(top) = &self.top {
            top.visit(&mut Vec::new(), on_pair);
        }
    }

    /// Number of nodes, those that stand in others too.
    pub(super) fn node_count(&self) -> usize {
        self.top.as_ref().map_or(0, |top| top.count())
    }
}

/// A key in half bytes.
fn nibbles(key: &[u8]) -> impl Iterator<Item = u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15])
}

#[cfg(test)]
mod tests;
