//! The examples do what they say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use custom_store::FileStore;
use embed::{Bridge, Settings};
use example_data_provider::{Serving, line};
use example_trader::Policy;
use prb_core::blob::client::{BlobClient, BlobClientConfig, BlobEndpoint};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::lifecycle::{LifecycleRpc, OfflineInventory, Phase};
use prb_core::queue::{
    Action, EmbeddedQueue, EmbeddedQueueConfig, Job, JobKey, JobQueue, JobState,
};
use prb_core::trader::Operator;
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig};
use prb_walkie::access::token::Token;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Grpc, Introduction, Walkie};
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker, UpdateWorker, update_worker};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{FullAccount, PoolOrWorkerQueryIdentity, WalkieRoles, db};
use sp_core::{Pair, sr25519};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_mins(4);

async fn network() -> NetworkHandle {
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(200),
        para_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        relay_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ..NetworkConfig::default()
    };
    Network::builder(config).build().unwrap().start().await.unwrap()
}

async fn bridge(network: &NetworkHandle, data: &Path, store: Option<&Path>) -> Bridge {
    let settings = Settings {
        data: data.to_owned(),
        relay: network.relay_url(),
        para: network.para_url(),
        skip_attestation: true,
        inventory: store.map(|path| Arc::new(FileStore::at(path)) as _),
    };
    Bridge::start(settings).await.unwrap()
}

fn pool(pid: u64) -> db::Pool {
    let owner = FullAccount { mnemonic: "//Alice".to_owned(), ..FullAccount::default() };
    let name = format!("pool {pid}");
    db::Pool { pid, name, enabled: true, owner: Some(owner), ..db::Pool::default() }
}

fn worker(name: &str, endpoint: String) -> db::Worker {
    let (name, stake) = (name.to_owned(), "5000000000000000".to_owned());
    db::Worker { pid: 1, name, endpoint, stake, enabled: true, ..db::Worker::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_with_a_store_of_its_own_brings_a_worker_to_computing_and_finds_it_again() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("inventory.json"));
    std::fs::create_dir(&data).unwrap();
    let double = Double::builder(DoubleConfig::default()).build().unwrap().start().await.unwrap();
    let started = bridge(&network, &data, Some(&file)).await;
    started.lifecycle.create_pools(CreatePool { pools: vec![pool(1)] }).await.unwrap();
    let workers = vec![worker("w", double.endpoint())];
    started.lifecycle.create_workers(CreateWorker { workers }).await.unwrap();
    let mut changes = started.lifecycle.subscribe();
    let computing = async {
        while started.lifecycle.reports()[0].phase != Phase::Computing {
            let _lagging_is_fine = changes.recv().await;
        }
    };
    timeout(PATIENCE, computing).await.expect("computing in time");
    started.stop().await.unwrap();

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"pools\"") && text.contains(&double.endpoint()), "{text}");
    assert!(!data.join("inventory").exists(), "there is no other");
    let again = bridge(&network, &data, Some(&file)).await;
    assert_eq!(again.lifecycle.list_workers().workers[0].name, "w");
    assert_eq!(again.lifecycle.list_pools().pools[0].pid, 1);
    again.stop().await.unwrap();
    network.shutdown().await.unwrap();
}

/// What serves a bridge's manager over gRPC.
async fn manager_node(bridge: &Bridge, token: Token) -> Walkie {
    let mut config = Config::new(Introduction {
        hostname: "here".to_owned(),
        role: WalkieRoles::WrLifecycleManager,
        chain_identity: "chain".to_owned(),
        bridge_identity: "examples".to_owned(),
    });
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    config.grpc = Some(Grpc { address, token: Some(token), tls: None });
    let handlers = LifecycleRpc::default();
    handlers.serve(bridge.lifecycle.clone());
    let identity = Identity::generate().unwrap();
    Walkie::builder(config).service(handlers).start(&identity).await.unwrap()
}

