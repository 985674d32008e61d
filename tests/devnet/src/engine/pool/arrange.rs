//! Keeping transactions where they belong: ready, waiting, or out.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::{Entry, Events, Hash, Pool, PoolError, Tag, TransactionStatus};

impl Pool {
    pub(super) fn contains(&self, hash: Hash) -> bool {
        self.ready.contains_key(&hash) || self.future.contains_key(&hash)
    }

    pub(super) fn is_satisfied(&self, entry: &Entry) -> bool {
        entry.requires.iter().all(|tag| self.provided.contains_key(tag))
    }

    /// Replaces transactions that exclude the new one, if it outbids them together.
    pub(super) fn make_room_for(
        &mut self,
        entry: &Entry,
        events: &mut Events,
    ) -> Result<(), PoolError> {
        let new = &entry.transaction;
        let rivals: HashSet<Hash> =
            new.provides.iter().filter_map(|tag| self.provided.get(tag).copied()).collect();
        let old = rivals
            .iter()
            .fold(0u64, |sum, hash| sum.saturating_add(self.ready[hash].transaction.priority));
        if !rivals.is_empty() && old >= new.priority {
            return Err(PoolError::TooLowPriority { old, new: new.priority });
        }
        if self.builds_on(entry, &rivals) {
            return Err(PoolError::Cycle);
        }
        for rival in rivals {
            self.remove(rival);
            events.push((rival, TransactionStatus::Usurped(new.hash)));
        }
        Ok(())
    }

    /// Whether what the entry requires is provided, directly or not, thanks to one of `others`.
    pub(super) fn builds_on(&self, entry: &Entry, others: &HashSet<Hash>) -> bool {
        let mut seen = HashSet::new();
        let mut open: Vec<&Tag> = entry.requires.iter().collect();
        while let Some(tag) = open.pop() {
            let Some(provider) = self.provided.get(tag) else { continue };
            if others.contains(provider) {
                return true;
            }
            if seen.insert(*provider) {
                open.extend(&self.ready[provider].requires);
            }
        }
        false
    }

    pub(super) fn make_ready(&mut self, entry: Entry, events: &mut Events) {
        let hash = entry.transaction.hash;
        for tag in &entry.transaction.provides {
            self.provided.insert(tag.clone(), hash);
        }
        self.ready.insert(hash, entry);
        events.push((hash, TransactionStatus::Ready));
    }

    /// Moves transactions to where they belong: ready exactly if what they require is provided.
    pub(super) fn settle(&mut self, events: &mut Events) {
        loop {
            let mut ready = self.ready.values();
            let unmet = ready.find(|entry| !self.is_satisfied(entry)).map(|e| e.transaction.hash);
            if let Some(entry) = unmet.and_then(|hash| self.remove(hash)) {
                events.push((entry.transaction.hash, TransactionStatus::Future));
                self.future.insert(entry.transaction.hash, entry);
                continue;
            }
            let met = self.future.values().filter(|entry| self.is_satisfied(entry));
            let first = met.min_by_key(|entry| entry.sequence).map(|e| e.transaction.hash);
            let Some(entry) = first.and_then(|hash| self.future.remove(&hash)) else { return };
            match self.make_room_for(&entry, events) {
                Ok(()) => self.make_ready(entry, events),
                Err(_outbid) => events.push((entry.transaction.hash, TransactionStatus::Dropped)),
            }
        }
    }

    pub(super) fn enforce_limits(&mut self, events: &mut Events) {
        let bytes =
            |pool: &Self| pool.ready.values().map(|e| e.transaction.extrinsic.inner().len()).sum();
        while self.ready.len() > self.limits.ready || self.limits.ready_bytes < bytes(self) {
            let worst = self
                .ready
                .values()
                .min_by_key(|entry| (entry.transaction.priority, Reverse(entry.sequence)));
            let Some(hash) = worst.map(|entry| entry.transaction.hash) else { break };
            self.remove_subtree(hash, &TransactionStatus::Dropped, events);
        }
        while self.future.len() > self.limits.future {
            let worst = self.future.values().max_by_key(|entry| entry.sequence);
            let Some(hash) = worst.map(|entry| entry.transaction.hash) else { break };
            self.future.remove(&hash);
            events.push((hash, TransactionStatus::Dropped));
        }
    }

    /// Removes a transaction with all ready ones that need it.
    pub(super) fn remove_subtree(
        &mut self,
        root: Hash,
        status: &TransactionStatus,
        events: &mut Events,
    ) {
        let mut open = vec![root];
        while let Some(hash) = open.pop() {
            let Some(entry) = self.remove(hash) else { continue };
            let provides: HashSet<_> = entry.transaction.provides.iter().collect();
            let ready = self.ready.values();
            let needing = ready.filter(|other| other.requires.iter().any(|t| provides.contains(t)));
            open.extend(needing.map(|other| other.transaction.hash));
            events.push((hash, status.clone()));
        }
    }

    pub(super) fn remove(&mut self, hash: Hash) -> Option<Entry> {
        if let Some(entry) = self.ready.remove(&hash) {
            self.provided.retain(|_, provider| *provider != hash);
            return Some(entry);
        }
        self.future.remove(&hash)
    }
}
