//! A network, a bridge and its workers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parity_scale_codec::Decode;
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint, keys};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle};
use prb_core::lifecycle::{Lifecycle, LifecycleConfig, LifecycleHandle, Phase, WorkerReport};
use prb_core::queue::{
    Action, CallOutcome, EmbeddedQueue, EmbeddedQueueConfig, JobKey, JobQueue, JobState,
};
use prb_core::trader::{Trader, TraderConfig, TraderHandle};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prb_walkie::identity::Identity;
use prb_walkie::proto::data_provider::{RelaySegment, States};
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, UpdatePool, UpdateWorker, update_pool, update_worker,
};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{FullAccount, PoolOrWorkerQueryIdentity, db};
use prost::Message as _;
use subxt::dynamic::Value;
use subxt::utils::AccountId32;
use subxt::{OnlineClient, SubstrateConfig};
use subxt_signer::SecretUri;
use subxt_signer::sr25519::Keypair;

use crate::gate::Gate;

pub(super) const PHA: u128 = 1_000_000_000_000;

/// Deadline of everything that is waited for: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(4);

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

/// A double that runs.
pub(super) async fn start(config: DoubleConfig) -> DoubleHandle {
    Double::builder(config).build().unwrap().start().await.unwrap()
}

/// A data provider's settings for a network.
pub(super) fn provider_of(network: &NetworkHandle, folder: &Path) -> DataProviderConfig {
    DataProviderConfig::new(folder, &network.relay_url(), &network.para_url())
}

fn keypair(uri: &str) -> Keypair {
    Keypair::from_uri(&uri.parse::<SecretUri>().unwrap()).unwrap()
}

/// The public part of the key with this seed.
pub(super) fn public_key_of(seed: [u8; 32]) -> [u8; 32] {
    Keypair::from_secret_key(seed).unwrap().public_key().0
}

/// SS58 of a development account.
pub(super) fn address(uri: &str) -> String {
    AccountId32(keypair(uri).public_key().0).to_string()
}

pub(super) struct Bridge {
    pub(super) network: NetworkHandle,
    pub(super) lifecycle: LifecycleHandle,
    manager: Manager,
    pub(super) provider: DataProviderHandle,
    trader: TraderHandle,
    queue: Arc<dyn JobQueue>,
    chain: ChainClient,
    doubles: Mutex<HashMap<String, DoubleHandle>>,
    _folder: tempfile::TempDir,
}

/// What a test may change about a bridge.
pub(super) struct Settings {
    pub(super) lifecycle: LifecycleConfig,
    pub(super) provider: DataProviderConfig,
}

/// All that a lifecycle manager is made of.
struct Manager {
    settings: LifecycleConfig,
    identity: Arc<Identity>,
    chain: ChainClient,
    blobs: Arc<dyn BlobSource>,
    queue: Arc<dyn JobQueue>,
}

impl Manager {
    async fn start(&self) -> LifecycleHandle {
        Lifecycle::builder(self.settings.clone())
            .identity(self.identity.clone())
            .chain(self.chain.clone())
            .blobs(self.blobs.clone())
            .queue(self.queue.clone())
            .build()
            .unwrap()
            .start()
            .await
            .unwrap()
    }
}

impl Bridge {
    /// A bridge on a chain that takes workers without attestation.
    pub(super) async fn start(config: NetworkConfig) -> Self {
        Self::start_with(config, |settings| settings.lifecycle.skip_attestation = true).await
    }

