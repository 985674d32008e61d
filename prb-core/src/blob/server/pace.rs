//! Who takes answers too slowly.

use std::time::Duration;

use tokio::time::Instant;

/// Slower than this is not a reader.
const BYTES_PER_SECOND: f64 = 65_536.0;

/// How fast a connection takes what is there for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    since: Instant,
    taken: u64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, taken: 0 }
    }

    /// Looks at the connection again: `taken` bytes since its beginning, and whether something is
    /// `left`. Whether it was too slow over `patience`.
    pub(super) fn is_too_slow(
        &mut self,
        now: Instant,
        taken: u64,
        left: bool,
        patience: Duration,
    ) -> bool {
        let over = now.saturating_duration_since(self.since);
        if left && over < patience {
            return false;
        }
        let bytes = taken.saturating_sub(self.taken) as f64;
        *self = Self { since: now, taken };
        left && bytes < BYTES_PER_SECOND * over.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Looks every second at a reader of so many bytes a second; when it is cut.
    fn cut_after(rate: u64, seconds: u64) -> Option<u64> {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (1..=seconds).find(|second| {
            let now = start + Duration::from_secs(*second);
            pace.is_too_slow(now, rate * second, true, PATIENCE)
        })
    }

    #[test]
    fn who_takes_nothing_or_a_trickle_is_cut_after_the_patience() {
        assert_eq!(cut_after(0, 100), Some(10));
        assert_eq!(cut_after(1_000, 100), Some(10));
        assert_eq!(cut_after(100_000, 1_000), None);
    }

    #[test]
    fn time_with_nothing_to_take_does_not_count() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 1..100 {
            assert!(!pace.is_too_slow(at(second), 0, false, PATIENCE));
        }
        assert!(!pace.is_too_slow(at(105), 0, true, PATIENCE));
        assert!(pace.is_too_slow(at(109), 0, true, PATIENCE));
    }
}
