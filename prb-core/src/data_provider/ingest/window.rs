//! How many requests to keep in flight.

/// With so many messages in flight all cores of a node are busy.
const MESSAGES: usize = 8;
/// Requests in one message,
const TOGETHER: usize = 32;
/// and bytes of what they are likely to bring: nodes refuse to answer 15 MB of JSON, twice as much
/// as it stands for.
const MESSAGE_BYTES: usize = 2 * 1024 * 1024;

/// A window that grows while answers come, fast until one does not, and halves then; bounded also
/// by the bytes the answers are likely to have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    limit: f64,
    /// Nothing has failed yet: it doubles with every round of answers.
    starting: bool,
    max: usize,
    max_bytes: usize,
    average_bytes: f64,
}

impl Window {
    /// At most `max` requests and `max_bytes` of answers at once.
    pub(super) fn new(max: usize, max_bytes: usize) -> Self {
        Self { limit: 4.0, starting: true, max: max.max(1), max_bytes, average_bytes: 0.0 }
    }

    /// Requests that may be in flight.
    pub(super) fn limit(&self) -> usize {
        (self.limit as usize).min(self.answers_of(self.max_bytes)).clamp(1, self.max)
    }

    /// So many answers are likely to have so many bytes.
    fn answers_of(&self, bytes: usize) -> usize {
        (bytes as f64 / self.average_bytes.max(1.0)) as usize
    }

    /// Requests to put into one message, which the node answers one after the other: none wait for
    /// another as long as few are in flight, or answers are large.
    pub(super) fn together(&self) -> usize {
        (self.limit() / MESSAGES).min(self.answers_of(MESSAGE_BYTES)).clamp(1, TOGETHER)
    }

    /// An answer of `bytes` came.
    pub(super) fn answered(&mut self, bytes: usize) {
        // Later one more per full round of answers.
        let more = if self.starting { 1.0 } else { 1.0 / self.limit };
        self.limit = (self.limit + more).min(self.max as f64);
        self.average_bytes += (bytes as f64 - self.average_bytes) / 16.0;
    }

    /// No answer came in time, or the node was overwhelmed.
    pub(super) fn failed(&mut self) {
        self.starting = false;
        self.limit = (self.limit / 2.0).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grows_fast_to_its_bound_halves_on_failure_and_grows_slowly_then() {
        let mut window = Window::new(64, 1 << 30);
        assert_eq!((window.limit(), window.together()), (4, 1));
        (0..60).for_each(|_| window.answered(1000));
        assert_eq!((window.limit(), window.together()), (64, 8));
        window.failed();
        assert_eq!((window.limit(), window.together()), (32, 4));
        (0..33).for_each(|_| window.answered(1000));
        assert_eq!(window.limit(), 33);
        (0..10).for_each(|_| window.failed());
        assert_eq!(window.limit(), 1);
    }

    #[test]
    fn large_answers_make_it_small_and_come_alone() {
        let mut window = Window::new(256, 64 << 20);
        (0..2000).for_each(|_| window.answered(200 << 10));
        assert_eq!((window.limit(), window.together()), (256, 10));
        (0..2000).for_each(|_| window.answered(2 << 20));
        assert_eq!((window.limit(), window.together()), (32, 1));
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(events in prop::collection::vec(prop::option::of(0_usize..1 << 24), 0..300)) {
            let mut window = Window::new(48, 16 << 20);
            for event in events {
                match event {
                    Some(bytes) => window.answered(bytes),
                    None => window.failed(),
                }
                prop_assert!((1..=48).contains(&window.limit()));
            }
        }
    }
}