/// A bridge with one worker, which cannot be reached.
async fn bridge_of_an_unreachable_worker(network: &NetworkHandle, folder: &Path) -> Bridge {
    let started = bridge(network, folder, None).await;
    started.lifecycle.create_pools(CreatePool { pools: vec![pool(1)] }).await.unwrap();
    let workers = vec![worker("w", "http://127.0.0.1:1".to_owned())];
    started.lifecycle.create_workers(CreateWorker { workers }).await.unwrap();
    started
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_tells_why_a_worker_fails_restarts_it_and_sees_it_recover() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let started = bridge_of_an_unreachable_worker(&network, folder.path()).await;

    let token = Token::generate();
    let walkie = manager_node(&started, token.clone()).await;

    let (lines, mut told) = mpsc::channel(100);
    let address = format!("http://{}", walkie.grpc_address().unwrap());
    let watcher = tokio::spawn(async move {
        let tell = move |line| lines.try_send(line).unwrap();
        ::watch::watch(&address, &token.bearer(), Duration::from_secs(1), tell).await
    });
    let mut next = async |part: &str| {
        let mut said = Vec::new();
        let found = timeout(PATIENCE, async {
            while let Some(line) = told.recv().await {
                said.push(line);
                if said.last().is_some_and(|line| line.contains(part)) {
                    return;
                }
            }
        });
        assert!(found.await.is_ok(), "never {part:?}: {said:?}");
    };
    next("w: synced: ").await;
    next("restarting w").await;
    let double = Double::builder(DoubleConfig::default()).build().unwrap().start().await.unwrap();
    let id = PoolOrWorkerQueryIdentity { identity: Some(Named::Name("w".to_owned())) };
    let worker = Some(worker("w", double.endpoint()));
    let items = vec![update_worker::Item { id: Some(id), worker }];
    started.lifecycle.update_workers(UpdateWorker { items }).await.unwrap();
    next("w is well again").await;

    started.stop().await.unwrap();
    timeout(PATIENCE, watcher).await.expect("the stream ends").unwrap().unwrap();
    walkie.shutdown().await;
    network.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_list_of_machines_becomes_workers_by_the_rules_of_the_farm() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Arc::new(Identity::generate().unwrap());
    let inventory = OfflineInventory::open(folder.path(), identity).await.unwrap();
    let pools = vec![pool(101), pool(102)];
    inventory.create_pools(CreatePool { pools }).unwrap();
    let list = "rack,slot,address,cores,state\n1,4,10.1.0.4,16,up\n2,1,10.2.0.1,8,repair\n";
    assert_eq!(import_csv::import(list, &inventory).unwrap(), (2, 0));
    let workers = inventory.list_workers().workers;
    let found = workers.iter().find(|worker| worker.name == "r1-s4").unwrap();
    assert_eq!((found.pid, found.stake.as_str()), (101, "8000000000000000"));
    assert!(workers.iter().any(|worker| worker.name == "r2-s1" && !worker.enabled));
    assert_eq!(import_csv::import(list, &inventory).unwrap(), (0, 0));
    let repaired = list.replace("repair", "up");
    assert_eq!(import_csv::import(&repaired, &inventory).unwrap(), (0, 1));
    let shorter = "rack,slot,address,cores,state\n1,4,10.1.0.4,16,up\n";
    let error = import_csv::import(shorter, &inventory).unwrap_err();
    assert!(error.to_string().contains("r2-s1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_provider_alone_follows_and_serves() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let (relay, para) = (network.relay_url(), network.para_url());
    let serving = Serving::start(folder.path(), &relay, &para, listen).await.unwrap();
    let mut status = serving.provider.subscribe();
    let stored = status.wait_for(|status| status.info.para_committed_height >= 3);
    let line = line(&timeout(PATIENCE, stored).await.expect("blocks in time").unwrap());
    assert!(line.starts_with("relay chain ") && line.contains("parachain "), "{line}");

    let address = serving.blobs.address();
    let endpoint = BlobEndpoint { name: "it".to_owned(), addresses: vec![address] };
    let (_endpoints, named) = watch::channel(vec![endpoint]);
    let blobs = BlobClient::builder(BlobClientConfig::default(), named).start();
    let headers = blobs.get(BlobKey::Headers(0), Duration::ZERO).await.unwrap();
    assert!(headers.is_some_and(|bytes| !bytes.is_empty()));
    blobs.shutdown().await;
    serving.stop().await.unwrap();
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trader_with_a_policy_refuses_what_that_refuses_and_trades_the_rest() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let identity = Arc::new(Identity::generate().unwrap());
    let key = JobKey::new(*identity.mac_key("job"));
    let jobs = EmbeddedQueueConfig::at(folder.path().join("queue"), key);
    let queue: Arc<dyn JobQueue> = Arc::new(EmbeddedQueue::open(jobs).unwrap());
    let (_, seed) = sr25519::Pair::from_string_with_seed("//Alice", None).unwrap();
    let operator = Operator::new(1, &seed.unwrap(), None).unwrap();
    queue.put_operator(1, operator.seal(&*identity).unwrap()).await.unwrap();
    let policy = Policy { pools: [1].into(), most_stake: 10 };
    let (para, jobs) = (network.para_url(), queue.clone());
    let trader = example_trader::start(&para, jobs, identity, policy).await.unwrap();

    let public_key = [7; 32];
    let start = |pid, stake| Job { pid, action: Action::StartComputing { public_key, stake } };
    for (job, reason) in [
        (start(2, 1), "refused: pool 2 is none of this trader's"),
        (start(1, 11), "refused: 11 planck are more than 10"),
        // The chain's word: this one was traded.
        (start(1, 10), "PhalaStakePoolv2.start_computing says"),
    ] {
        let mut events = queue.events();
        let id = queue.enqueue(job).await.unwrap();
        let failed = async {
            loop {
                let record = queue.job(&id).await.unwrap().unwrap();
                if record.state == JobState::Failed {
                    return record.failure.unwrap().reason;
                }
                let _lagging_is_fine = events.recv().await;
            }
        };
        let found = timeout(PATIENCE, failed).await.expect("an end in time");
        assert!(found.contains(reason), "{found}");
    }
    trader.shutdown(Duration::from_secs(10)).await.unwrap();
    network.shutdown().await.unwrap();
}

/// The client in JavaScript, against a manager with a worker that cannot be reached.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_javascript_shows_the_workers() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let started = bridge_of_an_unreachable_worker(&network, folder.path()).await;
    let path = folder.path().join("token");
    let walkie = manager_node(&started, Token::load_or_create(&path).unwrap()).await;

    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/grpc-javascript/status.js");
    let run = async |token: &Path| {
        let mut command = Command::new("node");
        command.arg(&script).arg(walkie.grpc_address().unwrap().to_string()).arg(token);
        command.arg("--once");
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    };
    let told = run(&path).await;
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{told:?} (tests/run.sh installs what it needs)");
    assert!(said.starts_with("w of pool 1: S_"), "{said}");
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "00").unwrap();
    let refused = run(&wrong).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("code 16"), "{refused:?}");

    started.stop().await.unwrap();
    walkie.shutdown().await;
    network.shutdown().await.unwrap();
}
