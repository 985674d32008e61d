//! A running data provider, as others hold it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_walkie::proto::data_provider::Info;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::serve::Server;
use super::status::{Progress, ProviderStatus};
use crate::blob::{Blob, BlobError, BlobKey, BlobSource};
use crate::store::{Store, StoreError};
use crate::telemetry::{Obstacle, Samples, Source};

/// A running data provider; clones are the same one. It runs until [`Self::shutdown`], whatever
/// becomes of its nodes.
#[derive(Clone)]
pub struct DataProviderHandle {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Arc<Store>,
    pub(super) server: Server,
    pub(super) progress: Arc<Progress>,
    pub(super) repairs: mpsc::Sender<u32>,
    pub(super) cancel: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) stall_after: Duration,
    pub(super) shutdown_timeout: Duration,
}

impl DataProviderHandle {
    /// How far it is and what keeps it.
    pub fn status(&self) -> ProviderStatus {
        self.inner.progress.subscribe().borrow().clone()
    }

    /// Status whenever it changes.
    pub fn subscribe(&self) -> watch::Receiver<ProviderStatus> {
        self.inner.progress.subscribe()
    }

    /// Says from now on that blobs are served over TCP at this port.
    pub fn announce_blob_server(&self, port: u16) {
        self.inner.progress.update(|info| info.blob_server_port = port.into());
    }

    /// Stops ingesting and serving, and writes down what is not yet durable. Gives up waiting
    /// after the configured time: what is stored stays whole.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        self.inner.cancel.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(self.inner.shutdown_timeout, self.inner.tasks.wait()).await.is_err()
        {
            tracing::warn!(after = ?self.inner.shutdown_timeout, "did not stop in time");
        }
        self.inner.store.flush().await
    }

    /// Returns when it has stopped.
    pub async fn wait(&self) {
        self.inner.cancel.cancelled().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl BlobSource for DataProviderHandle {
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        async move { Ok(self.inner.server.get(key, wait).await?.map(|blob| blob.data)) }.boxed()
    }

    fn get_blob(
        &self,
        key: BlobKey,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Option<Blob>, BlobError>> {
        self.inner.server.get(key, wait).boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        async { Ok(self.status().info) }.boxed()
    }

    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        async move {
            // When the queue is full enough others are being fetched anew; the worker will ask
            // again and its manager report again.
            if self.inner.repairs.try_send(number).is_err() {
                tracing::debug!(number, "too many bad blocks reported at once");
            }
            Ok(())
        }
        .boxed()
    }
}

impl Source for DataProviderHandle {
    fn measure(&self, samples: &mut Samples) {
        self.status().measure(SystemTime::now(), samples);
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        self.status().obstacles(SystemTime::now(), self.inner.stall_after)
    }
}

impl std::fmt::Debug for DataProviderHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataProviderHandle").field("status", &self.status()).finish()
    }
}
