use std::sync::OnceLock;

use prb_walkie::proto::lifecycle::{update_pool, update_worker};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{FullAccount, PoolOrWorkerQueryIdentity};

use super::*;
use crate::trader::operator::Operator;

const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

fn identity() -> Arc<Identity> {
    static IDENTITY: OnceLock<Arc<Identity>> = OnceLock::new();
    IDENTITY.get_or_init(|| Arc::new(Identity::generate().unwrap())).clone()
}

async fn inventory() -> (tempfile::TempDir, Inventory) {
    let folder = tempfile::tempdir().unwrap();
    let inventory = Inventory::open(&folder.path().join("inventory"), identity()).await.unwrap();
    (folder, inventory)
}

fn pool(pid: u64, name: &str, owner: &str) -> db::Pool {
    db::Pool {
        pid,
        name: name.to_owned(),
        enabled: true,
        owner: Some(FullAccount { mnemonic: owner.to_owned(), ..FullAccount::default() }),
        ..db::Pool::default()
    }
}

fn worker(pid: u64, name: &str) -> db::Worker {
    db::Worker {
        pid,
        name: name.to_owned(),
        endpoint: format!("http://{name}:8000"),
        enabled: true,
        stake: "5000000000000000".to_owned(),
        ..db::Worker::default()
    }
}

fn id(named: Named) -> PoolOrWorkerQueryIdentity {
    PoolOrWorkerQueryIdentity { identity: Some(named) }
}

fn create(inventory: &Inventory, pools: Vec<db::Pool>) -> Result<Vec<db::Pool>, InventoryError> {
    inventory.create_pools(request::CreatePool { pools })
}

fn add(inventory: &Inventory, workers: Vec<db::Worker>) -> Result<Vec<db::Worker>, InventoryError> {
    inventory.create_workers(request::CreateWorker { workers })
}

fn edit(inventory: &Inventory, by: Named, pool: db::Pool) -> Result<db::Pool, InventoryError> {
    let items = vec![update_pool::Item { id: Some(id(by)), pool: Some(pool) }];
    Ok(inventory.update_pools(request::UpdatePool { items })?.remove(0))
}

fn edit_worker(
    inventory: &Inventory,
    by: Named,
    worker: db::Worker,
) -> Result<db::Worker, InventoryError> {
    let items = vec![update_worker::Item { id: Some(id(by)), worker: Some(worker) }];
    Ok(inventory.update_workers(request::UpdateWorker { items })?.remove(0))
}

#[tokio::test]
async fn what_is_created_is_told_without_its_secret_and_still_there_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inventory");
    let catalogue = {
        let inventory = Inventory::open(&path, identity()).await.unwrap();
        let pools = create(&inventory, vec![pool(2, "a", PHRASE)]).unwrap();
        assert_eq!(pools[0].pid, 2);
        let owner = pools[0].owner.as_ref().unwrap();
        assert_eq!((owner.mnemonic.as_str(), owner.polkadot_json.as_str()), ("", ""));
        assert!(!owner.ss58_phala.is_empty() && !owner.ss58_polkadot.is_empty());
        let workers = add(&inventory, vec![worker(2, "w")]).unwrap();
        assert_eq!(workers[0].stake, "5000000000000000");
        inventory.catalogue()
    };
    let inventory = Inventory::open(&path, identity()).await.unwrap();
    assert_eq!(inventory.catalogue(), catalogue);
    let (_, pool) = catalogue.workers().next().unwrap();
    let operator = Operator::open(2, &pool.operator.sealed, &*identity()).unwrap();
    assert_eq!(operator.signer(), pool.operator.signer);
    let shown = format!("{catalogue:?}");
    assert!(!shown.contains(&hex::encode(&pool.operator.sealed)) && !shown.contains("sealed"));
}

