//! One node, and what it looks like to its parent.

use parity_scale_codec::{Compact, Encode};
use sp_crypto_hashing::blake2_256;

/// In the two highest bits of a node's first byte; the others begin the length of its path.
const LEAF: u8 = 0b0100_0000;
const BRANCH: u8 = 0b1000_0000;
const BRANCH_WITH_VALUE: u8 = 0b1100_0000;
/// The longest path whose length has room there.
const SHORT: usize = 62;

/// Shorter encoded nodes stand in their parents themselves.
const HASH: usize = 32;

type Children = [Option<Box<Node>>; 16];

/// A leaf, or a branch of at least two ways, one of which may be a value.
pub(super) struct Node {
    /// Half bytes of the path between the parent's choice and this node.
    partial: Box<[u8]>,
    value: Option<Box<[u8]>>,
    children: Option<Box<Children>>,
    reference: Reference,
}

/// How a parent names a node: its hash, or all of it if that is shorter.
#[derive(Clone, Copy)]
struct Reference {
    /// 0 while it is not known.
    length: u8,
    bytes: [u8; HASH],
}

impl Reference {
    const UNKNOWN: Self = Self { length: 0, bytes: [0; HASH] };

    fn hash(bytes: [u8; HASH]) -> Self {
        Self { length: HASH as u8, bytes }
    }

    /// Of a node that has fewer bytes than a hash.
    fn whole(encoded: &[u8]) -> Self {
        let mut bytes = [0; HASH];
        bytes[..encoded.len()].copy_from_slice(encoded);
        Self { length: encoded.len() as u8, bytes }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }
}

