//! The managers that are measured, and what they send.

use std::ops::{Range, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::BoxFuture;
use prb_core::blob::{PeerCandidates, WalkieBlobs};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint as Node};
use prb_core::lifecycle::{
    Lifecycle, LifecycleConfig, LifecycleHandle, LifecycleRpc, WorkerReport,
};
use prb_core::pruntime::{Endpoint, HttpConfig, HttpTransport, Method, PruntimeError, Transport};
use prb_core::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey, RedisQueue, RedisQueueConfig};
use prb_walkie::identity::Identity;
use prb_walkie::node::Walkie;
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker};
use prb_walkie::proto::{FullAccount, WalkieRoles, db};
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::outside::Places;
use super::world::node;
use crate::queue::Server;
use crate::rounded;

/// How long Redis is looked at.
const LOOK_AT_REDIS: Duration = Duration::from_secs(10);

/// All managers of one identity.
pub(super) struct Managers {
    all: Vec<Manager>,
    /// What all of them send.
    pub(super) sent: Arc<Sent>,
    redis: Option<Server>,
}

impl Managers {
    /// One with a queue of its own, or several on one Redis.
    pub(super) async fn start(places: &Places, managers: u32) -> Result<Self> {
        let sent = Arc::new(Sent {
            http: HttpTransport::new(&HttpConfig::default())?,
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        let redis = if managers > 1 { Some(Server::start().await?) } else { None };
        let (identity, key) = (Arc::new(Identity::generate()?), JobKey::random());
        let mut all = Vec::new();
        for number in 0..managers {
            let shared = redis.as_ref().map(|server| (server, key.clone(), number));
            all.push(Manager::start(places, &sent, &identity, shared).await?);
        }
        Ok(Self { all, sent, redis })
    }

    pub(super) fn lifecycles(&self) -> impl Iterator<Item = &LifecycleHandle> {
        self.all.iter().map(|manager| &manager.lifecycle)
    }

    pub(super) fn reports(&self) -> impl Iterator<Item = Arc<WorkerReport>> {
        self.lifecycles().flat_map(LifecycleHandle::reports)
    }

    /// Gives each of them these of so many workers of its own; the ids of all it has now, by
    /// manager.
    pub(super) async fn add(
        &self,
        endpoint: &str,
        workers: u32,
        these: Range<u32>,
    ) -> Result<Vec<Vec<String>>> {
        let mut ids = Vec::new();
        for (manager, first) in self.all.iter().zip((0..).step_by(workers as usize)) {
            let these = first + these.start..first + these.end;
            ids.push(manager.add(endpoint, these).await?);
        }
        Ok(ids)
    }

    /// What leases cost, where they are shared.
    pub(super) async fn leases(&self, figures: &mut Map<String, Value>) -> Result<()> {
        let Some(redis) = &self.redis else { return Ok(()) };
        let (used, started) = (redis.cpu_seconds()?, Instant::now());
        sleep(LOOK_AT_REDIS).await;
        let cores = (redis.cpu_seconds()? - used) / started.elapsed().as_secs_f64();
        figures.insert("redis_cpu".into(), rounded(cores));
        figures.insert("leases".into(), redis.keys("bq:prbmq__main:prb:lease:*").await?.into());
        let memory = redis.used_memory().await? as f64 / 1e6;
        figures.insert("redis_memory_mb".into(), rounded(memory));
        Ok(())
    }

    pub(super) async fn stop(&self) {
        for manager in &self.all {
            manager.stop().await;
        }
    }
}

/// A manager, fed by a data provider among its peers.
struct Manager {
    lifecycle: LifecycleHandle,
    walkie: Walkie,
    providers: Arc<PeerCandidates>,
    _folder: tempfile::TempDir,
}

impl Manager {
    async fn start(
        places: &Places,
        sent: &Arc<Sent>,
        identity: &Arc<Identity>,
        shared: Option<(&Server, JobKey, u32)>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let handlers = LifecycleRpc::default();
        let walkie = node(WalkieRoles::WrLifecycleManager, handlers.clone()).await?;
        walkie.dial(places.provider.parse()?).await?;
        let providers = Arc::new(PeerCandidates::start(walkie.clone()));
        let mut config = LifecycleConfig::new(folder.path());
        config.skip_attestation = true;
        // Nobody is there to send transactions.
        config.sync_only = shared.is_none();
        let lifecycle = Lifecycle::builder(config)
            .identity(identity.clone())
            .chain(ChainClient::new(ChainClientConfig::new([Node::new(&places.para)])))
            .blobs(Arc::new(WalkieBlobs::new(walkie.clone(), providers.clone())))
            .transport(sent.clone());
        let lifecycle = match shared {
            None => {
                let config = EmbeddedQueueConfig::in_memory(JobKey::random());
                lifecycle.queue(Arc::new(EmbeddedQueue::open(config)?))
            }
            Some((server, key, number)) => {
                let config = RedisQueueConfig::new(server.url(), key);
                let queue = Arc::new(RedisQueue::open(config)?);
                lifecycle.queue(queue.clone()).leases(queue, format!("manager {number}"))
            }
        };
        let lifecycle = lifecycle.build()?.start().await?;
        handlers.serve(lifecycle.clone());
        let pool = db::Pool {
            pid: 1,
            name: "pool".into(),
            enabled: true,
            owner: Some(FullAccount { mnemonic: "//Alice".into(), ..FullAccount::default() }),
            ..db::Pool::default()
        };
        lifecycle.create_pools(CreatePool { pools: vec![pool] }).await?;
        Ok(Self { lifecycle, walkie, providers, _folder: folder })
    }

    /// Puts them into the pool at once; gives the ids of all that are in it now.
    async fn add(&self, endpoint: &str, workers: Range<u32>) -> Result<Vec<String>> {
        let worker = |index: u32| db::Worker {
            pid: 1,
            name: format!("worker {index}"),
            endpoint: format!("{endpoint}/w/{index}"),
            enabled: true,
            stake: "1".into(),
            ..db::Worker::default()
        };
        let workers = workers.map(worker).collect();
        self.lifecycle.create_workers(CreateWorker { workers }).await.context("not added")?;
        Ok(self.lifecycle.reports().iter().map(|report| report.uuid.to_string()).collect())
    }

    async fn stop(&self) {
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
