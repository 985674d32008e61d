//! How long the same thing took, time and again.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Longest durations of the classes; one more class holds what took longer.
const BOUNDS: [Duration; 11] = [
    Duration::from_micros(100),
    Duration::from_micros(300),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];
const CLASSES: usize = BOUNDS.len() + 1;

/// Durations by how long they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    counts: [u64; CLASSES],
    total: Duration,
}

impl Durations {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All together.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// For each class the longest duration in it, in seconds, and how many there were.
    pub fn classes(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        bounds.zip(self.counts)
    }
}

/// The same, counted by many at once.
#[derive(Debug, Default)]
pub struct DurationCounter {
    counts: [AtomicU64; CLASSES],
    nanoseconds: AtomicU64,
}

impl DurationCounter {
    /// Counts one.
    pub fn add(&self, took: Duration) {
        let class = BOUNDS.partition_point(|bound| *bound < took);
        self.counts[class].fetch_add(1, Relaxed);
        // They add up to 584 years at most.
        self.nanoseconds.fetch_add(took.as_nanos() as u64, Relaxed);
    }

    /// Those counted so far.
    pub fn read(&self) -> Durations {
        let counts = std::array::from_fn(|class| self.counts[class].load(Relaxed));
        Durations { counts, total: Duration::from_nanos(self.nanoseconds.load(Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_class_that_is_long_enough() {
        let counter = DurationCounter::default();
        let took = [0, 100, 101, 10_000_000, 10_000_001].map(Duration::from_micros);
        for took in took {
            counter.add(took);
        }
        let durations = counter.read();
        let filled: Vec<_> = durations.classes().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.0001, 2), (0.0003, 1), (10.0, 1), (f64::INFINITY, 1)]);
        assert_eq!(durations.count(), 5);
        assert_eq!(durations.total(), took.into_iter().sum());
    }
}
