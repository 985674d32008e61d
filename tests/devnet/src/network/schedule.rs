//! What the next relay block brings.

use prb_devnet_runtime::para::parachain_system::Extra;

use crate::engine::BlockNumber;

/// When parachain blocks and authority changes come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub relay_blocks_per_para_block: u32,
    /// 0: never.
    pub session_blocks: u32,
    pub finality_lag: u32,
}

/// What somebody wants of the next relay block besides the schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is wanted without regard to the others")]
pub(super) struct Orders {
    /// It must not bring a parachain block.
    pub hold_para_head: bool,
    /// A parachain block must hold inherents alone.
    pub hold_transactions: bool,
    /// It must change the authorities.
    pub change_authorities: bool,
    /// The next parachain block is not included and reverted for another one later.
    pub fork_para: bool,
    /// What the next parachain block brings besides.
    pub extra: Extra,
}

/// What a relay block brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub para_block: bool,
    pub authority_change: bool,
}

impl Schedule {
    /// The relay block at this height.
    pub(super) fn plan(&self, number: BlockNumber, orders: Orders) -> Plan {
        // The first parachain block's relay parent is block 1, so that there is a relay block
        // before it for pRuntime to start from.
        let due = number > 1 && number.is_multiple_of(self.relay_blocks_per_para_block);
        let session_ends = self.session_blocks != 0 && number.is_multiple_of(self.session_blocks);
        Plan {
            para_block: due && !orders.hold_para_head,
            authority_change: session_ends || orders.change_authorities,
        }
    }

    /// The relay height that is final once `best` is made.
    pub(super) fn finalized(&self, best: BlockNumber) -> BlockNumber {
        best.saturating_sub(self.finality_lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { relay_blocks_per_para_block: 2, session_blocks: 10, finality_lag: 2 };

    fn para_blocks(schedule: Schedule, orders: Orders) -> Vec<u32> {
        (1..=8).filter(|number| schedule.plan(*number, orders).para_block).collect()
    }

    #[test]
    fn parachain_blocks_come_regularly_but_never_with_block_1() {
        assert_eq!(para_blocks(SCHEDULE, Orders::default()), [2, 4, 6, 8]);
        let every = Schedule { relay_blocks_per_para_block: 1, ..SCHEDULE };
        assert_eq!(para_blocks(every, Orders::default()), [2, 3, 4, 5, 6, 7, 8]);
        let held = Orders { hold_para_head: true, ..Orders::default() };
        assert!(para_blocks(SCHEDULE, held).is_empty());
    }

    #[test]
    fn authorities_change_at_session_ends_and_on_demand() {
        let changes = |schedule: Schedule, orders| -> Vec<u32> {
            (1..=20).filter(|number| schedule.plan(*number, orders).authority_change).collect()
        };
        assert_eq!(changes(SCHEDULE, Orders::default()), [10, 20]);
        let never = Schedule { session_blocks: 0, ..SCHEDULE };
        assert!(changes(never, Orders::default()).is_empty());
        let ordered = Orders { change_authorities: true, ..Orders::default() };
        assert_eq!(changes(never, ordered).len(), 20);
    }

    #[test]
    fn finality_is_behind_by_the_lag() {
        assert_eq!([0, 1, 2, 3, 9].map(|best| SCHEDULE.finalized(best)), [0, 0, 0, 1, 7]);
    }
}
