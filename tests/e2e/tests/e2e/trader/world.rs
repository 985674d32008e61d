//! A network, a queue and workers for tests of the trader.

use std::future::Future;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parity_scale_codec::Encode;
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint, keys};
use prb_core::queue::{
    Action, EmbeddedQueue, EmbeddedQueueConfig, Job, JobId, JobKey, JobQueue, JobRecord, JobState,
};
use prb_core::trader::{
    Operator, OperatorOpener, OperatorSealer, Trader, TraderConfig, TraderHandle,
};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet_runtime::types::{
    Message, MessageOrigin, RegistryEvent, SignedMessage, WorkerRegistrationInfoV2,
    runtime_version_code, topic,
};
use sp_core::{H256, Pair, sr25519};
use sp_keyring::Sr25519Keyring::{self, Alice, Charlie, Dave, Eve, Ferdie};
use subxt::utils::AccountId32;
use zeroize::Zeroizing;

/// Deadline of everything that is waited for: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);
pub(crate) const RELAY_GENESIS: H256 = H256([9; 32]);

/// Leaves the content as it is: sealing is tested with the identity.
pub(crate) struct Unsealed;

impl OperatorSealer for Unsealed {
    fn seal(&self, content: &[u8]) -> Result<Vec<u8>, String> {
        Ok(content.to_vec())
    }
}

impl OperatorOpener for Unsealed {
    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        Ok(Zeroizing::new(sealed.to_vec()))
    }
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) network: NetworkHandle,
    pub(super) chain: ChainClient,
    pub(super) queue: Arc<dyn JobQueue>,
}

fn queue_key() -> JobKey {
    JobKey::new([1; 32])
}

impl World {
    /// A fresh network with parachain blocks every 200 ms, and a queue in memory.
    pub(super) async fn new() -> Self {
        Self::with_queue(queue_in_memory()).await
    }

    pub(super) async fn with_queue(queue: Arc<dyn JobQueue>) -> Self {
        let mut config = NetworkConfig {
            relay_block_time: Duration::from_millis(100),
            para_listen: (Ipv4Addr::LOCALHOST, 0).into(),
            relay_listen: (Ipv4Addr::LOCALHOST, 0).into(),
            ..NetworkConfig::default()
        };
        config.genesis.relay_genesis_hashes = Some(vec![RELAY_GENESIS]);
        let network = Network::builder(config).build().unwrap().start().await.unwrap();
        let chain = client(&network);
        let world = Self { network, chain, queue };
        world.put_operators().await;
        world
    }

    /// Puts the operators of pools 1 to 3 beside the queue.
    pub(super) async fn put_operators(&self) {
        for (pid, signer, proxied) in
            [(1, Alice, None), (2, Dave, Some(Charlie)), (3, Ferdie, Some(Eve))]
        {
            self.put_operator(pid, signer, proxied).await;
        }
    }

    async fn put_operator(
        &self,
        pid: u64,
        signer: Sr25519Keyring,
        proxied: Option<Sr25519Keyring>,
    ) {
        let operator = operator(pid, signer, proxied);
        self.queue.put_operator(pid, operator.seal(&Unsealed).unwrap()).await.unwrap();
    }

    /// A trader that closes batches soon.
    pub(super) async fn start(&self, change: impl FnOnce(&mut TraderConfig)) -> TraderHandle {
        start_trader(self.chain.clone(), Arc::clone(&self.queue), change).await
    }

    pub(super) async fn enqueue(&self, pid: u64, action: Action) -> JobId {
        self.queue.enqueue(Job { pid, action }).await.unwrap()
    }

    /// The job once it has ended.
    pub(super) async fn ended(&self, id: &JobId) -> JobRecord {
        eventually("the job ends", async || {
            let record = self.queue.job(id).await.unwrap().unwrap();
            let ended = matches!(record.state, JobState::Succeeded | JobState::Failed);
            ended.then_some(record)
        })
        .await
    }

    /// The job once it has succeeded.
    pub(super) async fn succeeded(&self, id: &JobId) -> JobRecord {
        let record = self.ended(id).await;
        assert_eq!(record.state, JobState::Succeeded, "{:?}", record.failure);
        record
    }

    pub(super) async fn all_succeeded(&self, ids: &[JobId]) -> Vec<JobRecord> {
        let mut records = Vec::new();
        for id in ids {
            records.push(self.succeeded(id).await);
        }
        records
    }

    /// Waits until the node's pool has an account's extrinsic with this nonce and all before.
    pub(super) async fn in_pool(&self, account: Sr25519Keyring, nonce: u64) {
        let address = AccountId32(account.to_raw_public()).to_string();
        eventually("it is in the pool", async || {
            let next = self.chain.account_next_indices(&address).await.unwrap();
            (next[0] > nonce).then_some(())
        })
        .await;
    }

    /// Next sequence of a worker by finalized state.
    pub(super) async fn ingress(&self, worker: &Worker) -> u64 {
        let sender = MessageOrigin::Worker(worker.pair.public()).encode();
        let key = keys::twox64_entry("PhalaMq", "OffchainIngress", &sender);
        let head = self.chain.finalized_head().await.unwrap();
        let stored = self.chain.storage(&key, head).await.unwrap();
        stored.map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
    }

