//! Which leases a manager has, as a value fed with answers and time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::queue::WorkerKey;
use crate::queue::lease::LeaseState;

/// How long a lease lasts.
pub(crate) const TTL: Duration = Duration::from_secs(15);

/// So much earlier a manager stops to use a lease: what it begins then has to reach the queue.
const MARGIN: u64 = 3_000;

/// Milliseconds of any clock that does not go back.
type Millis = u64;

/// The leases of a manager.
#[derive(Debug, Default)]
pub(super) struct Book {
    wanted: BTreeMap<WorkerKey, Lease>,
    given_back: BTreeSet<WorkerKey>,
    /// Why no lease can be asked for at the moment.
    trouble: Option<String>,
}

/// One lease, as far as it is known.
#[derive(Debug, Default)]
struct Lease {
    /// Held until then.
    until: Option<Millis>,
    /// What was last said of it.
    state: Option<LeaseState>,
}

impl Lease {
    fn is_held(&self, now: Millis) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

impl Book {
    pub(super) fn want(&mut self, key: WorkerKey) {
        self.given_back.remove(&key);
        self.wanted.entry(key).or_default();
    }

    pub(super) fn give_back(&mut self, key: WorkerKey) {
        if self.wanted.remove(&key).is_some() {
            self.given_back.insert(key);
        }
    }

    /// All that is wanted, with whether it is held; and what is given back.
    pub(super) fn due(&self, now: Millis) -> (Vec<(WorkerKey, bool)>, Vec<WorkerKey>) {
        let wanted = self.wanted.iter().map(|(key, lease)| (*key, lease.is_held(now)));
        (wanted.collect(), self.given_back.iter().copied().collect())
    }

    /// What came of the keys that were asked for at `asked`.
    pub(super) fn answered(
        &mut self,
        keys: impl IntoIterator<Item = WorkerKey>,
        states: Vec<LeaseState>,
        given_back: &[WorkerKey],
        asked: Millis,
    ) {
        self.trouble = None;
        for key in given_back {
            self.given_back.remove(key);
        }
        for (key, state) in keys.into_iter().zip(states) {
            // One that was given back meanwhile is among those to give back.
            let Some(lease) = self.wanted.get_mut(&key) else { continue };
            let ends = asked + TTL.as_millis() as Millis - MARGIN;
            lease.until = (state == LeaseState::Held).then_some(ends);
            lease.state = Some(state);
        }
    }

    /// Nothing can be asked for: leases last as long as they last.
    pub(super) fn failed(&mut self, reason: String) {
        self.trouble = Some(reason);
    }

    /// A manager of another identity is there: nothing may be sent any more.
    pub(super) fn refused(&mut self, reason: String) {
        self.wanted.values_mut().for_each(|lease| *lease = Lease::default());
        self.trouble = Some(reason);
    }

    pub(super) fn check(&self, key: &WorkerKey, now: Millis) -> Result<(), String> {
        let lease = self.wanted.get(key);
        if lease.is_some_and(|lease| lease.is_held(now)) {
            return Ok(());
        }
        Err(match (&self.trouble, lease.and_then(|lease| lease.state.as_ref())) {
            (Some(trouble), _) => format!("no lease for the worker's key: {trouble}"),
            (None, Some(LeaseState::Other(name))) => {
                format!("manager {name} has the lease for the worker's key")
            }
            (None, Some(LeaseState::Unsettled)) => format!(
                "another manager may have the lease for the worker's key for up to {} s",
                TTL.as_secs()
            ),
            (None, _) => "the lease for the worker's key is asked for".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: WorkerKey = [1; 32];

    fn held(book: &mut Book, asked: Millis) {
        book.answered([KEY], vec![LeaseState::Held], &[], asked);
    }

    #[test]
    fn a_lease_counts_from_when_it_was_asked_for_and_ends_early() {
        let mut book = Book::default();
        assert!(book.check(&KEY, 0).is_err());
        book.want(KEY);
        assert!(book.check(&KEY, 0).unwrap_err().contains("is asked for"));
        held(&mut book, 1_000);
        assert_eq!((book.check(&KEY, 1_000), book.check(&KEY, 12_999)), (Ok(()), Ok(())));
        assert!(book.check(&KEY, 13_000).is_err());
        assert_eq!(book.due(12_999).0, [(KEY, true)]);
        assert_eq!(book.due(13_000).0, [(KEY, false)], "it is not taken for its own any more");
    }

    #[test]
    fn while_nobody_can_be_asked_it_lasts_and_then_nothing_is_sent() {
        let mut book = Book::default();
        book.want(KEY);
        held(&mut book, 0);
        book.failed("Redis is away".to_owned());
        assert_eq!(book.check(&KEY, 11_000), Ok(()));
        assert!(book.check(&KEY, 12_000).unwrap_err().contains("Redis is away"));
        held(&mut book, 20_000);
        assert_eq!(book.check(&KEY, 20_000), Ok(()));
        book.refused("another identity".to_owned());
        assert!(book.check(&KEY, 20_001).unwrap_err().contains("another identity"));
    }

    #[test]
    fn who_has_it_is_told_and_what_is_given_back_is_asked_for_no_more() {
        let mut book = Book::default();
        book.want(KEY);
        book.answered([KEY], vec![LeaseState::Other("b".to_owned())], &[], 0);
        assert!(book.check(&KEY, 0).unwrap_err().contains("manager b has"));
        book.answered([KEY], vec![LeaseState::Unsettled], &[], 0);
        assert!(book.check(&KEY, 0).unwrap_err().contains("may have"));
        book.give_back(KEY);
        assert_eq!(book.due(0), (vec![], vec![KEY]));
        // An answer that is late.
        held(&mut book, 0);
        assert!(book.check(&KEY, 0).is_err());
        book.answered([], vec![], &[KEY], 0);
        assert_eq!(book.due(0), (vec![], vec![]));
    }
}
