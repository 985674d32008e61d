//! The transaction pool: what is valid and not yet in a block.
//!
//! A plain data structure: the caller validates transactions and tells the time, and passes on the
//! events that every change returns.

mod arrange;
mod order;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watch::TransactionStatus;
use super::{BlockNumber, Extrinsic, Hash};

/// What a transaction provides or requires: the runtime's bytes for "nonce 5 of Alice" and such.
pub type Tag = Vec<u8>;
/// Transactions whose fate a change of the pool decided, in the order it happened.
pub type Events = Vec<(Hash, TransactionStatus)>;

/// A transaction with what the runtime said about it.
#[derive(Clone, Debug)]
pub struct PoolTransaction {
    /// Hash of the encoded extrinsic.
    pub hash: Hash,
    /// The extrinsic.
    pub extrinsic: Extrinsic,
    /// Higher goes first and replaces lower.
    pub priority: u64,
    /// Tags that other transactions must have provided before.
    pub requires: Vec<Tag>,
    /// Tags this transaction provides; two transactions with one tag in common exclude each other.
    pub provides: Vec<Tag>,
    /// Last height at which the transaction is valid.
    pub valid_till: u64,
}

/// How much the pool holds.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Most transactions that can go into the next block.
    pub ready: usize,
    /// Most bytes of them.
    pub ready_bytes: usize,
    /// Most transactions waiting for others.
    pub future: usize,
    /// How long a transaction that turned out invalid is refused without a look.
    pub ban: Duration,
}

impl Default for PoolLimits {
    /// A node's defaults.
    fn default() -> Self {
        Self {
            ready: 8192,
            ready_bytes: 20 * 1024 * 1024,
            future: 819,
            ban: Duration::from_mins(30),
        }
    }
}

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// It was found invalid a short while ago.
    #[error("Transaction is temporarily banned")]
    Banned,
    /// It is in the pool.
    #[error("Transaction Already Imported")]
    AlreadyImported(Hash),
    /// A transaction with one of its tags is in the pool and not outbid.
    #[error("Priority is too low: ({old} vs {new})")]
    TooLowPriority {
        /// Priority of the one in the pool.
        old: u64,
        /// Priority of the new one.
        new: u64,
    },
    /// It requires what only a transaction that it would replace makes possible.
    #[error("Cycle Detected")]
    Cycle,
    /// The pool is full of better ones.
    #[error("Immediately Dropped")]
    ImmediatelyDropped,
}

/// Transactions by their readiness.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    ready: HashMap<Hash, Entry>,
    future: HashMap<Hash, Entry>,
    /// Which ready transaction provides a tag.
    provided: HashMap<Tag, Hash>,
    banned: HashMap<Hash, Instant>,
    next_sequence: u64,
}

#[derive(Debug)]
struct Entry {
    transaction: Arc<PoolTransaction>,
    /// Requirements that no block has met yet.
    requires: HashSet<Tag>,
    /// Order of arrival.
    sequence: u64,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            ready: HashMap::new(),
            future: HashMap::new(),
            provided: HashMap::new(),
            banned: HashMap::new(),
            next_sequence: 0,
        }
    }

    /// Whether a transaction may be submitted at all, before the runtime is asked.
    pub fn admissible(&self, hash: Hash, now: Instant) -> Result<(), PoolError> {
        if self.banned.get(&hash).is_some_and(|until| *until > now) {
            return Err(PoolError::Banned);
        }
        if self.contains(hash) {
            return Err(PoolError::AlreadyImported(hash));
        }
        Ok(())
    }

    /// Refuses these transactions for a while.
    pub fn ban(&mut self, hashes: impl IntoIterator<Item = Hash>, now: Instant) {
        self.banned.retain(|_, until| *until > now);
        self.banned.extend(hashes.into_iter().map(|hash| (hash, now + self.limits.ban)));
    }

    /// Takes a valid transaction. Others may leave the pool for it, even where it is not taken in
    /// the end, so `events` counts either way.
    pub fn import(
        &mut self,
        transaction: PoolTransaction,
        events: &mut Events,
    ) -> Result<(), PoolError> {
        let hash = transaction.hash;
        let entry = Entry {
            requires: transaction.requires.iter().cloned().collect(),
            transaction: Arc::new(transaction),
            sequence: self.next_sequence,
        };
        if self.is_satisfied(&entry) {
            self.make_room_for(&entry, events)?;
            self.make_ready(entry, events);
        } else {
            self.future.insert(hash, entry);
            events.push((hash, TransactionStatus::Future));
        }
        self.next_sequence += 1;
        self.settle(events);
        self.enforce_limits(events);
        if self.contains(hash) { Ok(()) } else { Err(PoolError::ImmediatelyDropped) }
    }

    /// Takes out what a block has included; the tags it provides are met for ever.
    pub fn prune(&mut self, included: &[Hash]) -> Events {
        let mut met = HashSet::new();
        for hash in included {
            if let Some(entry) = self.remove(*hash) {
                met.extend(entry.transaction.provides.iter().cloned());
            }
        }
        for entry in self.ready.values_mut().chain(self.future.values_mut()) {
            entry.requires.retain(|tag| !met.contains(tag));
        }
        let mut events = Events::new();
        self.settle(&mut events);
        events
    }

    /// Takes out transactions that turned out invalid with all that need them, and bans them.
    pub fn remove_invalid(
        &mut self,
        hashes: impl IntoIterator<Item = Hash>,
        now: Instant,
    ) -> Events {
        let mut events = Events::new();
        for hash in hashes {
            self.remove_subtree(hash, &TransactionStatus::Invalid, &mut events);
        }
        self.ban(events.iter().map(|event| event.0), now);
        events
    }

    /// Takes out what is too old for a block after `best`.
    pub fn remove_stale(&mut self, best: BlockNumber, now: Instant) -> Events {
        let all = self.ready.values().chain(self.future.values());
        let stale = all.filter(|entry| entry.transaction.valid_till <= u64::from(best));
        let stale: Vec<_> = stale.map(|entry| entry.transaction.hash).collect();
        self.remove_invalid(stale, now)
    }

    /// Ready transactions in the order they go into a block.
    pub fn ready(&self) -> Vec<Arc<PoolTransaction>> {
        order::by_priority(self.ready.values())
    }

    /// Transactions that wait for others, oldest first.
    pub fn future(&self) -> Vec<Arc<PoolTransaction>> {
        let mut waiting: Vec<_> = self.future.values().collect();
        waiting.sort_by_key(|entry| entry.sequence);
        waiting.into_iter().map(|entry| Arc::clone(&entry.transaction)).collect()
    }

    /// Whether a ready transaction provides `tag`.
    pub fn provides(&self, tag: &[u8]) -> bool {
        self.provided.contains_key(tag)
    }

    /// Tells a waiting transaction which of its requirements remain, after a new look at it.
    pub fn set_requirements(&mut self, hash: Hash, requires: Vec<Tag>) -> Events {
        let mut events = Events::new();
        if let Some(entry) = self.future.get_mut(&hash) {
            entry.requires = requires.into_iter().collect();
            self.settle(&mut events);
        }
        events
    }
}

#[cfg(test)]
mod tests;