    /// Nonce of an account by finalized state: how many of its extrinsics are on chain.
    pub(super) async fn nonce(&self, account: Sr25519Keyring) -> u32 {
        let key = keys::blake2_128_entry("System", "Account", &account.to_raw_public());
        let head = self.chain.finalized_head().await.unwrap();
        let stored = self.chain.storage(&key, head).await.unwrap().unwrap_or_default();
        stored.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Registers a worker and gives it a score, one job after the other.
    pub(super) async fn admit(&self, worker: &mut Worker, pid: u64) {
        let job = self.enqueue(pid, worker.register()).await;
        self.succeeded(&job).await;
        let now = keys::value("Timestamp", "Now");
        let head = self.chain.finalized_head().await.unwrap();
        let now = self.chain.storage(&now, head).await.unwrap().unwrap();
        let start_time = u64::from_le_bytes(now.try_into().unwrap());
        let report = RegistryEvent::BenchReport { start_time, iterations: 1_000_000 };
        let message = worker.message(topic::REGISTRY_EVENT, &report);
        let job = self.enqueue(pid, Action::SyncMessages { messages: vec![message] }).await;
        self.succeeded(&job).await;
    }
}

pub(super) fn operator(
    pid: u64,
    signer: Sr25519Keyring,
    proxied: Option<Sr25519Keyring>,
) -> Operator {
    let (_, seed) = sr25519::Pair::from_string_with_seed(&signer.to_seed(), None).unwrap();
    let proxied = proxied.map(|account| AccountId32(account.to_raw_public()));
    let operator = Operator::new(pid, &seed.unwrap(), proxied).unwrap();
    assert_eq!(operator.signer().0, signer.to_raw_public());
    operator
}

pub(super) fn client(network: &NetworkHandle) -> ChainClient {
    ChainClient::new(ChainClientConfig::new([Endpoint::new(&network.para_url())]))
}

pub(crate) async fn start_trader(
    chain: ChainClient,
    queue: Arc<dyn JobQueue>,
    change: impl FnOnce(&mut TraderConfig),
) -> TraderHandle {
    let mut config = TraderConfig {
        max_batch_age: Duration::from_millis(200),
        retry_after: Duration::from_millis(500),
        ..TraderConfig::default()
    };
    change(&mut config);
    let trader = Trader::builder(config).chain(chain).queue(queue);
    trader.operator_opener(Arc::new(Unsealed)).build().unwrap().start().await.unwrap()
}

pub(super) fn queue_in_memory() -> Arc<dyn JobQueue> {
    Arc::new(EmbeddedQueue::open(EmbeddedQueueConfig::in_memory(queue_key())).unwrap())
}

pub(super) fn queue_at(path: &Path) -> Arc<dyn JobQueue> {
    Arc::new(EmbeddedQueue::open(EmbeddedQueueConfig::at(path, queue_key())).unwrap())
}

/// Asks again until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let asked = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    asked.await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// A worker's key with the messages it has signed.
pub(crate) struct Worker {
    pair: sr25519::Pair,
    operator: sp_core::crypto::AccountId32,
    sequence: u64,
}

impl Worker {
    pub(super) fn new(seed: u8, operator: Sr25519Keyring) -> Self {
        Self::of([seed; 32], operator.to_account_id())
    }

    pub(crate) fn of(seed: [u8; 32], operator: sp_core::crypto::AccountId32) -> Self {
        Self { pair: sr25519::Pair::from_seed(&seed), operator, sequence: 0 }
    }

    pub(crate) fn key(&self) -> [u8; 32] {
        self.pair.public().0
    }

    fn message(&mut self, destination: &[u8], event: &impl Encode) -> Vec<u8> {
        self.sequence += 1;
        self.signed(destination, event, self.sequence - 1)
    }

    fn signed(&self, destination: &[u8], event: &impl Encode, sequence: u64) -> Vec<u8> {
        let sender = MessageOrigin::Worker(self.pair.public());
        let message = Message::new(sender, destination, event);
        SignedMessage::sign(message, sequence, &self.pair).encode()
    }

    /// The message of a sequence, of no consequence.
    pub(crate) fn message_of(&self, sequence: u64) -> Action {
        Action::SyncMessages { messages: vec![self.signed(b"phala/test", &(), sequence)] }
    }

    /// The first message: the report of its benchmark.
    pub(crate) fn score(&self, start_time: u64) -> Action {
        let report = RegistryEvent::BenchReport { start_time, iterations: 1_000_000 };
        Action::SyncMessages { messages: vec![self.signed(topic::REGISTRY_EVENT, &report, 0)] }
    }

    /// The next messages, of no consequence.
    pub(super) fn messages(&mut self, count: usize) -> Action {
        let messages = (0..count).map(|_| self.message(b"phala/test", &()));
        Action::SyncMessages { messages: messages.collect() }
    }

    pub(crate) fn register(&self) -> Action {
        let info = WorkerRegistrationInfoV2 {
            version: runtime_version_code(2, 2, 1),
            machine_id: Vec::new(),
            pubkey: self.pair.public(),
            ecdh_pubkey: self.pair.public(),
            genesis_block_hash: RELAY_GENESIS,
            features: vec![4, 1],
            operator: Some(self.operator.clone()),
            para_id: 2004,
            max_consensus_version: 0,
        };
        // No attestation: None.
        Action::RegisterWorkerV2 { runtime_info: info.encode(), attestation: vec![0] }
    }
}
