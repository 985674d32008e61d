//! Coming from older Runtime Bridges: files of version 2, a worker manager of version 3.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;

use serde_json::{Value, json};

use crate::fixture::{Prb, text};

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors").join(name)
}

/// Every file below a folder, with what is in it.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// What the service of a module is told in a compose file.
fn variables_of(module: &str, compose: &str) -> Vec<(String, String)> {
    let named = match module {
        "trader" => "PHALA_MODULE=trade",
        "queue-page" => "PHALA_MODULE=utils/arena",
        _ => "PHALA_MODULE=lifecycle",
    };
    let environment = compose.split("environment:").find(|it| it.contains(named)).unwrap();
    let lines = environment.lines().skip(1).map_while(|line| line.trim().strip_prefix("- "));
    lines.filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect()
}

/// All settings that `prb config show` shows.
fn shown(answer: &Output) -> Value {
    let mut shown: Value = serde_json::from_slice(&answer.stdout)
        .unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    shown["modules"].take()
}

#[test]
fn version_2s_compose_file_keys_and_inventory_are_taken_over_and_stay_as_they_are() {
    let prb = Prb::new();
    let site = prb.folder.path().join("site");
    let keys = site.join("data/keys/id");
    fs::create_dir_all(&keys).unwrap();
    fs::create_dir(site.join("data/0")).unwrap();
    fs::copy(vector("identity.bin"), keys.join("LIFECYCLE")).unwrap();
    fs::copy(vector("local.db"), site.join("data/local.db")).unwrap();
    let compose = include_str!("../fixtures/version-2-lifecycle.yml");
    fs::write(site.join("docker-compose.yml"), compose).unwrap();
    let before = everything(&site);
    let me = fs::metadata(&site).unwrap().uid();

    let file = site.join("docker-compose.yml").display().to_string();
    let dry = prb.run(&format!("migrate v2 {file} --dry-run"));
    let said = text(&dry.stdout);
    assert!(dry.status.success(), "{dry:?}");
    for part in [
        "service lifecycle (lifecycle)",
        "delete its entrypoint",
        "PHALA_RUNNER_MAX_WORKER_NUMBER has no effect",
        "LIFECYCLE stays Qm",
        "new      test2 in pool 2",
        "test-node-1 in pool 2",
        "sudo chown -R 10001:10001",
        "nothing was done",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(everything(&site), before, "a dry run changed something");

    let done = prb.run(&format!("migrate v2 {file} --uid {me} --json"));
    assert!(done.status.success(), "{done:?}");
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    let lines = said["said"].as_array().unwrap();
    assert!(!lines.iter().any(|line| line.as_str().unwrap().contains("chown")), "{said}");
    let after = everything(&site);
    for (path, content) in &before {
        assert_eq!(after.get(path), Some(content), "{} changed", path.display());
    }
    let converted = fs::read_to_string(site.join("docker-compose.prb.yml")).unwrap();
    assert!(!converted.contains("entrypoint"), "{converted}");

    let settings = site.join("docker-compose.prb.toml");
    for module in ["lifecycle", "trader", "queue-page"] {
        let of_file = format!("config show {module} --json --config {}", settings.display());
        let of_file = prb.run(&of_file);
        assert!(of_file.status.success(), "{of_file:?}");
        let mut of_variables = prb.command(&format!("config show {module} --json"));
        of_variables.envs(variables_of(module, compose));
        assert_eq!(shown(&of_file), shown(&of_variables.output().unwrap()), "{module}");
    }
    let checked = prb.run(&format!("config check --config {}", settings.display()));
    assert!(checked.status.success(), "{checked:?}");

    let data = site.join("data/prb").display().to_string();
    let reach = format!("--data-dir {data} --key-dir {} --json", keys.display());
    let pools = prb.run(&format!("pool list {reach}"));
    let pools: Value = serde_json::from_slice(&pools.stdout).unwrap();
    assert_eq!(pools["pools"].as_array().unwrap().len(), 2, "{pools}");
    let workers = prb.run(&format!("worker list {reach}"));
    let workers: Value = serde_json::from_slice(&workers.stdout).unwrap();
    assert_eq!(workers["workers"].as_array().unwrap().len(), 3, "{workers}");

    let again = prb.run(&format!("migrate v2 {file} --uid {me}"));
    let said = text(&again.stdout);
    assert_eq!(said.matches("0 new, 0 changed").count(), 2, "{said}");
    fs::write(site.join("docker-compose.prb.yml"), "mine").unwrap();
    let refused = prb.run(&format!("migrate v2 {file}"));
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("another file"), "{refused:?}");
}

