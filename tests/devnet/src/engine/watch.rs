//! Following transactions from the pool to finality.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;

use super::{BlockNumber, Hash};

/// A transaction has few states; one that is watched by a client this far behind is given up.
const UPDATES: usize = 16;

/// What happened to a transaction, in the words of `author_submitAndWatchExtrinsic`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TransactionStatus {
    /// Waits for a transaction with a lower nonce or sequence.
    Future,
    /// Can go into the next block.
    Ready,
    /// In this block.
    InBlock(Hash),
    /// No longer in this block, which was reverted.
    Retracted(Hash),
    /// In this block, which is final.
    Finalized(Hash),
    /// Replaced in the pool by this transaction.
    Usurped(Hash),
    /// Pushed out of a full pool.
    Dropped,
    /// No longer valid.
    Invalid,
}

impl TransactionStatus {
    /// No other status follows this one.
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Future | Self::Ready | Self::InBlock(_) | Self::Retracted(_))
    }
}

/// Subscribers by transaction hash.
#[derive(Debug, Default)]
pub struct TransactionWatchers {
    inner: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    senders: HashMap<Hash, broadcast::Sender<TransactionStatus>>,
    in_block: Vec<(BlockNumber, Hash, Hash)>,
}

impl TransactionWatchers {
    /// Subscribes to the fate of a transaction; to be called before it enters the pool.
    pub fn watch(&self, transaction: Hash) -> broadcast::Receiver<TransactionStatus> {
        let mut inner = self.inner.lock();
        inner
            .senders
            .entry(transaction)
            .or_insert_with(|| broadcast::channel(UPDATES).0)
            .subscribe()
    }

    /// Forgets a transaction that never entered the pool, unless somebody else follows it.
    pub fn forget_unheard(&self, transaction: Hash) {
        let mut inner = self.inner.lock();
        if inner.senders.get(&transaction).is_some_and(|sender| sender.receiver_count() == 0) {
            inner.senders.remove(&transaction);
        }
    }

    /// Tells what happened to a transaction; it is forgotten after its last status.
    pub fn notify(&self, transaction: Hash, status: TransactionStatus) {
        self.inner.lock().send(transaction, status);
    }

    /// A block with these transactions is in the chain and can be read.
    pub fn included(&self, number: BlockNumber, block: Hash, transactions: &[Hash]) {
        let mut inner = self.inner.lock();
        for transaction in transactions {
            if inner.senders.contains_key(transaction) {
                inner.send(*transaction, TransactionStatus::InBlock(block));
                inner.in_block.push((number, block, *transaction));
            }
        }
    }

    /// A block with these transactions was reverted.
    pub fn retracted(&self, block: Hash, transactions: &[Hash]) {
        let mut inner = self.inner.lock();
        inner.in_block.retain(|(_, included, _)| *included != block);
        for transaction in transactions {
            inner.send(*transaction, TransactionStatus::Retracted(block));
        }
    }

    /// All blocks up to `number` are final.
    pub fn finalized(&self, number: BlockNumber) {
        let mut inner = self.inner.lock();
        let (done, open) =
            std::mem::take(&mut inner.in_block).into_iter().partition(|entry| entry.0 <= number);
        inner.in_block = open;
        let done: Vec<(BlockNumber, Hash, Hash)> = done;
        for (_, block, transaction) in done {
            inner.send(transaction, TransactionStatus::Finalized(block));
        }
    }
}

impl Watched {
    fn send(&mut self, transaction: Hash, status: TransactionStatus) {
        let last = status.is_last();
        if let Some(sender) = self.senders.get(&transaction) {
            // An error says that nobody listens any more, which is no concern of the pool.
            let heard = sender.send(status).is_ok();
            if last || !heard {
                self.senders.remove(&transaction);
            }
        }
    }
}
