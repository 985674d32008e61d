//! A network, a bridge and its workers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle};
use prb_core::lifecycle::{Lifecycle, LifecycleConfig, LifecycleHandle, Phase, WorkerReport};
use prb_core::queue::{EmbeddedQueue, EmbeddedQueueConfig, JobKey, JobQueue};
use prb_core::trader::{Trader, TraderConfig, TraderHandle};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prb_walkie::identity::Identity;
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker, UpdateWorker, update_worker};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{FullAccount, PoolOrWorkerQueryIdentity, db};
use subxt::dynamic::Value;
use subxt::utils::AccountId32;
use subxt::{OnlineClient, SubstrateConfig};
use subxt_signer::SecretUri;
use subxt_signer::sr25519::Keypair;

pub(super) const PHA: u128 = 1_000_000_000_000;

/// Deadline of everything that is waited for: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(240);

/// Arranges the chain, and signs nothing else.
const ADMIN: &str = "//Alice//stash";

/// Parachain blocks every 400 ms.
pub(super) fn network() -> NetworkConfig {
    let mut config = NetworkConfig {
        relay_block_time: Duration::from_millis(200),
        session_blocks: 50,
        para_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        relay_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ..NetworkConfig::default()
    };
    config.genesis.admin = keypair(ADMIN).public_key().0.into();
    config
}

pub(super) fn double() -> DoubleConfig {
    DoubleConfig::default()
}

fn keypair(uri: &str) -> Keypair {
    Keypair::from_uri(&uri.parse::<SecretUri>().unwrap()).unwrap()
}

/// SS58 of a development account.
pub(super) fn address(uri: &str) -> String {
    AccountId32(keypair(uri).public_key().0).to_string()
}

pub(super) struct Bridge {
    pub(super) network: NetworkHandle,
    pub(super) lifecycle: LifecycleHandle,
    provider: DataProviderHandle,
    trader: TraderHandle,
    queue: Arc<dyn JobQueue>,
    chain: ChainClient,
    doubles: Mutex<HashMap<String, DoubleHandle>>,
    _folder: tempfile::TempDir,
}

impl Bridge {
    /// A bridge on a chain that takes workers without attestation.
    pub(super) async fn start(config: NetworkConfig) -> Self {
        Self::start_with(config, |settings| settings.skip_attestation = true).await
    }

