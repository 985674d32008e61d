//! The order in which ready transactions go into a block.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::{Entry, PoolTransaction, Tag};

/// Highest priority first, then first come first served, each after all it requires.
pub(super) fn by_priority<'a>(ready: impl Iterator<Item = &'a Entry>) -> Vec<Arc<PoolTransaction>> {
    let mut missing: HashMap<u64, HashSet<&Tag>> = HashMap::new();
    let mut waiting: HashMap<&Tag, Vec<&Entry>> = HashMap::new();
    let mut free = BinaryHeap::new();
    for entry in ready {
        if entry.requires.is_empty() {
            free.push(Candidate(entry));
        } else {
            for tag in &entry.requires {
                waiting.entry(tag).or_default().push(entry);
            }
            missing.insert(entry.sequence, entry.requires.iter().collect());
        }
    }
    let mut order = Vec::new();
    while let Some(Candidate(entry)) = free.pop() {
        order.push(Arc::clone(&entry.transaction));
        for tag in &entry.transaction.provides {
            for dependent in waiting.remove(tag).unwrap_or_default() {
                let Some(open) = missing.get_mut(&dependent.sequence) else { continue };
                open.remove(tag);
                if open.is_empty() {
                    missing.remove(&dependent.sequence);
                    free.push(Candidate(dependent));
                }
            }
        }
    }
    order
}

struct Candidate<'a>(&'a Entry);

impl Candidate<'_> {
    fn rank(&self) -> (u64, std::cmp::Reverse<u64>) {
        (self.0.transaction.priority, std::cmp::Reverse(self.0.sequence))
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Candidate<'_> {}
