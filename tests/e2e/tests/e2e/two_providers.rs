//! A manager with many workers and two data providers, of which one is lost while they sync.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is not as expected fails the test"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prb_core::blob::client::{BlobClient, BlobClientConfig, BlobEndpoint};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::lifecycle::{Lifecycle, LifecycleConfig, LifecycleHandle, Phase, WorkerChange};
use prb_core::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prb_walkie::identity::Identity;
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker};
use prb_walkie::proto::{FullAccount, db};
use tokio::sync::watch;
use uuid::Uuid;

use self::metered::Metered;
use self::provider::Provider;

mod metered;
mod provider;

/// Of everything that is waited for: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(3);
/// A get fails that takes longer than this beside what it waits for the tip. No get failing is
/// what says that nobody waited longer.
const LONGEST_GET: Duration = Duration::from_secs(5);
/// Those that verify everything; a debug build has no time for more.
const VERIFYING: u32 = 1;
const LIGHT: u32 = 24;

async fn network() -> NetworkHandle {
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(200),
        session_blocks: 50,
        history: 1_000,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    Network::builder(config).build().unwrap().start().await.unwrap()
}

async fn doubles() -> Vec<DoubleHandle> {
    let light = DoubleConfig { light: true, workers: LIGHT, ..DoubleConfig::default() };
    let verifying = DoubleConfig { workers: VERIFYING, ..DoubleConfig::default() };
    let mut doubles = Vec::new();
    for config in [light, verifying] {
        doubles.push(Double::builder(config).build().unwrap().start().await.unwrap());
    }
    doubles
}

async fn lifecycle(
    network: &NetworkHandle,
    folder: &std::path::Path,
    blobs: Arc<Metered>,
) -> LifecycleHandle {
    let chain = ChainClient::new(ChainClientConfig::new([Endpoint::new(&network.para_url())]));
    let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
    let mut config = LifecycleConfig::new(folder);
    config.skip_attestation = true;
    let lifecycle = Lifecycle::builder(config)
        .identity(Arc::new(Identity::generate().unwrap()))
        .chain(chain)
        .blobs(blobs)
        .queue(Arc::new(queue))
        .build()
        .unwrap()
        .start()
        .await
        .unwrap();
    let pool = db::Pool {
        pid: 1,
        name: "pool".to_owned(),
        enabled: true,
        owner: Some(FullAccount { mnemonic: "//Alice".to_owned(), ..FullAccount::default() }),
        ..db::Pool::default()
    };
    lifecycle.create_pools(CreatePool { pools: vec![pool] }).await.unwrap();
    lifecycle
}

async fn add_workers(lifecycle: &LifecycleHandle, doubles: &[DoubleHandle]) {
    let of = |double: &DoubleHandle, kind: &str, count: u32| -> Vec<_> {
        let worker = |n: u32| db::Worker {
            name: format!("{kind}-{n}"),
            endpoint: format!("{}/w/{n}", double.endpoint()),
            pid: 1,
            enabled: true,
            sync_only: true,
            ..db::Worker::default()
        };
        (0..count).map(worker).collect()
    };
    let mut workers = of(&doubles[0], "light", LIGHT);
    workers.extend(of(&doubles[1], "verifying", VERIFYING));
    lifecycle.create_workers(CreateWorker { workers }).await.unwrap();
}

/// The last block of each worker, and when it got there.
type Stands = HashMap<Uuid, (u32, Instant)>;

/// Follows all workers until each has executed block `until`; none may fail. The longest time that
/// one of them stood still.
async fn follow(lifecycle: &LifecycleHandle, until: impl Fn() -> u32) -> Duration {
    let began = Instant::now();
    let (mut stands, mut longest) = (Stands::new(), Duration::ZERO);
    let following = async {
        loop {
            for report in lifecycle.reports() {
                assert_ne!(report.phase, Phase::Failing, "{report:?}");
                let block = report.para_block.unwrap_or(0);
                let stand = stands.entry(report.uuid).or_insert((block, began));
                if block > stand.0 {
                    longest = longest.max(stand.1.elapsed());
                    *stand = (block, Instant::now());
                }
            }
            if stands.values().all(|(block, _)| *block >= until()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let followed = tokio::time::timeout(PATIENCE, following).await;
    assert!(followed.is_ok(), "stuck: {:#?}", lifecycle.reports());
    longest
}

/// Fails if any worker says that something failed, however briefly.
fn watch_for_failures(lifecycle: &LifecycleHandle) -> tokio::task::JoinHandle<()> {
    let mut changes = lifecycle.subscribe();
    tokio::spawn(async move {
        while let Ok(change) = changes.recv().await {
            if let WorkerChange::Updated(report) = change {
                assert_ne!(report.phase, Phase::Failing, "{report:?}");
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_worker_fails_when_one_of_two_providers_is_killed_or_falls_silent() {
    let network = network().await;
    let (mut one, mut two) = tokio::join!(Provider::start(&network), Provider::start(&network));
    let endpoints = |them: [&Provider; 2]| them.map(Provider::endpoint).to_vec();
    let (candidates, receiver) = watch::channel::<Vec<BlobEndpoint>>(endpoints([&one, &two]));
    let mut config = BlobClientConfig::default();
    config.request_timeout = LONGEST_GET;
    let client = BlobClient::builder(config, receiver).start();
    let heights = *network.heights().borrow();
    let has_all = |client: &BlobClient| {
        let mut health = client.subscribe();
        async move {
            let reached = health.wait_for(|them| {
                them.len() == 2
                    && them.iter().all(|it| it.para_height >= Some(heights.para_finalized))
            });
            let reached = tokio::time::timeout(PATIENCE, reached).await.map(|it| it.map(drop));
            reached.expect("in time").unwrap();
        }
    };
    has_all(&client).await;

    let blobs = Arc::new(Metered::new(client.clone()));
    let folder = tempfile::tempdir().unwrap();
    let doubles = doubles().await;
    let lifecycle = lifecycle(&network, folder.path(), blobs.clone()).await;
    let failures = watch_for_failures(&lifecycle);
    add_workers(&lifecycle, &doubles).await;

    // In the middle of the history, whoever serves more of it is killed.
    let behind = follow(&lifecycle, || heights.para_finalized / 5).await;
    let served = |name: &str| {
        client.status().into_iter().find(|it| it.name == name).map_or(0, |it| it.blobs)
    };
    if served(&one.name) < served(&two.name) {
        std::mem::swap(&mut one, &mut two);
    }
    assert!(served(&one.name) > 0);
    blobs.begin();
    one.kill();
    let goal = || network.heights().borrow().para_finalized.max(heights.para_finalized + 20);
    let stood = follow(&lifecycle, goal).await;
    println!(
        "before: stood still for at most {behind:?}; killed: the longest get took {:?}, a worker \
         stood still for at most {stood:?}",
        blobs.longest()
    );

    // It comes back elsewhere, and the other one falls silent without closing anything.
    one = Provider::start(&network).await;
    candidates.send_replace(endpoints([&one, &two]));
    has_all(&client).await;
    blobs.begin();
    two.stop();
    let silent = network.heights().borrow().para_finalized;
    let stood = follow(&lifecycle, || silent + 40).await;
    println!(
        "silent: the longest get took {:?}, a worker stood still for at most {stood:?}",
        blobs.longest()
    );
    assert_eq!(blobs.failures(), Vec::<String>::new());
    assert!(!failures.is_finished(), "a worker failed");

    failures.abort();
    lifecycle.shutdown().await.unwrap();
    client.shutdown().await;
    for double in doubles {
        double.shutdown().await;
    }
    network.shutdown().await.unwrap();
}
