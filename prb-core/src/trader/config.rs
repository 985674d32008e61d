//! A trader's settings.

use std::time::Duration;

use super::batch::BatchLimits;
use super::era;

/// A trader's settings.
#[derive(Clone, Debug)]
pub struct TraderConfig {
    /// Most calls in one extrinsic.
    pub max_batch_calls: usize,
    /// Most bytes of the calls in one extrinsic. A block takes no more than the chain allows,
    /// whatever stands here.
    pub max_batch_bytes: usize,
    /// Longest wait of a job for others to share its extrinsic: the chain's block time.
    pub max_batch_age: Duration,
    /// For how many blocks a signature holds, a power of two between 16 and 1024.
    pub era_blocks: u32,
    /// Planck for the block's author with each extrinsic.
    pub tip: u128,
    /// Most extrinsics of one account that are sent and not final.
    pub max_in_flight: usize,
    /// Most jobs of one account that are taken from the queue and not ended.
    pub max_active_jobs: usize,
    /// Most tries of a job whose extrinsic came to no block.
    pub max_attempts: u32,
    /// Wait before such a job is tried again; doubles each time.
    pub retry_after: Duration,
    /// Balance of a signing account, in planck, below which it is reported as low.
    pub low_balance: u128,
}

impl Default for TraderConfig {
    fn default() -> Self {
        Self {
            max_batch_calls: 100,
            max_batch_bytes: 1 << 20,
            max_batch_age: Duration::from_secs(12),
            era_blocks: 64,
            tip: 0,
            max_in_flight: 8,
            max_active_jobs: 1_000,
            max_attempts: 3,
            retry_after: Duration::from_secs(12),
            low_balance: 1_000_000_000_000,
        }
    }
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trader's {setting} is {value}, it must be {must}")]
pub struct TraderConfigError {
    /// Which one.
    pub setting: &'static str,
    /// What it is set to.
    pub value: String,
    /// What it may be.
    pub must: &'static str,
}

impl TraderConfig {
    pub(super) fn check(&self) -> Result<(), TraderConfigError> {
        let positive = [
            ("max_batch_calls", self.max_batch_calls),
            ("max_batch_bytes", self.max_batch_bytes),
            ("max_in_flight", self.max_in_flight),
            ("max_active_jobs", self.max_active_jobs),
            ("max_attempts", self.max_attempts as usize),
        ];
        for (setting, value) in positive {
            if value == 0 {
                return Err(TraderConfigError { setting, value: "0".into(), must: "at least 1" });
            }
        }
        if !era::PERIODS.contains(&self.era_blocks) || !self.era_blocks.is_power_of_two() {
            return Err(TraderConfigError {
                setting: "era_blocks",
                value: self.era_blocks.to_string(),
                must: "a power of two between 16 and 1024",
            });
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> BatchLimits {
        BatchLimits {
            max_calls: self.max_batch_calls,
            max_bytes: self.max_batch_bytes,
            max_age: self.max_batch_age,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_and_nonsense_is_named() {
        assert_eq!(TraderConfig::default().check(), Ok(()));
        let error = TraderConfig { era_blocks: 4, ..TraderConfig::default() }.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the trader's era_blocks is 4, it must be a power of two between 16 and 1024"
        );
        assert!(TraderConfig { max_in_flight: 0, ..TraderConfig::default() }.check().is_err());
    }
}
