//! Naming what has changed: the nodes of one depth are hashed together, which takes a processor
//! little longer than one of them.

use super::node::Node;
use crate::hashes;

/// Nodes encoded before they are hashed: so many that hashing together pays, and no more bytes than
/// a processor keeps at hand.
const TOGETHER: usize = 64;

/// A node without a name, taken out of its parent.
struct Stale {
    node: Box<Node>,
    /// Place of the parent among those one level up, and of the node in it.
    parent: usize,
    index: u8,
}

/// Makes the references of a trie's nodes known, from the deepest up.
pub(super) fn refresh(top: &mut Option<Box<Node>>, buffer: &mut Vec<u8>) {
    let Some(node) = top.take_if(|top| top.is_stale()) else { return };
    let mut levels = Vec::new();
    let mut level = vec![Stale { node, parent: 0, index: 0 }];
    while !level.is_empty() {
        let mut below = Vec::new();
        for (parent, stale) in level.iter_mut().enumerate() {
            stale.node.take_stale(|index, node| below.push(Stale { node, parent, index }));
        }
        levels.push(std::mem::replace(&mut level, below));
    }
    while let Some(mut level) = levels.pop() {
        level.chunks_mut(TOGETHER).for_each(|nodes| name(nodes, buffer));
        for Stale { node, parent, index } in level {
            match levels.last_mut().and_then(|above| above.get_mut(parent)) {
                Some(above) => *above.node.slot(index) = Some(node),
                None => *top = Some(node),
            }
        }
    }
}

/// Names nodes whose children have names.
fn name(nodes: &mut [Stale], buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut ends = Vec::with_capacity(nodes.len());
    for stale in &*nodes {
        stale.node.encode_to(buffer);
        ends.push(buffer.len());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let encoded: Vec<&[u8]> = starts.zip(&ends).map(|(start, end)| &buffer[start..*end]).collect();
    let long: Vec<&[u8]> =
        encoded.iter().copied().filter(|encoded| Node::is_hashed(encoded)).collect();
    let mut hashes = hashes::blake2_256_of_each(&long).into_iter();
    for (stale, encoded) in nodes.iter_mut().zip(encoded) {
        let hash = Node::is_hashed(encoded).then(|| hashes.next()).flatten();
        stale.node.set_name(encoded, hash);
    }
}
