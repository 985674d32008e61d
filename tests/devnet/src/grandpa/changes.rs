//! Where authority sets end.

use sp_consensus_grandpa::SetId;

use crate::engine::BlockNumber;

/// The set a block belongs to, as far as a node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOfBlock {
    /// A set that has ended, with its id and its last block.
    Ended(SetId, BlockNumber),
    /// The set in force.
    Running,
    /// No recorded change covers the block.
    Unknown,
}

/// The last block of each ended authority set, by set id.
#[derive(Clone, Debug, Default)]
pub struct AuthoritySetChanges(Vec<BlockNumber>);

impl AuthoritySetChanges {
    /// Records that the running set ended with this final block.
    pub fn append(&mut self, last: BlockNumber) {
        self.0.push(last);
    }

    /// Id of the running set.
    pub fn running(&self) -> SetId {
        self.0.len() as SetId
    }

    /// Last block of the set before the running one; 0 if there is none.
    pub fn last_change(&self) -> BlockNumber {
        self.0.last().copied().unwrap_or(0)
    }

    /// The set that signs for this block.
    ///
    /// Like a real node this says "unknown" of every block while no change has been recorded at
    /// all.
    pub fn set_of(&self, number: BlockNumber) -> SetOfBlock {
        match self.0.last() {
            None => SetOfBlock::Unknown,
            Some(last) if *last < number => SetOfBlock::Running,
            Some(_) => {
                let id = self.0.partition_point(|last| *last < number);
                SetOfBlock::Ended(id as SetId, self.0[id])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_block_is_the_last_of_its_set() {
        let mut changes = AuthoritySetChanges::default();
        assert_eq!(changes.set_of(1), SetOfBlock::Unknown);
        changes.append(10);
        changes.append(15);
        assert_eq!(changes.set_of(0), SetOfBlock::Ended(0, 10));
        assert_eq!(changes.set_of(10), SetOfBlock::Ended(0, 10));
        assert_eq!(changes.set_of(11), SetOfBlock::Ended(1, 15));
        assert_eq!(changes.set_of(15), SetOfBlock::Ended(1, 15));
        assert_eq!(changes.set_of(16), SetOfBlock::Running);
        assert_eq!((changes.running(), changes.last_change()), (2, 15));
    }
}
