//! Faults and events on demand.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::producer::Rounds;
use super::schedule::Orders;
use crate::engine::BlockNumber;
use crate::rpc::RpcFaults;

/// Makes a running network misbehave, or do at once what it would do some day.
#[derive(Clone, Debug)]
pub struct Faults {
    orders: Arc<Mutex<Standing>>,
    paused: watch::Sender<bool>,
    para_rpc: RpcFaults,
    relay_rpc: RpcFaults,
}

#[derive(Debug, Default)]
struct Standing {
    hold_para_head: bool,
    hold_transactions: bool,
    silent_justifications: bool,
    /// Used up by the next relay block.
    next: Orders,
    change_at: BTreeSet<BlockNumber>,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self {
            orders: Arc::default(),
            paused: watch::channel(false).0,
            para_rpc: RpcFaults::new(),
            relay_rpc: RpcFaults::new(),
        }
    }

    /// Changes the GRANDPA authorities in the next relay block.
    pub fn change_authorities(&self) {
        self.orders.lock().next.change_authorities = true;
    }

    /// Changes the GRANDPA authorities in the relay block at this height, if it is yet to come.
    pub fn change_authorities_at(&self, number: BlockNumber) {
        self.orders.lock().change_at.insert(number);
    }

    /// Makes no more blocks until [`Faults::resume_blocks`].
    pub fn pause_blocks(&self) {
        self.paused.send_replace(true);
    }

    /// Makes blocks again.
    pub fn resume_blocks(&self) {
        self.paused.send_replace(false);
    }

    /// While on, relay blocks carry the same parachain head.
    pub fn hold_para_head(&self, on: bool) {
        self.orders.lock().hold_para_head = on;
    }

    /// While on, parachain blocks take no transaction from the pool: there they wait, are outbid by
    /// others with the same nonce, and expire.
    pub fn hold_transactions(&self, on: bool) {
        self.orders.lock().hold_transactions = on;
    }

    /// While on, `grandpa_subscribeJustifications` says nothing.
    pub fn silence_justifications(&self, on: bool) {
        self.orders.lock().silent_justifications = on;
    }

    /// Makes the next parachain block one that nobody includes: it is the best one for a while and
    /// then reverted for another.
    pub fn fork_para(&self) {
        self.orders.lock().next.fork_para = true;
    }

    /// Lets the next parachain block bring a new runtime, whose version is the next one.
    pub fn upgrade_runtime(&self) {
        self.orders.lock().next.extra.upgrade_runtime = true;
    }

    /// Lets the next parachain block write so many bytes of values.
    pub fn write_bulk(&self, bytes: u32) {
        self.orders.lock().next.extra.bulk = bytes;
    }

    /// Faults of the parachain node's RPC.
    pub fn para_rpc(&self) -> &RpcFaults {
        &self.para_rpc
    }

    /// Faults of the relay node's RPC.
    pub fn relay_rpc(&self) -> &RpcFaults {
        &self.relay_rpc
    }

    pub(super) fn paused(&self) -> watch::Receiver<bool> {
        self.paused.subscribe()
    }

    /// What is wanted of the relay block at this height; orders for one block are used up.
    pub(super) fn take_orders(&self, number: BlockNumber) -> (Orders, Rounds) {
        let mut standing = self.orders.lock();
        let later = standing.change_at.split_off(&(number + 1));
        let due = std::mem::replace(&mut standing.change_at, later).contains(&number);
        let mut orders = std::mem::take(&mut standing.next);
        orders.hold_para_head = standing.hold_para_head;
        orders.hold_transactions = standing.hold_transactions;
        orders.change_authorities |= due;
        let silent = standing.silent_justifications;
        (orders, if silent { Rounds::Unannounced } else { Rounds::All })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_for_one_block_is_used_up() {
        let faults = Faults::new();
        let changes = |number| faults.take_orders(number).0.change_authorities;
        faults.change_authorities();
        faults.change_authorities_at(5);
        faults.change_authorities_at(7);
        assert_eq!([3, 4, 5, 6, 7, 8].map(changes), [true, false, true, false, true, false]);
        faults.change_authorities_at(6);
        assert!(!changes(9), "a height that has passed");
    }
}
