//! The examples do what they say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use custom_store::FileStore;
use embed::{Bridge, Settings};
use prb_core::lifecycle::{LifecycleRpc, OfflineInventory, Phase};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig};
use prb_walkie::access::token::Token;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Grpc, Introduction, Walkie};
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker, UpdateWorker, update_worker};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{FullAccount, PoolOrWorkerQueryIdentity, WalkieRoles, db};
use tokio::sync::mpsc;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_tells_why_a_worker_fails_restarts_it_and_sees_it_recover() {
    let network = network().await;
    let folder = tempfile::tempdir().unwrap();
    let started = bridge(&network, folder.path(), None).await;
    started.lifecycle.create_pools(CreatePool { pools: vec![pool(1)] }).await.unwrap();
    let workers = vec![worker("w", "http://127.0.0.1:1".to_owned())];
    started.lifecycle.create_workers(CreateWorker { workers }).await.unwrap();

    let token = Token::generate();
    let mut config = Config::new(Introduction {
        hostname: "here".to_owned(),
        role: WalkieRoles::WrLifecycleManager,
        chain_identity: "chain".to_owned(),
        bridge_identity: "examples".to_owned(),
    });
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    config.grpc = Some(Grpc { address, token: Some(token.clone()), tls: None });
    let handlers = LifecycleRpc::default();
    handlers.serve(started.lifecycle.clone());
    let identity = Identity::generate().unwrap();
    let walkie = Walkie::builder(config).service(handlers).start(&identity).await.unwrap();

    let (lines, mut told) = mpsc::channel(100);
    let address = format!("http://{}", walkie.grpc_address().unwrap());
    let watcher = tokio::spawn(async move {
        let tell = move |line| lines.try_send(line).unwrap();
        watch::watch(&address, &token.bearer(), Duration::from_secs(1), tell).await
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
