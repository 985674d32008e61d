//! A manager that only keeps its inventory.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::Value;

use crate::fixture::{Prb, text};
use crate::services::Service;
use crate::watched::Admin;

const SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";

#[test]
fn in_config_mode_workers_are_kept_and_never_called() {
    let prb = Prb::new();
    let folder = prb.folder.path().join("manager").display().to_string();
    let keys = prb.folder.path().join("keys").display().to_string();
    let places = format!("--data-dir {folder} --key-dir {keys}");
    let words = format!(
        "run lifecycle {places} --no-mdns --walkie-listen /ip4/127.0.0.1/tcp/0 \
         --grpc-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0"
    );
    let variable = "PHALA_LIFECYCLE_CONFIG_MODE";
    let without = prb.command(&words).env(variable, "false").output().unwrap();
    assert_eq!(without.status.code(), Some(2));
    assert!(text(&without.stderr).contains("--para-endpoint"), "{}", text(&without.stderr));
    let answer = |words: &str, stdin: &str| -> Value {
        let output = prb.run_with(&format!("{words} {places} --json"), stdin);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // A worker that is only listened for.
    let worker = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    worker.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", worker.local_addr().unwrap());

    let mut configuring = Service::start_in(&prb, "manager", &words, &[(variable, "true")]);
    configuring.says("that it runs", |line| line.contains("manager runs").then_some(()));
    assert_eq!(Admin::of(&mut configuring).get("/readyz").0, 200);
    answer("pool add p --pid 1 --owner -", SEED);
    answer(&format!("worker add w --pool p --endpoint {endpoint} --stake 5000PHA"), "");
    answer("worker restart w", "");
    let status = &answer("worker status w", "")["workerStates"][0];
    assert_eq!(status["status"], "S_IDLE", "{status}");
    assert!(status["lastMessage"].as_str().unwrap().starts_with("config mode"), "{status}");
    let explained = answer("worker explain w", "").to_string();
    assert!(explained.contains("without --config-mode"), "{explained}");
    configuring.stop();
    let called = worker.accept().map(|(_, peer)| peer);
    assert!(called.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    assert_eq!(answer("worker list", "")["workers"][0]["name"], "w", "it is kept");
}