/// A worker manager of version 3, as far as it is asked.
fn version_3() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while stream.read_line(&mut head).unwrap() > 2 {
                let line = head.lines().last().unwrap().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let command: Value = serde_json::from_slice(&body).unwrap_or_default();
            let (status, answer) = match (head.starts_with("POST /wm/config "), command.as_str()) {
                (true, Some("GetAllPoolsWithWorkers")) => ("200 OK", pools()),
                (true, Some("GetAllPoolOperators")) => ("200 OK", operators()),
                _ => ("400 Bad Request", json!({ "error": true, "message": "no such command" })),
            };
            let answer = format!("{answer:#}");
            write!(
                stream.get_mut(),
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    address
}

fn pools() -> Value {
    let worker = |name: &str, gatekeeper: bool| {
        json!({
            "id": "6f5ab5e4-8fd2-4e0c-9f0c-000000000001", "name": name,
            "endpoint": format!("http://{name}.example:8000/"), "stake": "4000000000000000",
            "pid": 7, "enabled": true, "sync_only": false, "gatekeeper": gatekeeper,
        })
    };
    json!([
        {
            "id": "6f5ab5e4-8fd2-4e0c-9f0c-000000000007", "name": "seven", "pid": 7,
            "enabled": true, "sync_only": false,
            "workers": [worker("w1", false), worker("g1", true)],
        },
        {
            "id": "6f5ab5e4-8fd2-4e0c-9f0c-000000000008", "name": "eight", "pid": 8,
            "enabled": false, "sync_only": true, "workers": [],
        },
    ])
}

/// Alice signs for both, for one as Bob's proxy.
fn operators() -> Value {
    let alice = "45R2pfjQUW2s9PQRHU48HQKLKHVMaDja7N3wpBtmF28UYDs2";
    let operator = |pid: u64, proxied: Value| json!({ "pid": pid, "operator_account_id": alice, "proxied_account_id": proxied });
    let bob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    json!([operator(7, Value::Null), operator(8, bob.into())])
}

#[test]
fn version_3s_pools_and_workers_are_taken_over_and_secrets_entered_again() {
    let prb = Prb::new();
    let from = version_3();
    let path = |name: &str| prb.folder.path().join(name).display().to_string();
    let reach = format!("--data-dir {} --key-dir {} --json", path("manager"), path("keys"));
    let dry = prb.run(&format!("migrate v3 http://{from} {reach} --dry-run"));
    assert!(dry.status.success(), "{dry:?}");
    let said: Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!(said["pools"][0]["workers"], json!(["w1", "g1"]), "{said}");
    assert_eq!(said["secretsOf"].as_array().unwrap().len(), 1, "{said}");
    assert!(prb.left_behind().is_empty(), "{:?}", prb.left_behind());

    let words = format!("migrate v3 http://{from} {reach}");
    let refused = prb.run_with(&words, "//Bob\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("has no pool of"), "{refused:?}");
    let refused = prb.run_with(&words, "");
    assert!(text(&refused.stderr).contains("are missing"), "{refused:?}");

    let done = prb.run_with(&words, "//Alice\n");
    assert!(done.status.success(), "{done:?}");
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(said["pools"]["create"].as_array().unwrap().len(), 2, "{said}");
    let list = prb.run(&format!("pool list {reach}"));
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let pool = |pid: &str| list["pools"].as_array().unwrap().iter().find(|it| it["pid"] == pid);
    assert_eq!(pool("7").unwrap()["enabled"], true, "{list}");
    assert_eq!(pool("8").unwrap()["syncOnly"], true, "{list}");
    assert_ne!(pool("8").unwrap()["realPhalaSs58"], Value::Null, "{list}");
    let workers = prb.run(&format!("worker list {reach}"));
    let workers: Value = serde_json::from_slice(&workers.stdout).unwrap();
    let keeper = workers["workers"].as_array().unwrap().iter().find(|it| it["name"] == "g1");
    assert_eq!(keeper.unwrap()["gatekeeper"], true, "{workers}");
    assert_eq!(keeper.unwrap()["stake"], "4000000000000000", "{workers}");

    let wrong = prb.run("migrate v3 https://127.0.0.1:1");
    assert!(text(&wrong.stderr).contains("speaks http"), "{wrong:?}");
}
