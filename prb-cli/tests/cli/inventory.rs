//! `prb pool` and `prb worker`: on the folder of a manager that does not run, and with one that
//! does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::Value;

use crate::fixture::{Prb, assert_refused, text};
use crate::services::{Service, Site};

const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
/// Of that phrase.
const ADDRESS: &str = "42DnB4uneK6bURXJeXgMdWYyUah9tSaviM2ijedZXxsPTQWY";
const LOCKED: &str = include_str!("../../../tests/fixtures/keyring_locked.json");

/// Where a manager keeps its data, and its keys.
struct Folder {
    prb: Prb,
}

impl Folder {
    fn new() -> Self {
        Self { prb: Prb::new() }
    }

    fn path(&self, name: &str) -> String {
        self.prb.folder.path().join(name).display().to_string()
    }

    fn run(&self, words: &str, stdin: &str) -> Output {
        let words = format!(
            "{words} --data-dir {} --key-dir {}",
            self.path("manager"),
            self.path("manager-keys")
        );
        self.prb.run_with(&words, stdin)
    }

    /// What it answers.
    #[track_caller]
    fn answer(&self, words: &str, stdin: &str) -> Value {
        let output = self.run(&format!("{words} --json"), stdin);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// That it refuses, and says these.
    #[track_caller]
    fn refuses(&self, words: &str, stdin: &str, code: i32, parts: &[&str]) {
        let output = self.run(words, stdin);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words}: {stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{words}: no {part:?} in {stderr}");
        }
        assert_eq!(text(&output.stdout), "", "{words}");
    }
}