impl Node {
    pub(super) fn leaf(partial: &[u8], value: &[u8]) -> Self {
        let value = Some(value.into());
        Self { partial: partial.into(), value, children: None, reference: Reference::UNKNOWN }
    }

    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }

    pub(super) fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.children.is_none()
    }

    pub(super) fn child(&self, index: u8) -> Option<&Self> {
        self.children.as_ref()?.get(index as usize)?.as_deref()
    }

    pub(super) fn into_value(self) -> Option<Box<[u8]>> {
        self.value
    }

    /// The place of a child that is about to change.
    pub(super) fn slot(&mut self, index: u8) -> &mut Option<Box<Self>> {
        self.reference = Reference::UNKNOWN;
        &mut self.children.get_or_insert_default()[index as usize]
    }

    pub(super) fn set_value(&mut self, value: &[u8]) -> Option<Box<[u8]>> {
        self.reference = Reference::UNKNOWN;
        self.value.replace(value.into())
    }

    /// Puts a branch in this node's place, so many half bytes down, and the node under it.
    pub(super) fn split(&mut self, at: usize) {
        let branch = Self {
            partial: self.partial[..at].into(),
            value: None,
            children: Some(Box::default()),
            reference: Reference::UNKNOWN,
        };
        let mut below = std::mem::replace(self, branch);
        let index = below.partial[at];
        below.partial = below.partial[at + 1..].into();
        below.reference = Reference::UNKNOWN;
        *self.slot(index) = Some(Box::new(below));
    }

    /// Takes the value of a branch.
    pub(super) fn take_value(&mut self) -> Option<Box<[u8]>> {
        let value = self.value.take();
        self.straighten();
        value
    }

    /// Takes a child of a branch.
    pub(super) fn take_child(&mut self, index: u8) -> Option<Box<Self>> {
        let child = self.slot(index).take();
        self.straighten();
        child
    }

    /// A branch that lost one of its ways: without children it is a leaf, and with a single one it
    /// is not needed.
    fn straighten(&mut self) {
        self.reference = Reference::UNKNOWN;
        let Some(children) = &mut self.children else { return };
        let mut ways = (0_u8..).zip(children.iter_mut()).filter(|(_, child)| child.is_some());
        match (ways.next(), ways.next()) {
            (None, _) => self.children = None,
            (Some((index, only)), None) if self.value.is_none() => {
                let Some(mut child) = only.take() else { return };
                child.partial = [&self.partial[..], &[index], &child.partial].concat().into();
                child.reference = Reference::UNKNOWN;
                *self = *child;
            }
            _ => {}
        }
    }

    /// Its hash, however short it is; its reference is known.
    pub(super) fn hash(&self) -> [u8; HASH] {
        let Reference { length, bytes } = self.reference;
        if length as usize == HASH { bytes } else { blake2_256(self.reference.bytes()) }
    }

    /// Whether its parent does not know yet how to name it.
    pub(super) fn is_stale(&self) -> bool {
        self.reference.length == 0
    }

    /// Takes out the children that their parent does not know how to name.
    pub(super) fn take_stale(&mut self, mut take: impl FnMut(u8, Box<Self>)) {
        for (index, slot) in (0..).zip(self.children.iter_mut().flat_map(|it| it.iter_mut())) {
            if let Some(child) = slot.take_if(|child| child.is_stale()) {
                take(index, child);
            }
        }
    }

    /// Whether a node of these bytes is named by its hash.
    pub(super) fn is_hashed(encoded: &[u8]) -> bool {
        encoded.len() >= HASH
    }

    /// Names it by its hash, or else by its bytes, which are fewer.
    pub(super) fn set_name(&mut self, encoded: &[u8], hash: Option<[u8; HASH]>) {
        self.reference = hash.map_or_else(|| Reference::whole(encoded), Reference::hash);
    }

    /// Adds the node's bytes to `buffer`; its children's references are known.
    pub(super) fn encode_to(&self, buffer: &mut Vec<u8>) {
        let kind = match (&self.children, &self.value) {
            (None, _) => LEAF,
            (Some(_), None) => BRANCH,
            (Some(_), Some(_)) => BRANCH_WITH_VALUE,
        };
        let length = self.partial.len();
        buffer.push(kind | length.min(SHORT + 1) as u8);
        if let Some(mut more) = length.checked_sub(SHORT).filter(|more| *more > 0) {
            while more > 255 {
                buffer.push(255);
                more -= 255;
            }
            buffer.push(more as u8 - 1);
        }
        let (odd, even) = self.partial.split_at(length % 2);
        buffer.extend_from_slice(odd);
        buffer.extend(even.chunks(2).map(|two| two[0] << 4 | two[1]));
        if let Some(children) = &self.children {
            let present = (0..).zip(children.iter()).filter(|(_, child)| child.is_some());
            let bitmap = present.fold(0_u16, |bitmap, (index, _)| bitmap | 1 << index);
            buffer.extend_from_slice(&bitmap.to_le_bytes());
        }
        if let Some(value) = &self.value {
            Compact(value.len() as u32).encode_to(buffer);
            buffer.extend_from_slice(value);
        }
        for child in self.children.iter().flat_map(|children| children.iter()).flatten() {
            // Compact, and always in one byte.
            buffer.push(child.reference.length << 2);
            buffer.extend_from_slice(child.reference.bytes());
        }
    }

    /// Hands every value at or below this node to `visit`, with its path.
    pub(super) fn visit(&self, path: &mut Vec<u8>, visit: &mut impl FnMut(&[u8], &[u8])) {
        let above = path.len();
        path.extend_from_slice(&self.partial);
        if let Some(value) = &self.value {
            visit(path, value);
        }
        for (index, child) in (0..).zip(self.children.iter().flat_map(|it| it.iter())) {
            if let Some(child) = child {
                path.push(index);
                child.visit(path, visit);
                path.pop();
            }
        }
        path.truncate(above);
    }

    pub(super) fn count(&self) -> usize {
        let children = self.children.iter().flat_map(|children| children.iter()).flatten();
        1 + children.map(|child| child.count()).sum::<usize>()
    }
}
