//! Blobs as a manager gets them, with the time it takes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_core::blob::client::BlobClient;
use prb_core::blob::{BlobError, BlobKey, BlobSource};
use prb_walkie::proto::data_provider::Info;

pub(super) struct Metered {
    client: BlobClient,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    longest: Duration,
    failures: Vec<String>,
}

impl Metered {
    pub(super) fn new(client: BlobClient) -> Self {
        Self { client, seen: Mutex::default() }
    }

    /// From now on; failures are kept.
    pub(super) fn begin(&self) {
        self.seen().longest = Duration::ZERO;
    }

    /// The longest get, whatever it waited for.
    pub(super) fn longest(&self) -> Duration {
        self.seen().longest
    }

    pub(super) fn failures(&self) -> Vec<String> {
        self.seen().failures.clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobSource for Metered {
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        async move {
            let began = Instant::now();
            let found = self.client.get(key, wait).await;
            let mut seen = self.seen();
            seen.longest = seen.longest.max(began.elapsed());
            if let Err(error) = &found {
                seen.failures.push(format!("{key}: {error}"));
            }
            found
        }
        .boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        self.client.info()
    }

    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        self.client.report_bad_block(number)
    }

    fn distrust(&self, key: BlobKey, reason: &str) {
        self.client.distrust(key, reason);
    }
}