#[tokio::test]
async fn a_request_is_carried_out_whole_or_not_at_all() {
    let (_folder, inventory) = inventory().await;
    let refused = create(&inventory, vec![pool(2, "a", "//Alice"), pool(2, "b", "//Bob")]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "item 2: pid: pool 2 is configured already, as \"a\""
    );
    assert_eq!(inventory.catalogue().pools().count(), 0);
    create(&inventory, vec![pool(2, "a", "//Alice")]).unwrap();
    let refused = add(&inventory, vec![worker(2, "v"), worker(3, "w")]).unwrap_err();
    assert_eq!(refused.to_string(), "item 2: pid: no pool 3 is configured");
    assert_eq!(inventory.catalogue().workers().count(), 0);
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let (_folder, inventory) = inventory().await;
    create(&inventory, vec![pool(2, "a", "//Alice")]).unwrap();
    add(&inventory, vec![worker(2, "w")]).unwrap();
    let proxied =
        |address: &str| db::Pool { real_phala_ss58: address.to_owned(), ..pool(3, "b", "//Bob") };
    for (pool, expected) in [
        (pool(3, "", "//Bob"), "name: missing"),
        (pool(3, "a", "//Bob"), "name: pool 2 is called \"a\" already"),
        (pool(3, "b", ""), "owner: missing"),
        (pool(3, "b", "bottom drive"), "owner: neither a mnemonic"),
        (proxied("x"), "realPhalaSs58: \"x\" is not an SS58 address"),
    ] {
        let error = create(&inventory, vec![pool]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let with = |change: fn(&mut db::Worker)| {
        let mut worker = worker(2, "v");
        change(&mut worker);
        worker
    };
    for (worker, expected) in [
        (with(|it| it.name = "\u{7}".to_owned()), "name: has control characters"),
        (with(|it| it.name = "w".to_owned()), "name: another worker is called"),
        (with(|it| it.endpoint = "http://w:8000/".to_owned()), "endpoint: worker \"w\" is at"),
        (with(|it| it.endpoint = "w:8000".to_owned()), "endpoint: "),
        (with(|it| it.stake = "1.5".to_owned()), "stake: \"1.5\" is not a whole number"),
        (with(|it| it.stake = "0".to_owned()), "stake: must be given"),
    ] {
        let error = add(&inventory, vec![worker]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let unpaid = with(|it| (it.stake, it.sync_only) = (String::new(), true));
    assert_eq!(add(&inventory, vec![unpaid]).unwrap()[0].stake, "0");
}

#[tokio::test]
async fn pools_and_workers_are_changed_by_any_of_their_names() {
    let (_folder, inventory) = inventory().await;
    let made = create(&inventory, vec![pool(2, "a", "//Alice")]).unwrap().remove(0);
    let signer = made.owner.clone().unwrap().ss58_phala;
    for (by, name) in [
        (Named::Uuid(made.uuid.clone()), "b"),
        (Named::Name("b".to_owned()), "c"),
        (Named::Pid(2), "d"),
    ] {
        // As a monitor sends it: all it was told, without the secret.
        let changed = db::Pool { name: name.to_owned(), ..made.clone() };
        let changed = edit(&inventory, by, changed).unwrap();
        assert_eq!((changed.name.as_str(), &changed.uuid), (name, &made.uuid));
        assert_eq!(changed.owner.unwrap().ss58_phala, signer);
    }
    add(&inventory, vec![worker(2, "w")]).unwrap();
    let changed = db::Worker { stake: "7".to_owned(), ..worker(2, "w") };
    let changed = edit_worker(&inventory, Named::Name("w".to_owned()), changed).unwrap();
    assert_eq!(changed.stake, "7");
    let error = edit_worker(&inventory, Named::Pid(2), worker(2, "w")).unwrap_err().to_string();
    assert!(error.contains("id: a worker is named by uuid or name"), "{error}");
    let error = edit(&inventory, Named::Pid(9), made).unwrap_err();
    assert_eq!(error.to_string(), "item 1: there is no pool with pid 9");
}

#[tokio::test]
async fn another_proxied_account_keeps_the_secret_and_another_pid_needs_it() {
    let (_folder, inventory) = inventory().await;
    let made = create(&inventory, vec![pool(2, "a", "//Alice")]).unwrap().remove(0);
    let real = "3zcnkmF6XjEogm8vAyPiL2ykPZHpeVtcfDcwTWJ2teqdSvjq";
    let proxied = db::Pool { real_phala_ss58: real.to_owned(), ..made.clone() };
    let proxied = edit(&inventory, Named::Pid(2), proxied).unwrap();
    assert_eq!(proxied.real_phala_ss58, real);
    let catalogue = inventory.catalogue();
    let record = catalogue.pools().next().unwrap();
    let operator = Operator::open(2, &record.operator.sealed, &*identity()).unwrap();
    assert_eq!(operator.proxied().as_ref(), Some(record.operator_account()));
    let moved = db::Pool { pid: 3, ..made };
    let error = edit(&inventory, Named::Pid(2), moved).unwrap_err();
    assert!(error.to_string().contains("owner: must be given when pid changes"), "{error}");
    edit(&inventory, Named::Pid(2), pool(3, "a", "//Alice")).unwrap();
}

#[tokio::test]
async fn a_pool_is_deleted_after_its_workers() {
    let (_folder, inventory) = inventory().await;
    create(&inventory, vec![pool(2, "a", "//Alice")]).unwrap();
    add(&inventory, vec![worker(2, "w")]).unwrap();
    let gone = db::Pool { deleted: true, ..db::Pool::default() };
    let error = edit(&inventory, Named::Pid(2), gone.clone()).unwrap_err();
    assert!(error.to_string().contains("pool: pool 2 still has 1 workers"), "{error}");
    let deleted = db::Worker { deleted: true, ..db::Worker::default() };
    let deleted = edit_worker(&inventory, Named::Name("w".to_owned()), deleted).unwrap();
    assert!(deleted.deleted && deleted.name == "w");
    assert!(edit(&inventory, Named::Pid(2), gone).unwrap().deleted);
    assert_eq!(*inventory.catalogue(), Catalogue::default());
}

#[tokio::test]
async fn a_folder_of_another_process_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inventory");
    let _first = Inventory::open(&path, identity()).await.unwrap();
    let Err(error) = Inventory::open(&path, identity()).await else { panic!("opened twice") };
    assert!(error.to_string().contains("inventory"), "{error}");
}

#[tokio::test]
async fn the_older_bridges_requests_are_understood() {
    use prost::Message;
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/vectors");
    let hex_text = std::fs::read_to_string(format!("{vectors}/lifecycle.CreatePool.hex")).unwrap();
    let bytes = hex::decode(hex_text.trim()).unwrap();
    let (_folder, inventory) = inventory().await;
    let pools = inventory.create_pools(request::CreatePool::decode(&bytes[..]).unwrap()).unwrap();
    assert_eq!((pools[0].pid, pools[0].name.as_str(), pools[0].sync_only), (42, "created", true));
}

#[tokio::test]
async fn the_key_a_worker_told_stays_until_another_machine_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inventory");
    let uuid = {
        let inventory = Inventory::open(&path, identity()).await.unwrap();
        create(&inventory, vec![pool(2, "a", PHRASE)]).unwrap();
        let uuid = add(&inventory, vec![worker(2, "w")]).unwrap()[0].uuid.parse().unwrap();
        assert_eq!(inventory.catalogue().last_key(uuid), None);
        inventory.set_last_keys(&[(uuid, [9; 32]), (Uuid::new_v4(), [1; 32])]).unwrap();
        uuid
    };
    let inventory = Inventory::open(&path, identity()).await.unwrap();
    assert_eq!(inventory.catalogue().last_key(uuid), Some([9; 32]));
    let name = || Named::Name("w".to_owned());
    let dearer = db::Worker { stake: "6000000000000000".to_owned(), ..worker(2, "w") };
    edit_worker(&inventory, name(), dearer).unwrap();
    assert_eq!(inventory.catalogue().last_key(uuid), Some([9; 32]));
    let elsewhere = db::Worker { endpoint: "http://other:8000".to_owned(), ..worker(2, "w") };
    edit_worker(&inventory, name(), elsewhere).unwrap();
    assert_eq!(inventory.catalogue().last_key(uuid), None);
}
