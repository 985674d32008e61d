//! Memory and CPU of this process, as Linux counts them.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result};

/// Ticks per second in `/proc/self/stat`, the same on every architecture that Linux runs on.
const TICKS: f64 = 100.0;

/// Memory held now, MiB.
pub(super) fn resident_mb() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// CPU time used up to a moment.
pub(super) struct Usage {
    seconds: f64,
    at: Instant,
}

impl Usage {
    pub(super) fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        // The name of the program, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(") ").context("no fields in stat")?;
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().unwrap_or(0.0))
            .sum();
        Ok(Self { seconds: ticks / TICKS, at: Instant::now() })
    }

    /// Seconds of CPU since the process began.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Cores busy on average between the two.
    pub(super) fn cores_since(&self, before: &Self) -> f64 {
        (self.seconds - before.seconds) / self.at.duration_since(before.at).as_secs_f64()
    }
}