#[test]
fn an_inventory_is_made_and_changed_while_no_manager_runs() {
    let folder = Folder::new();
    folder.refuses("pool list", "", 1, &["there is no inventory in", "manager/lifecycle"]);
    folder.refuses("worker add w --pool 2 --endpoint http://a:1 --stake 1", "", 1, &["inventory"]);
    let added = folder.answer("pool add test2 --pid 2 --owner -", PHRASE);
    assert_eq!(added["pools"][0]["owner"]["ss58Phala"], ADDRESS);
    assert_eq!(added["pools"][0]["enabled"], true);
    assert_eq!(added["through"], folder.path("manager/lifecycle"));
    let secret = folder.path("secret.json");
    fs::write(&secret, LOCKED).unwrap();
    let words = format!("pool add b --pid 4294967297 --proxied {ADDRESS} --sync-only");
    folder.refuses(&format!("{words} --owner {secret}"), "", 1, &["passphrase"]);
    let words = format!("{words} --owner {secret} --passphrase -");
    let added = folder.answer(&words, "correct horse\n");
    assert_eq!(added["pools"][0]["owner"]["ss58Phala"], ADDRESS);
    assert_eq!(added["pools"][0]["realPhalaSs58"], ADDRESS);

    let add = "worker add w1 --pool test2 --endpoint http://10.0.0.1:8000 --stake 4000.5PHA";
    let added = folder.answer(add, "");
    assert_eq!(added["workers"][0]["stake"], "4000500000000000");
    folder.refuses(add, "", 1, &["item 1: name:", "w1"]);
    folder.answer("worker add w2 --pool 2 --endpoint http://10.0.0.2:8000 --gatekeeper", "");
    let both = folder.answer("worker edit w1 w2 --stake 7 --pool b --enabled false", "");
    for worker in both["workers"].as_array().unwrap() {
        assert_eq!((&worker["stake"], &worker["pid"]), (&"7".into(), &"4294967297".into()));
        assert_eq!(worker["enabled"], false);
    }
    assert_eq!(both["workers"][1]["gatekeeper"], true);
    // The second is wrong, so the first stays as it is.
    folder.refuses("worker remove w1 w3", "", 1, &["no worker \"w3\""]);
    folder.refuses("pool remove 2 b", "", 1, &["item 2: pool:", "2 workers"]);
    assert_eq!(folder.answer("pool list", "")["pools"].as_array().unwrap().len(), 2);

    let edited = folder.answer("pool edit test2 --name main --proxied none --enabled false", "");
    assert_eq!(edited["pools"][0]["owner"]["ss58Phala"], ADDRESS, "it keeps its owner");
    folder.refuses("pool edit main --pid 3", "", 1, &["owner: must be given when pid changes"]);
    let moved = folder.answer("pool edit main --pid 3 --owner -", "//Alice");
    assert_eq!(moved["pools"][0]["pid"], "3");
    folder.answer("worker remove w2 w1", "");
    folder.answer("pool remove 3 4294967297", "");
    let output = folder.run("pool list", "");
    assert_eq!(text(&output.stdout), "no pools\n");
    assert_eq!(text(&output.stderr), format!("through {}\n", folder.path("manager/lifecycle")));
    folder.refuses("worker status", "", 1, &["running lifecycle manager", "--peer"]);
    let mode = fs::metadata(folder.path("manager/lifecycle/inventory")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[test]
fn version_2s_inventory_is_taken_in_at_the_first_start_and_never_again() {
    let folder = Folder::new();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/vectors");
    let (file, keys) = (folder.path("local.db"), folder.path("manager-keys"));
    fs::copy(format!("{vectors}/local.db"), &file).unwrap();
    fs::create_dir(&keys).unwrap();
    fs::copy(format!("{vectors}/identity.bin"), format!("{keys}/LIFECYCLE")).unwrap();
    let before = fs::read(&file).unwrap();
    // As version 2 was started. No node answers: what is taken in needs none.
    let variables = [
        ("PHALA_MODULE", "lifecycle"),
        ("PHALA_CHAIN_ENDPOINT", "ws://127.0.0.1:1"),
        ("PHALA_LOCAL_DB_PATH", &file),
        ("PHALA_PEER_ID_PREFIX", &keys),
        ("PHALA_NAMESPACE", "default"),
        ("PRB_DATA_DIR", &folder.path("manager")),
        ("PRB_ADMIN_LISTEN", "off"),
        ("PRB_GRPC_LISTEN", "off"),
    ];
    let start = || {
        let mut manager = Service::start_in(&folder.prb, "manager", "", &variables);
        manager.says("what has no effect", |line| {
            line.contains("PHALA_NAMESPACE has no effect").then_some(())
        });
        manager.says("that it waits", |line| {
            line.contains("waiting for the parachain").then_some(line.to_owned())
        });
        let took_in = manager.said().contains("took in version 2's inventory");
        manager.stop();
        took_in
    };
    assert!(start());
    let pools = folder.answer("pool list", "");
    assert_eq!(pools["pools"][0]["owner"]["ss58Phala"], ADDRESS);
    assert_eq!(pools["pools"].as_array().unwrap().len(), 2);
    let workers = folder.answer("worker list", "");
    assert_eq!(workers["workers"].as_array().unwrap().len(), 3);

    for worker in workers["workers"].as_array().unwrap() {
        folder.answer(&format!("worker remove {}", worker["name"].as_str().unwrap()), "");
    }
    folder.answer("pool remove 2 4294967297", "");
    assert!(!start(), "what was removed stays removed");
    assert_eq!(text(&folder.run("pool list", "").stdout), "no pools\n");
    assert_eq!(fs::read(&file).unwrap(), before, "version 2 could go on");
}

#[test]
fn what_version_2_left_is_imported_once_and_again_without_a_change() {
    let folder = Folder::new();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/vectors");
    let file = format!("{vectors}/local.db");
    let before = fs::read(&file).unwrap();
    folder.refuses(&format!("pool import {file}"), "", 1, &["no identity", "--identity"]);
    let keys = folder.path("manager-keys");
    fs::create_dir(&keys).unwrap();
    fs::copy(format!("{vectors}/identity.bin"), format!("{keys}/LIFECYCLE")).unwrap();
    let dry = folder.answer(&format!("pool import {file} --dry-run"), "");
    assert_eq!(dry["create"][0]["name"], "test2");
    assert!(!fs::exists(folder.path("manager")).unwrap(), "a dry run makes nothing");

    let pools = folder.answer(&format!("pool import {file}"), "");
    assert_eq!(pools["create"].as_array().unwrap().len(), 2, "{pools}");
    let workers = folder.answer(&format!("worker import {file}"), "");
    assert_eq!(workers["create"].as_array().unwrap().len(), 3, "{workers}");
    for what in ["pool", "worker"] {
        let again = folder.run(&format!("{what} import {file}"), "");
        assert!(text(&again.stdout).starts_with("0 new, 0 changed, "), "{again:?}");
    }
    let listed = folder.answer("pool list", "");
    for pool in listed["pools"].as_array().unwrap() {
        assert_eq!(pool["owner"]["ss58Phala"], ADDRESS);
    }

    folder.answer("worker edit test-node-1 --stake 1PHA", "");
    let dry = folder.run(&format!("worker import {file} --dry-run"), "");
    let expected = "changed  test-node-1: stake \"1 PHA\" -> \"4000 PHA\"\n0 new, 1 changed, 2 as \
                    they should be; nothing was done\n";
    assert_eq!(text(&dry.stdout), expected);
    let edited = folder.answer("worker list --pool test2", "");
    assert_eq!(edited["workers"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read(&file).unwrap(), before, "it is only read");
}

#[test]
fn a_thousand_workers_are_imported_and_what_is_wrong_with_one_is_said_before_any_is() {
    let folder = Folder::new();
    let pools =
        format!(r#"{{"pools":[{{"pid":2,"name":"a","owner":{{"mnemonic":"{PHRASE}"}}}}]}}"#);
    folder.answer("pool import -", &pools);
    let lines =
        (0..1_000).map(|at| format!("w{at},2,http://10.0.{}.{}:1,7PHA\n", at / 250, at % 250));
    let csv = format!("name,pid,endpoint,stake\n{}", lines.collect::<String>());
    folder.refuses("worker import -", &format!("{csv}x,3,http://a:1,1\n"), 1, &["line 1002: pid"]);
    let imported = folder.answer("worker import -", &csv);
    assert_eq!(imported["create"].as_array().unwrap().len(), 1_000);
    let again = folder.answer("worker import -", &csv);
    assert_eq!(again["unchanged"], 1_000);
    let one = folder.answer("worker import -", &csv.replace("w7,2", "w7-renamed,2"));
    assert_eq!(one["update"][0]["changes"][0]["to"], "w7-renamed");
    assert_eq!(one["unchanged"], 999);
}

#[test]
fn what_cannot_be_asked_is_usage() {
    let folder = Folder::new();
    folder.refuses("pool add a --pid 1", "", 2, &["--owner"]);
    folder.refuses("pool add a --pid 1 --owner - --passphrase -", "", 2, &["both"]);
    folder.refuses("worker edit a b --name c", "", 2, &["--name"]);
    folder.refuses("pool list --peer here", "", 2, &["here", "multiaddress"]);
    assert_refused("worker add w --pool 1 --endpoint http://a --stake 4KSM", 2, &["4KSM", "PHA"]);
    assert_refused("worker restart", 2, &["WORKER"]);
    // What is not a secret is not shown either: it may be one, mistyped.
    folder.refuses("pool add a --pid 1 --owner -", "bottom drive", 1, &["mnemonic", "not shown"]);
    let output = folder.run("pool add a --pid 1 --owner -", "bottom drive");
    assert!(!text(&output.stderr).contains("bottom"), "{output:?}");
    assert!(!fs::exists(folder.path("manager")).unwrap());
}

#[test]
fn a_running_manager_is_asked_and_what_a_killed_one_left_is_worked_on() {
    let prb = Prb::new();
    let site = Site::of_one_machine(&prb);
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet();
    let mut manager = site.start_manager(&network);
    let folder = Folder { prb: Prb { folder: tempfile::tempdir_in(prb.folder.path()).unwrap() } };
    for name in ["manager", "manager-keys"] {
        std::os::unix::fs::symlink(site.path(name), folder.path(name)).unwrap();
    }

    let added = folder.answer("pool add dev --pid 1 --owner -", "//Alice");
    assert!(added["through"].as_str().unwrap().starts_with("lifecycle at 127.0.0.1:"), "{added}");
    let endpoint = network["workers"][0].as_str().unwrap();
    folder.answer(&format!("worker add w --pool dev --endpoint {endpoint} --stake 10000PHA"), "");
    let kicked = folder.answer("worker kick w", "");
    assert_eq!(kicked["workerStates"][0]["worker"]["name"], "w");
    folder.refuses("worker restart w x", "", 1, &["RestartWorker", "no worker \"x\""]);
    folder.answer("worker restart w", "");
    folder.answer("worker register w", "");
    let explained = folder.answer("worker explain w", "");
    let conditions = &explained["workers"][0]["conditions"];
    assert_eq!(conditions[0]["requirement"], "allowed");
    assert_eq!(conditions[0]["state"], "CS_MET");
    assert_eq!(conditions[1]["requirement"], "synced");
    assert_ne!(conditions[1]["state"], "CS_MET", "no data provider runs: {explained}");
    let status = folder.run("worker status", "");
    assert!(text(&status.stdout).starts_with("NAME  POOL  STATUS"), "{status:?}");

    // As a peer, who needs the shared key.
    let peer = format!("--peer {} --no-mdns", site.manager_at);
    let listed = folder.answer(&format!("pool list {peer} --psk-file {}", site.path("psk")), "");
    assert!(listed["through"].as_str().unwrap().starts_with("peer Qm"), "{listed}");
    assert_eq!(listed["pools"], added["pools"]);
    folder.refuses(&format!("pool remove dev {peer}"), "", 1, &["ListPool needs a grant"]);

    manager.kill();
    let left = folder.answer("worker list --pool 1", "");
    assert_eq!(left["workers"][0]["name"], "w");
    assert_eq!(left["through"], folder.path("manager/lifecycle"));
    folder.refuses("worker kick w", "", 1, &["cannot reach lifecycle at", "running"]);
    let manager = site.start_manager_with(&network, "--grpc-listen off --admin-listen off");
    folder.refuses("pool list", "", 1, &["serves no gRPC", "manager/lifecycle"]);
    for service in [manager, devnet] {
        Service::stop(service);
    }
}