    pub(super) async fn start_with(
        config: NetworkConfig,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let network = Network::builder(config).build().unwrap().start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let client = |url: &str| ChainClient::new(ChainClientConfig::new([Endpoint::new(url)]));
        let chain = client(&network.para_url());
        let mut settings = Settings {
            lifecycle: LifecycleConfig::new(folder.path()),
            provider: provider_of(&network, &folder.path().join("provider")),
        };
        change(&mut settings);
        let provider =
            DataProvider::builder(settings.provider).build().unwrap().start().await.unwrap();
        let queue = EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(JobKey::random())).unwrap();
        let queue: Arc<dyn JobQueue> = Arc::new(queue);
        let identity = Arc::new(Identity::generate().unwrap());
        let manager = Manager {
            settings: settings.lifecycle,
            identity: identity.clone(),
            chain: chain.clone(),
            blobs: Arc::new(provider.clone()),
            queue: queue.clone(),
        };
        let trader =
            TraderConfig { max_batch_age: Duration::from_millis(200), ..TraderConfig::default() };
        let trader = Trader::builder(trader)
            .operator_opener(identity)
            .chain(chain.clone())
            .queue(queue.clone())
            .build()
            .unwrap()
            .start()
            .await
            .unwrap();
        let lifecycle = manager.start().await;
        let doubles = Mutex::default();
        Self {
            network,
            lifecycle,
            manager,
            provider,
            trader,
            queue,
            chain,
            doubles,
            _folder: folder,
        }
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
        self.worker_at(name, pid, start(config).await, stake).await;
    }

    /// A worker that is reached through a gate.
    pub(super) async fn worker_behind(&self, name: &str, gate: &Gate, double: DoubleHandle) {
        let worker = db::Worker {
            pid: 1,
            stake: (5_000 * PHA).to_string(),
            endpoint: format!("http://{}", gate.address()),
            ..db::Worker::default()
        };
        self.add(name, double, worker).await;
    }

    /// A worker whose double runs already.
    pub(super) async fn worker_at(&self, name: &str, pid: u64, double: DoubleHandle, stake: u128) {
        let stake = stake.to_string();
        let endpoint = double.endpoint();
        let worker = db::Worker { pid, stake, endpoint, ..db::Worker::default() };
        self.add(name, double, worker).await;
    }

    pub(super) async fn sync_only_worker(&self, name: &str, pid: u64, config: DoubleConfig) {
        let double = start(config).await;
        let endpoint = double.endpoint();
        let worker = db::Worker { pid, sync_only: true, endpoint, ..db::Worker::default() };
        self.add(name, double, worker).await;
    }

    pub(super) async fn gatekeeper(&self, name: &str, pid: u64, config: DoubleConfig) {
        let double = start(config).await;
        let endpoint = double.endpoint();
        let worker = db::Worker { pid, gatekeeper: true, endpoint, ..db::Worker::default() };
        self.add(name, double, worker).await;
    }

    async fn add(&self, name: &str, double: DoubleHandle, worker: db::Worker) {
        let worker = db::Worker { name: name.to_owned(), enabled: true, ..worker };
        self.doubles.lock().unwrap().insert(name.to_owned(), double);
        self.lifecycle.create_workers(CreateWorker { workers: vec![worker] }).await.unwrap();
    }

    /// Starts the worker's machine, whatever it had before; where it listens.
    pub(super) async fn start_double(&self, name: &str, config: DoubleConfig) -> String {
        let double = start(config).await;
        let endpoint = double.endpoint();
        self.doubles.lock().unwrap().insert(name.to_owned(), double);
        endpoint
    }

    pub(super) async fn change_worker(&self, name: &str, change: impl FnOnce(&mut db::Worker)) {
        let workers = self.lifecycle.list_workers().workers;
        let mut worker = workers.into_iter().find(|worker| worker.name == name).unwrap();
        change(&mut worker);
        let id = PoolOrWorkerQueryIdentity { identity: Some(Named::Name(name.to_owned())) };
        let items = vec![update_worker::Item { id: Some(id), worker: Some(worker) }];
        self.lifecycle.update_workers(UpdateWorker { items }).await.unwrap();
    }

    pub(super) async fn change_pool(&self, pid: u64, change: impl FnOnce(&mut db::Pool)) {
        let pools = self.lifecycle.list_pools().pools;
        let mut pool = pools.into_iter().find(|pool| pool.pid == pid).unwrap();
        change(&mut pool);
        let id = PoolOrWorkerQueryIdentity { identity: Some(Named::Pid(pid)) };
        let items = vec![update_pool::Item { id: Some(id), pool: Some(pool) }];
        self.lifecycle.update_pools(UpdatePool { items }).await.unwrap();
    }

    /// Ends a worker's process as a crash does, and begins another in its place.
    pub(super) async fn replace(&self, name: &str, config: DoubleConfig) -> DoubleHandle {
        let old = self.double(name);
        old.kill();
        // Until its port is free.
        old.shutdown().await;
        let new = start(DoubleConfig { listen: old.address(), ..config }).await;
        self.doubles.lock().unwrap().insert(name.to_owned(), new.clone());
        new
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

    /// Once the worker's message says so.
    pub(super) async fn until_told(&self, name: &str, message: &str) {
        self.when(name, message, |report| report.message.contains(message)).await;
    }

    /// Once such a message is among those that are kept of it.
    pub(super) async fn until_message(&self, name: &str, text: &str) {
        self.when(name, text, |_| {
            let told = self.lifecycle.worker_histories(&[name.to_owned()]).unwrap().remove(0);
            told.messages.iter().any(|message| message.text.contains(text))
        })
        .await;
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
            let heights = *self.network.heights().borrow();
            panic!(
                "never {what}: {:?}\n{heights:?}\n{:?}\n{:?}",
                self.report(name),
                self.lifecycle.heights(),
                self.provider.status()
            );
        };
        report
    }

    /// Waits until the data provider keeps a full state after block `after`; its block.
    pub(super) async fn kept_state(&self, after: u32) -> u32 {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let states = self.provider.get(BlobKey::States, Duration::ZERO).await.unwrap();
                let states = States::decode(states.unwrap_or_default()).unwrap().states;
                if let Some(state) = states.iter().rfind(|state| state.number > after) {
                    return state.number;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        waited.await.expect("a state in time")
    }

    /// Waits until the data provider has so many relay segments.
    pub(super) async fn until_segments(&self, count: usize) {
        let mut next = 1;
        for _ in 0..count {
            let segment = self.provider.get(BlobKey::Relay(next), PATIENCE).await.unwrap();
            next = RelaySegment::decode(segment.expect("in time")).unwrap().to + 1;
        }
    }

    /// Waits until the chain accepted a heartbeat of the worker after block `after`; its block.
    pub(super) async fn next_heartbeat(&self, name: &str, after: u32) -> u32 {
        let key = self.report(name).public_key.unwrap();
        let key = keys::twox64_entry("DevGatekeeper", "LastHeartbeats", &key);
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let head = self.chain.finalized_head().await.unwrap();
                let value = self.chain.storage(&key, head).await.unwrap().unwrap_or_default();
                // Session, block of the challenge, block that accepted the answer.
                if let Ok((_, _, at)) = <(u32, u32, u32)>::decode(&mut &value[..])
                    && at > after
                {
                    return at;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        waited.await.expect("a heartbeat in time")
    }

    /// How much the chain took of what gatekeepers say.
    pub(super) async fn gatekeepers_said(&self) -> u64 {
        /// SCALE of the sender that they share.
        const GATEKEEPER: u8 = 5;
        let key = keys::twox64_entry("PhalaMq", "OffchainIngress", &[GATEKEEPER]);
        let head = self.chain.finalized_head().await.unwrap();
        let value = self.chain.storage(&key, head).await.unwrap().unwrap_or_default();
        <u64 as Decode>::decode(&mut &value[..]).unwrap_or_default()
    }

    /// Waits until the chain took so many messages of gatekeepers.
    pub(super) async fn until_gatekeepers_said(&self, count: u64) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while self.gatekeepers_said().await < count {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        waited.await.expect("said in time");
    }

    /// What calls the chain refused, and why.
    pub(super) async fn refused_calls(&self) -> Vec<String> {
        let ended = self.queue.list(JobState::Succeeded, 1_000).await.unwrap();
        let calls = ended.into_iter().filter_map(|record| record.outcome).flat_map(|it| it.calls);
        let refused = calls.filter(|call| call.outcome != CallOutcome::Ok);
        let failed = self.queue.list(JobState::Failed, 1_000).await.unwrap();
        let failed = failed.into_iter().map(|record| format!("{record:?}"));
        refused.map(|call| format!("{call:?}")).chain(failed).collect()
    }

    /// Waits until the chain shows these endpoints of the worker.
    pub(super) async fn until_published(&self, name: &str, endpoints: &[String]) {
        let key = self.report(name).public_key.unwrap();
        let key = keys::twox64_entry("PhalaRegistry", "Endpoints", &key);
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let head = self.chain.finalized_head().await.unwrap();
                let value = self.chain.storage(&key, head).await.unwrap().unwrap_or_default();
                // The variant for lists of URLs, and the list.
                if <(u8, Vec<String>)>::decode(&mut &value[..]) == Ok((0, endpoints.to_vec())) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        waited.await.expect("published in time");
    }

    /// The blocks up to now, from `from` on, in which the chain missed a heartbeat of one of these
    /// workers.
    pub(super) async fn missed_heartbeats(&self, names: &[&str], from: u32) -> Vec<u32> {
        let head = self.chain.finalized_head().await.unwrap();
        let mut sessions = Vec::new();
        for name in names {
            let key = self.report(name).public_key.unwrap();
            let key = keys::twox64_entry("PhalaComputation", "WorkerBindings", &key);
            sessions.push(self.chain.storage(&key, head).await.unwrap().expect("a session"));
        }
        let url = self.network.para_url();
        let client = OnlineClient::<SubstrateConfig>::from_insecure_url(url).await.unwrap();
        let last = self.chain.header(head).await.unwrap().header().number;
        let mut missed = Vec::new();
        for number in from..=last {
            let block = client.at_block(number).await.unwrap();
            for event in block.events().fetch().await.unwrap().iter() {
                let event = event.unwrap();
                let unresponsive = event.event_name() == "WorkerEnterUnresponsive";
                if unresponsive && sessions.iter().any(|it| it == event.field_bytes()) {
                    missed.push(number);
                }
            }
        }
        missed
    }

    /// The worker's state root is that of the chain's block.
    pub(super) async fn roots_agree(&self, name: &str) {
        let info = self.double(name).info().await;
        let hash = self.chain.block_hash(info.blocknum - 1).await.unwrap().unwrap();
        let header = self.chain.header(hash).await.unwrap();
        assert_eq!(info.state_root, hex::encode(header.header().state_root.0));
    }

    /// Another manager takes over, on the same folder.
    pub(super) async fn restart_manager(&mut self) {
        self.lifecycle.shutdown().await.unwrap();
        self.lifecycle = self.manager.start().await;
    }

    /// Another manager takes over, which is fed from elsewhere.
    pub(super) async fn restart_manager_with(&mut self, blobs: Arc<dyn BlobSource>) {
        self.manager.blobs = blobs;
        self.restart_manager().await;
    }

    /// The jobs that ended, well or badly, but for messages of workers.
    pub(super) async fn deeds(&self) -> Vec<Action> {
        let mut ended = self.queue.list(JobState::Succeeded, 1_000).await.unwrap();
        ended.extend(self.queue.list(JobState::Failed, 1_000).await.unwrap());
        let actions = ended.into_iter().map(|record| record.job.unwrap().action);
        actions.filter(|action| !matches!(action, Action::SyncMessages { .. })).collect()
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
