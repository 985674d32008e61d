//! What a blob server did.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::telemetry::{DurationCounter, Durations};

/// What a blob server did since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobServerStatus {
    /// Connections now.
    pub connections: u64,
    /// Bytes of answers not yet taken, now.
    pub unsent_bytes: u64,
    /// Answers sent.
    pub answers: u64,
    /// Bytes of blobs in them.
    pub bytes: u64,
    /// Answers that there is nothing.
    pub missing: u64,
    /// Answers that the source failed.
    pub failed: u64,
    /// Connections closed at once, as there were too many.
    pub turned_away: u64,
    /// Connections cut because they did not take their answers.
    pub too_slow: u64,
    /// Connections cut because what they sent is no request.
    pub hostile: u64,
    /// From the turn of a get on its connection to its answer, ready to be sent; without those that
    /// waited for what did not exist.
    pub serve_time: Durations,
}

/// The same, counted.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicU64,
    pub(super) answers: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) missing: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) too_slow: AtomicU64,
    pub(super) hostile: AtomicU64,
    pub(super) serve_time: DurationCounter,
}

impl Counters {
    pub(super) fn read(&self, unsent_bytes: u64) -> BlobServerStatus {
        BlobServerStatus {
            connections: self.connections.load(Relaxed),
            unsent_bytes,
            answers: self.answers.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            missing: self.missing.load(Relaxed),
            failed: self.failed.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            too_slow: self.too_slow.load(Relaxed),
            hostile: self.hostile.load(Relaxed),
            serve_time: self.serve_time.read(),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
