//! The monitor's JSON proxy on a real network: what the field's guide does with curl, and answers
//! of the shape that the field's monitor gave.

use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::{Prb, text};
use crate::http::get;
use crate::machines::Machine;
use crate::services::{LONG, Service, Site, WORKERS, eventually};

/// A monitor beside the services of a site; where it is.
fn start(site: &Site<'_>) -> (Service, String) {
    let words = format!(
        "run monitor --listen 127.0.0.1:0 --psk-file {} {}",
        site.path("psk"),
        site.discovery()
    );
    let mut monitor = Service::start(site.prb, &Machine::this(), "monitor", &words);
    let at = monitor.says("where it is", |line| {
        Some(line.split_once("the monitor is at http://")?.1.trim().to_owned())
    });
    (monitor, at)
}

/// The guide's call, word for word but for the host, the peer and the message.
fn curl(at: &str, peer: &str, method: &str, message: &Value) -> Value {
    let called = Command::new("curl")
        .args(["--silent", "--location", "--request", "POST"])
        .arg(format!("http://{at}/ptp/proxy/{peer}/{method}"))
        .args(["--header", "Content-Type: application/json"])
        .args(["--data-raw", &format!("{message:#}")])
        .output()
        .unwrap_or_else(|error| panic!("tests/run.sh installs curl: {error}"));
    assert!(called.status.success(), "{called:?}");
    serde_json::from_str(&text(&called.stdout))
        .unwrap_or_else(|error| panic!("{error}: {called:?}"))
}

/// The peers that were found, once there is one of each kind.
fn discover(at: &str) -> [Value; 2] {
    let found = eventually(LONG, || {
        let found = get(at, "/ptp/discover").json();
        let first = |kind: &str| found[kind].as_array()?.first().cloned();
        Some([first("dataProviders")?, first("lifecycleManagers")?])
    });
    found.unwrap_or_else(|| panic!("nobody was found: {:?}", get(at, "/ptp/discover")))
}

/// Whether `ours` has every field of `theirs`, with a value of the same type. Text that holds a
/// number holds one in both.
#[track_caller]
fn same_shape(theirs: &Value, ours: &Value, place: &str) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, field) in theirs {
                let place = format!("{place}.{name}");
                let own = ours.get(name).unwrap_or_else(|| panic!("no {place} in {ours:?}"));
                same_shape(field, own, &place);
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            for (theirs, ours) in theirs.iter().zip(ours) {
                same_shape(theirs, ours, place);
            }
        }
        (Value::String(theirs), Value::String(ours)) => {
            let number = |text: &str| text.parse::<u64>().is_ok();
            assert_eq!(number(theirs), number(ours), "{place}: {theirs:?} {ours:?}");
        }
        _ => assert_eq!(
            std::mem::discriminant(theirs),
            std::mem::discriminant(ours),
            "{place}: {theirs} {ours}"
        ),
    }
}

/// Every recorded body, and what this monitor answers to the same request.
fn answers_as_recorded(at: &str, provider: &str, manager: &str) {
    let recorded = include_str!("../../../tests/fixtures/vectors/monitor-json.jsonl");
    let mut compared = 0;
    for line in recorded.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (method, theirs) = (line["method"].as_str().unwrap(), &line["body"]);
        let peer = if method == "GetDataProviderInfo" { provider } else { manager };
        let mut ours = curl(at, peer, method, &line["request"]);
        match method {
            // Nobody's pool is ours, and both calls were handled by nobody when they were recorded.
            "CreatePool" | "CreateWorker" => {
                assert_eq!(ours["hasError"], true, "{ours}");
                assert!(ours["error"]["message"].is_string(), "{ours}");
                assert!(ours["meta"]["error"]["type"].is_string(), "{ours}");
            }
            "NoSuch" => assert_eq!(&ours, theirs),
            _ => {
                // Heights of a bridge that has none yet are -1 in one and numbers in the other.
                ours["meta"]["data"].take();
                same_shape(theirs, &ours, method);
                let has =
                    |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                assert_eq!(has(theirs), has(&ours), "{method}");
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 9);
}

#[test]
fn the_guides_calls_make_pools_and_workers_that_compute() {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site::of_one_machine(&prb);
    std::fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet();
    let manager = site.start_manager(&network);
    let provider = site.start_provider("provider", &this, &network, &site.discovery());
    let (monitor, at) = start(&site);

    let [of_provider, of_manager] = discover(&at);
    for (peer, role) in [(&of_provider, 1), (&of_manager, 3)] {
        assert_eq!(peer["role"], role, "{peer}");
        assert_eq!(peer["bridgeIdentity"], "default", "{peer}");
        assert!(peer["chainIdentity"].as_str().unwrap().starts_with("0x"), "{peer}");
        assert!(peer["remoteAddr"].as_str().unwrap().starts_with("/ip4/"), "{peer}");
        assert!(!peer["hostname"].as_str().unwrap().is_empty(), "{peer}");
    }
    let peer = |of: &Value| of["peerId"].as_str().unwrap().to_owned();
    let (provider_id, manager_id) = (peer(&of_provider), peer(&of_manager));

    let made = curl(
        &at,
        &manager_id,
        "CreatePool",
        &json!({
            "pools": [{
                "pid": 1, "name": "test2", "owner": { "mnemonic": "//Alice" }, "enabled": true,
                "realPhalaSs58": "",
            }],
        }),
    );
    assert_eq!(made["data"]["pools"][0]["pid"], "1", "{made}");
    assert!(!made.to_string().contains("//Alice"), "{made}");
    let endpoints = network["workers"].as_array().unwrap().iter().zip(1..);
    let workers: Vec<_> = endpoints
        .map(|(endpoint, number)| {
            json!({
                "pid": 1, "name": format!("test-node-{number}"), "endpoint": endpoint,
                "enabled": true, "stake": "10000000000000000",
            })
        })
        .collect();
    let made = curl(&at, &manager_id, "CreateWorker", &json!({ "workers": workers }));
    assert_eq!(made["data"]["workers"].as_array().map(Vec::len), Some(WORKERS), "{made}");

    let mut last = Value::Null;
    let computing = eventually(LONG, || {
        last = get(&at, &format!("/ptp/proxy/{manager_id}/GetWorkerStatus")).json();
        let states = last["data"]["workerStates"].as_array()?;
        let all = states.iter().all(|state| state["status"] == "S_ACTIVE");
        (states.len() == WORKERS && all).then_some(())
    });
    assert!(computing.is_some(), "{last:#}");
    answers_as_recorded(&at, &provider_id, &manager_id);

    let wrong = curl(&at, &manager_id, "CreatePool", &json!({ "pools": [{ "pid": "many" }] }));
    assert!(wrong["error"]["message"].as_str().unwrap().contains("CreatePool"), "{wrong}");
    for service in [monitor, manager, provider, devnet] {
        service.stop();
    }
}
