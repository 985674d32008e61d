//! Memory and CPU of processes, as Linux counts them.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result};

/// Ticks per second in `/proc/self/stat`, the same on every architecture that Linux runs on.
const TICKS: f64 = 100.0;

/// Memory this process holds now, MiB.
pub(crate) fn resident_mb() -> Result<f64> {
    resident_mb_of(std::process::id())
}

/// Memory a process holds now, MiB.
pub(crate) fn resident_mb_of(process: u32) -> Result<f64> {
    status_mb(process, "VmRSS:")
}

/// The most memory this process held since its start or since [`forget_peak`], MiB.
pub(crate) fn peak_mb() -> Result<f64> {
    peak_mb_of(std::process::id())
}

/// The most memory a process held so far, MiB.
pub(crate) fn peak_mb_of(process: u32) -> Result<f64> {
    status_mb(process, "VmHWM:")
}

/// Begins to look for the most memory anew.
pub(crate) fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

fn status_mb(process: u32, name: &'static str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()).context(name)?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// CPU time used up to a moment.
pub(crate) struct Usage {
    seconds: f64,
    at: Instant,
}

impl Usage {
    pub(crate) fn now() -> Result<Self> {
        Self::of(std::process::id())
    }

    /// Of another process.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
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

    /// CPU seconds between the two.
    pub(crate) fn seconds_since(&self, before: &Self) -> f64 {
        self.seconds - before.seconds
    }

    /// Seconds of CPU since the process began.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Cores busy on average between the two.
    pub(crate) fn cores_since(&self, before: &Self) -> f64 {
        self.seconds_since(before) / self.at.duration_since(before.at).as_secs_f64()
    }
}
