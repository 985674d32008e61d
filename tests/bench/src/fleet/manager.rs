//! The manager that is measured, and what it sends.

use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::BoxFuture;
use prb_core::blob::{PeerCandidates, WalkieBlobs};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint as Node};
use prb_core::lifecycle::{Lifecycle, LifecycleConfig, LifecycleHandle, LifecycleRpc};
use prb_core::pruntime::{Endpoint, HttpConfig, HttpTransport, Method, PruntimeError, Transport};
use prb_core::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey};
use prb_walkie::identity::Identity;
use prb_walkie::node::Walkie;
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker};
use prb_walkie::proto::{FullAccount, WalkieRoles, db};

use super::outside::Places;
use super::world::node;

/// The manager of all workers, fed by a data provider among its peers.
pub(super) struct Manager {
    pub(super) lifecycle: LifecycleHandle,
    pub(super) sent: Arc<Sent>,
    walkie: Walkie,
    providers: Arc<PeerCandidates>,
    _folder: tempfile::TempDir,
}

impl Manager {
    pub(super) async fn start(places: &Places) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let handlers = LifecycleRpc::default();
        let walkie = node(WalkieRoles::WrLifecycleManager, handlers.clone()).await?;
        walkie.dial(places.provider.parse()?).await?;
        let providers = Arc::new(PeerCandidates::start(walkie.clone()));
        let sent = Arc::new(Sent {
            http: HttpTransport::new(&HttpConfig::default())?,
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        let mut config = LifecycleConfig::new(folder.path());
        config.skip_attestation = true;
        // Nobody is there to send transactions.
        config.sync_only = true;
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random()))?;
        let lifecycle = Lifecycle::builder(config)
            .identity(Arc::new(Identity::generate()?))
            .chain(ChainClient::new(ChainClientConfig::new([Node::new(&places.para)])))
            .blobs(Arc::new(WalkieBlobs::new(walkie.clone(), providers.clone())))
            .queue(Arc::new(queue))
            .transport(sent.clone())
            .build()?
            .start()
            .await?;
        handlers.serve(lifecycle.clone());
        Ok(Self { lifecycle, sent, walkie, providers, _folder: folder })
    }

    /// Puts them all into one pool at once; gives their ids.
    pub(super) async fn add(&self, endpoint: &str, workers: u32) -> Result<Vec<String>> {
        let pool = db::Pool {
            pid: 1,
            name: "pool".into(),
            enabled: true,
            owner: Some(FullAccount { mnemonic: "//Alice".into(), ..FullAccount::default() }),
            ..db::Pool::default()
        };
        self.lifecycle.create_pools(CreatePool { pools: vec![pool] }).await?;
        let worker = |index: u32| db::Worker {
            pid: 1,
            name: format!("worker {index}"),
            endpoint: format!("{endpoint}/w/{index}"),
            enabled: true,
            sync_only: true,
            ..db::Worker::default()
        };
        let workers = (0..workers).map(worker).collect();
        self.lifecycle.create_workers(CreateWorker { workers }).await.context("not added")?;
        Ok(self.lifecycle.reports().iter().map(|report| report.uuid.to_string()).collect())
    }

    pub(super) async fn stop(&self) {
        // The figures are taken; what does not end in time is no news.
        let _ = self.lifecycle.shutdown().await;
        self.providers.shutdown().await;
        self.walkie.shutdown().await;
    }
}

/// Counts what goes to workers.
pub(super) struct Sent {
    http: HttpTransport,
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// Calls and bytes up to a moment.
pub(super) struct Amount {
    pub(super) calls: f64,
    pub(super) bytes: f64,
}

impl Sent {
    pub(super) fn now(&self) -> Amount {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        Amount { calls: read(&self.calls), bytes: read(&self.bytes) }
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { calls: self.calls - before.calls, bytes: self.bytes - before.bytes }
    }
}

impl Transport for Sent {
    fn call<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, PruntimeError>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        self.http.call(endpoint, method, body, deadline)
    }
}
