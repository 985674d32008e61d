//! What goes into one extrinsic, as a plain value fed with jobs and time.
//!
//! Jobs that may share an extrinsic stand in one lane: calls of one signing account in the name
//! of one account. A batch is closed by the number of its calls, by their bytes, or by the age of
//! its first job. Messages come first. Of each sender one window of messages is in flight at a
//! time, the one with the lowest sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use subxt::utils::AccountId32;
use tokio::time::Instant;

use super::calls::SenderKey;

#[cfg(test)]
mod tests;

/// When a batch is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most calls of an extrinsic.
    pub max_calls: usize,
    /// Most bytes of all calls of an extrinsic, unless one job alone has more.
    pub max_bytes: usize,
    /// Longest wait of a job for others to share its extrinsic.
    pub max_age: Duration,
}

/// In whose name calls are made: another account's, or none but the signer's.
pub type Lane = Option<AccountId32>;

/// What the batcher must know of a job; `T` goes with it unread.
#[derive(Clone, Debug)]
pub struct Item<T> {
    /// In whose name its calls are made.
    pub lane: Lane,
    /// Whose messages it carries, and the first one's sequence.
    pub messages: Option<(SenderKey, u64)>,
    /// How many calls.
    pub calls: usize,
    /// Bytes of its calls.
    pub bytes: usize,
    /// The job.
    pub job: T,
}

/// Jobs for one extrinsic, in the order their calls are made.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// In whose name.
    pub lane: Lane,
    /// At least one.
    pub items: Vec<Item<T>>,
}

/// The jobs of one signing account that are not yet in an extrinsic.
#[derive(Debug)]
pub struct Batcher<T> {
    lanes: BTreeMap<LaneKey, BTreeMap<u64, Waiting<T>>>,
    senders: BTreeSet<SenderKey>,
    next: u64,
}

type LaneKey = Option<[u8; 32]>;

#[derive(Debug)]
struct Waiting<T> {
    since: Instant,
    item: Item<T>,
}

/// A job waiting this many times the longest wait of a batch goes before younger messages.
const OVERDUE: u32 = 4;

impl<T> Default for Batcher<T> {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), senders: BTreeSet::new(), next: 0 }
    }
}

impl<T> Batcher<T> {
    /// Adds a job.
    pub fn push(&mut self, item: Item<T>, now: Instant) {
        let lane = self.lanes.entry(item.lane.map(|account| account.0)).or_default();
        lane.insert(self.next, Waiting { since: now, item });
        self.next += 1;
    }

    /// How many jobs wait.
    pub fn len(&self) -> usize {
        self.lanes.values().map(BTreeMap::len).sum()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the job that waits longest came.
    pub fn oldest(&self) -> Option<Instant> {
        self.lanes.values().flat_map(BTreeMap::values).map(|waiting| waiting.since).min()
    }

    /// Closes a batch if one is due.
    pub fn take(&mut self, limits: &BatchLimits, now: Instant) -> Option<Batch<T>> {
        let due = self.lanes.iter().filter(|(_, lane)| self.is_due(lane, limits, now));
        let (key, lane) = due.min_by_key(|(_, lane)| self.first(lane))?;
        let (key, chosen) = (*key, self.choose(lane, limits, now));
        let lane = self.lanes.get_mut(&key)?;
        let items: Vec<_> =
            chosen.iter().filter_map(|id| lane.remove(id)).map(|waiting| waiting.item).collect();
        if lane.is_empty() {
            self.lanes.remove(&key);
        }
        self.senders.extend(items.iter().filter_map(sender).cloned());
        Some(Batch { lane: key.map(AccountId32), items })
    }

    /// When a batch will be due if nothing more happens.
    pub fn next_due(&self, limits: &BatchLimits) -> Option<Instant> {
        let ages = self.lanes.values().filter_map(|lane| self.first(lane));
        ages.min().map(|since| since + limits.max_age)
    }

    /// A window of these messages is in flight that this batcher did not send.
    pub fn fly(&mut self, messages: Option<&(SenderKey, u64)>) {
        self.senders.extend(messages.map(|(sender, _)| sender.clone()));
    }

    /// The job is no longer in flight: its sender's next window may go.
    pub fn landed(&mut self, messages: Option<&(SenderKey, u64)>) {
        if let Some((sender, _)) = messages {
            self.senders.remove(sender);
        }
    }

    /// Takes out every job, in no batch.
    pub fn drain(&mut self) -> Vec<Item<T>> {
        let lanes = std::mem::take(&mut self.lanes);
        lanes.into_values().flat_map(BTreeMap::into_values).map(|waiting| waiting.item).collect()
    }

    fn is_due(&self, lane: &BTreeMap<u64, Waiting<T>>, limits: &BatchLimits, now: Instant) -> bool {
        let (mut calls, mut bytes) = (0, 0);
        for (_, waiting) in self.ready(lane) {
            calls += waiting.item.calls;
            bytes += waiting.item.bytes;
            if now.duration_since(waiting.since) >= limits.max_age
                || calls >= limits.max_calls
                || bytes >= limits.max_bytes
            {
                return true;
            }
        }
        false
    }

    /// Since when the longest waiting job that could go waits.
    fn first(&self, lane: &BTreeMap<u64, Waiting<T>>) -> Option<Instant> {
        self.ready(lane).iter().map(|(_, waiting)| waiting.since).min()
    }

    /// The jobs that may go now: no messages of a sender in flight, and of each sender only the
    /// lowest sequence.
    fn ready<'a>(&self, lane: &'a BTreeMap<u64, Waiting<T>>) -> Vec<(u64, &'a Waiting<T>)> {
        let mut windows = BTreeMap::<&SenderKey, (u64, u64)>::new();
        for (id, waiting) in lane {
            if let Some((sender, sequence)) = &waiting.item.messages {
                let window = windows.entry(sender).or_insert((*sequence, *id));
                *window = (*window).min((*sequence, *id));
            }
        }
        let goes = |id: u64, item: &Item<T>| match sender(item) {
            None => true,
            Some(sender) => {
                !self.senders.contains(sender)
                    && windows.get(sender).is_some_and(|(_, first)| *first == id)
            }
        };
        lane.iter()
            .filter(|(id, waiting)| goes(**id, &waiting.item))
            .map(|(id, waiting)| (*id, waiting))
            .collect()
    }

    fn choose(
        &self,
        lane: &BTreeMap<u64, Waiting<T>>,
        limits: &BatchLimits,
        now: Instant,
    ) -> Vec<u64> {
        let mut ready = self.ready(lane);
        ready.sort_by_key(|(id, waiting)| {
            let overdue = now.duration_since(waiting.since) >= limits.max_age * OVERDUE;
            (!overdue, waiting.item.messages.is_none(), *id)
        });
        let (mut calls, mut bytes, mut chosen) = (0, 0, Vec::new());
        for (id, Waiting { item, .. }) in ready {
            let fits =
                calls + item.calls <= limits.max_calls && bytes + item.bytes <= limits.max_bytes;
            if fits || chosen.is_empty() {
                calls += item.calls;
                bytes += item.bytes;
                chosen.push(id);
            }
        }
        chosen
    }
}

fn sender<T>(item: &Item<T>) -> Option<&SenderKey> {
    item.messages.as_ref().map(|(sender, _)| sender)
}
