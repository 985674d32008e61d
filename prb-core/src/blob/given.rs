//! A source of made-up blobs for tests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_walkie::proto::data_provider::Info;
use tokio::sync::watch;

use super::{BlobError, BlobKey, BlobSource};

/// Serves what it is given.
#[derive(Default)]
pub(crate) struct Given {
    blobs: Mutex<HashMap<BlobKey, Bytes>>,
    changed: watch::Sender<()>,
    pub(crate) info: Mutex<Info>,
    pub(crate) broken: Mutex<Option<String>>,
    pub(crate) reported: Mutex<Vec<u32>>,
    pub(crate) gets: AtomicUsize,
    /// Every get takes so long.
    pub(crate) delay: Mutex<Duration>,
}

impl Given {
    pub(crate) fn put(&self, key: BlobKey, data: impl Into<Bytes>) {
        self.blobs.lock().unwrap().insert(key, data.into());
        self.changed.send_replace(());
    }

    fn now(&self, key: BlobKey) -> Result<Option<Bytes>, BlobError> {
        if let Some(reason) = self.broken.lock().unwrap().clone() {
            return Err(BlobError::Store { key, reason });
        }
        Ok(self.blobs.lock().unwrap().get(&key).cloned())
    }
}

impl BlobSource for Given {
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        async move {
            self.gets.fetch_add(1, SeqCst);
            let delay = *self.delay.lock().unwrap();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let mut changed = self.changed.subscribe();
            let waiting = async {
                loop {
                    changed.mark_unchanged();
                    match self.now(key) {
                        Ok(None) => changed.changed().await.unwrap(),
                        found => return found,
                    }
                }
            };
            if wait.is_zero() {
                return self.now(key);
            }
            tokio::time::timeout(wait, waiting).await.unwrap_or(Ok(None))
        }
        .boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        async { Ok(*self.info.lock().unwrap()) }.boxed()
    }

    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        async move {
            self.reported.lock().unwrap().push(number);
            Ok(())
        }
        .boxed()
    }
}