    pub(super) async fn start_with(
        config: NetworkConfig,
        change: impl FnOnce(&mut LifecycleConfig),
    ) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let network = Network::builder(config).build().unwrap().start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let client = |url: &str| ChainClient::new(ChainClientConfig::new([Endpoint::new(url)]));
        let chain = client(&network.para_url());
        let provider = DataProviderConfig::new(
            folder.path().join("provider"),
            &network.relay_url(),
            &network.para_url(),
        );
        let provider = DataProvider::builder(provider).build().unwrap().start().await.unwrap();
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
        let queue: Arc<dyn JobQueue> = Arc::new(queue);
        let identity = Arc::new(Identity::generate().unwrap());
        let trader =
            TraderConfig { max_batch_age: Duration::from_millis(200), ..TraderConfig::default() };
        let trader = Trader::builder(trader)
            .operator_opener(identity.clone())
            .chain(chain.clone())
            .queue(queue.clone())
            .build()
            .unwrap()
            .start()
            .await
            .unwrap();
        let mut settings = LifecycleConfig::new(folder.path());
        change(&mut settings);
        let lifecycle = Lifecycle::builder(settings)
            .identity(identity)
            .chain(chain.clone())
            .blobs(Arc::new(provider.clone()))
            .queue(queue.clone())
            .build()
            .unwrap()
            .start()
            .await
            .unwrap();
        let doubles = Mutex::default();
        Self { network, lifecycle, provider, trader, queue, chain, doubles, _folder: folder }
    }

    pub(super) async fn pool(&self, pid: u64, owner: &str, proxied: &str) {
        let pool = db::Pool {
            pid,
            name: format!("pool {pid}"),
            enabled: true,
            owner: Some(FullAccount { mnemonic: owner.to_owned(), ..FullAccount::default() }),
            real_phala_ss58: proxied.to_owned(),
            ..db::Pool::default()
        };
        self.lifecycle.create_pools(CreatePool { pools: vec![pool] }).await.unwrap();
    }

    pub(super) async fn worker(&self, name: &str, pid: u64, config: DoubleConfig, stake: u128) {
        let stake = stake.to_string();
        self.add(name, config, db::Worker { pid, stake, ..db::Worker::default() }).await;
    }

    pub(super) async fn sync_only_worker(&self, name: &str, pid: u64) {
        let worker = db::Worker { pid, sync_only: true, ..db::Worker::default() };
        self.add(name, double(), worker).await;
    }

    async fn add(&self, name: &str, config: DoubleConfig, worker: db::Worker) {
        let double = Double::builder(config).build().unwrap().start().await.unwrap();
        let worker = db::Worker {
            name: name.to_owned(),
            endpoint: double.endpoint(),
            enabled: true,
            ..worker
        };
        self.doubles.lock().unwrap().insert(name.to_owned(), double);
        self.lifecycle.create_workers(CreateWorker { workers: vec![worker] }).await.unwrap();
    }

    pub(super) async fn change_worker(&self, name: &str, change: impl FnOnce(&mut db::Worker)) {
        let workers = self.lifecycle.list_workers().workers;
        let mut worker = workers.into_iter().find(|worker| worker.name == name).unwrap();
        change(&mut worker);
        let id = PoolOrWorkerQueryIdentity { identity: Some(Named::Name(name.to_owned())) };
        let items = vec![update_worker::Item { id: Some(id), worker: Some(worker) }];
        self.lifecycle.update_workers(UpdateWorker { items }).await.unwrap();
    }

    pub(super) fn double(&self, name: &str) -> DoubleHandle {
        self.doubles.lock().unwrap()[name].clone()
    }

    pub(super) fn report(&self, name: &str) -> Arc<WorkerReport> {
        self.lifecycle.reports().into_iter().find(|report| report.name == name).unwrap()
    }

    /// The worker, once it stands there with such a message.
    pub(super) async fn until(&self, name: &str, phase: Phase, message: &str) -> Arc<WorkerReport> {
        self.when(name, &format!("{phase:?} {message:?}"), |report| {
            report.phase == phase && report.message.contains(message)
        })
        .await
    }

    pub(super) async fn until_block(&self, name: &str, block: u32) {
        self.when(name, &format!("block {block}"), |report| report.para_block >= Some(block)).await;
    }

    async fn when(
        &self,
        name: &str,
        what: &str,
        reached: impl Fn(&WorkerReport) -> bool,
    ) -> Arc<WorkerReport> {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let report = self.report(name);
                if reached(&report) {
                    return report;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let Ok(report) = waited.await else {
            let heights = (*self.network.heights().borrow()).clone();
            panic!(
                "never {what}: {:?}\n{heights:?}\n{:?}\n{:?}",
                self.report(name),
                self.lifecycle.heights(),
                self.provider.status()
            );
        };
        report
    }

    /// Waits until the data provider has a relay block.
    pub(super) async fn until_relay(&self, number: i32) {
        let mut status = self.provider.subscribe();
        let reached = status.wait_for(|status| status.info.parent_committed_height >= number);
        tokio::time::timeout(PATIENCE, reached).await.expect("in time").unwrap();
    }

    /// The worker's state root is that of the chain's block.
    pub(super) async fn roots_agree(&self, name: &str) {
        let info = self.double(name).info().await;
        let hash = self.chain.block_hash(info.blocknum - 1).await.unwrap().unwrap();
        let header = self.chain.header(hash).await.unwrap();
        assert_eq!(info.state_root, hex::encode(header.header().state_root.0));
    }

    /// How many jobs there ever were.
    pub(super) async fn jobs(&self) -> u64 {
        let counts = self.queue.counts().await.unwrap();
        counts.waiting + counts.active + counts.delayed + counts.succeeded + counts.failed
    }

    pub(super) async fn deposit_stake(&self, pid: u64, amount: u128) {
        self.arrange("deposit_stake", vec![Value::u128(pid.into()), Value::u128(amount)]).await;
    }

    pub(super) async fn create_pool(&self, owner: &str) {
        let owner = Value::from_bytes(keypair(owner).public_key().0);
        self.arrange("create_pool", vec![owner]).await;
    }

    async fn arrange(&self, call: &str, arguments: Vec<Value>) {
        let url = self.network.para_url();
        let client = OnlineClient::<SubstrateConfig>::from_insecure_url(url).await.unwrap();
        let call = subxt::dynamic::transaction("DevGatekeeper", call, arguments);
        let at = client.at_current_block().await.unwrap();
        let sent = at
            .transactions()
            .sign_and_submit_then_watch_default(&call, &keypair(ADMIN))
            .await
            .unwrap();
        sent.wait_for_finalized_success().await.unwrap();
    }

    pub(super) async fn stop(self) {
        self.lifecycle.shutdown().await.unwrap();
        self.trader.shutdown(Duration::from_secs(30)).await.unwrap();
        self.provider.shutdown().await.unwrap();
        let doubles: Vec<_> = self.doubles.lock().unwrap().drain().collect();
        for (_, double) in doubles {
            double.shutdown().await;
        }
        self.network.shutdown().await.unwrap();
    }
}
