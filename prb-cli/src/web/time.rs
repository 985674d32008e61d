//! Moments for people.

use std::time::{Duration, UNIX_EPOCH};

/// Unix milliseconds as date and time in UTC, to the second.
pub(crate) fn utc(milliseconds: u64) -> String {
    // The year 9999 is the last one that is written so.
    let at = UNIX_EPOCH + Duration::from_millis(milliseconds.min(253_402_300_799_000));
    let text = humantime::format_rfc3339_seconds(at).to_string();
    text.replace('T', " ").trim_end_matches('Z').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(utc(1_795_400_922_651), "2026-11-23 02:28:42");
        assert_eq!(utc(u64::MAX), "9999-12-31 23:59:59");
    }
}
