//! A blob server's status as figures.

use super::{BlobServerHandle, BlobServerStatus};
use crate::telemetry::catalogue::{
    BLOB_ANSWERS, BLOB_BYTES, BLOB_CONNECTIONS, BLOB_CONNECTIONS_CUT, BLOB_EMPTY_ANSWERS,
    BLOB_SERVE_TIME, BLOB_UNSENT_BYTES,
};
use crate::telemetry::{Samples, Source};

impl Source for BlobServerHandle {
    fn measure(&self, samples: &mut Samples) {
        let BlobServerStatus {
            connections,
            unsent_bytes,
            answers,
            bytes,
            missing,
            failed,
            turned_away,
            too_slow,
            hostile,
            serve_time,
        } = self.status();
        samples.put(&BLOB_BYTES, [], bytes as f64);
        samples.put(&BLOB_CONNECTIONS, [], connections as f64);
        samples.put(&BLOB_UNSENT_BYTES, [], unsent_bytes as f64);
        samples.put_durations(&BLOB_SERVE_TIME, [], serve_time);
        samples.put(&BLOB_ANSWERS, [], answers as f64);
        for (reason, count) in [("missing", missing), ("failed", failed)] {
            samples.put(&BLOB_EMPTY_ANSWERS, [reason], count as f64);
        }
        for (reason, count) in
            [("too_many", turned_away), ("too_slow", too_slow), ("hostile", hostile)]
        {
            samples.put(&BLOB_CONNECTIONS_CUT, [reason], count as f64);
        }
    }
}
