//! The lifecycle manager with its pool and workers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use prb_core::blob::BlobSource;
use prb_core::chain::ChainClient;
use prb_core::lifecycle::{Lifecycle, LifecycleConfig, LifecycleHandle};
use prb_core::queue::JobQueue;
use prb_walkie::identity::Identity;
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker};
use prb_walkie::proto::{FullAccount, db};

use super::bridge::Options;
use super::workers::Worker;

/// A pool of the embedded network, and who owns it.
const POOL: u64 = 1;
const OWNER: &str = "//Alice";
/// What each worker computes with, in planck: 10,000 PHA.
const STAKE: u128 = 10_000_000_000_000_000;
/// How long calls to workers may go on when everything stops.
const STOP: Duration = Duration::from_millis(1500);

/// What a lifecycle manager stands on.
pub(super) struct Ground {
    pub(super) identity: Arc<Identity>,
    pub(super) chain: ChainClient,
    pub(super) blobs: Arc<dyn BlobSource>,
    pub(super) queue: Arc<dyn JobQueue>,
}

/// Starts a manager that has no workers yet.
pub(super) async fn start(options: &Options, ground: Ground) -> Result<LifecycleHandle> {
    let mut config = LifecycleConfig::new(options.folder.join("lifecycle"));
    // The doubles have no enclave, and the embedded network does not ask for one.
    config.skip_attestation = true;
    config.shutdown_timeout = STOP;
    let lifecycle = Lifecycle::builder(config)
        .identity(ground.identity)
        .chain(ground.chain)
        .blobs(ground.blobs)
        .queue(ground.queue)
        .build()?;
    lifecycle.start().await.context("the lifecycle manager does not start")
}

/// Gives it the pool and the workers.
pub(super) async fn add(lifecycle: &LifecycleHandle, workers: &[Worker]) -> Result<()> {
    let owner = FullAccount { mnemonic: OWNER.into(), ..FullAccount::default() };
    let pool = db::Pool {
        pid: POOL,
        name: "dev".into(),
        enabled: true,
        owner: Some(owner),
        ..db::Pool::default()
    };
    lifecycle
        .create_pools(CreatePool { pools: vec![pool] })
        .await
        .context("the pool cannot be added")?;
    let workers = workers.iter().map(|worker| db::Worker {
        pid: POOL,
        name: worker.name.clone(),
        endpoint: worker.double.endpoint(),
        enabled: true,
        stake: STAKE.to_string(),
        ..db::Worker::default()
    });
    lifecycle
        .create_workers(CreateWorker { workers: workers.collect() })
        .await
        .context("the workers cannot be added")?;
    Ok(())
}
