//! `prb run --dev`.

use std::io::Read;
use std::time::Duration;

use crate::fixture::{Prb, Running, text};

#[test]
fn a_worker_computes() {
    let prb = Prb::new();
    let words = "run --dev --until computing --workers 1 --history 20 --block-time 200 --json";
    let output = prb.run(words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let worker = lines.iter().rfind(|line| line["event"] == "worker").unwrap();
    assert_eq!(worker["state"], "computing", "{stdout}");
    assert_eq!(lines.last().unwrap()["event"], "computing", "{stdout}");
    assert!(prb.left_behind().is_empty(), "{:?}", prb.left_behind());
}

#[test]
fn a_goal_missed_has_a_reason_for_each_worker() {
    let prb = Prb::new();
    let output = prb
        .run("run --dev --until computing --block-time 60000 --timeout 20 --workers 2 --log error");
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    for worker in ["prb: worker-1", "prb: worker-2"] {
        assert!(stderr.lines().any(|line| line.starts_with(worker)), "{stderr}");
    }
    assert!(prb.left_behind().is_empty(), "{:?}", prb.left_behind());
}

#[test]
fn it_stops_in_order_when_told() {
    let prb = Prb::new();
    let words = "run --dev --workers 2 --history 20 --block-time 200 --json --log warn";
    let mut running = Running::start(&prb, words);
    let fed = running.stdout().any(|line| line.contains(r#""state":"preparing""#));
    assert!(fed, "it ended by itself");
    assert_eq!(running.terminate(Duration::from_secs(30)).code(), Some(0));
    let mut stderr = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(!stderr.contains("did not stop"), "{stderr}");
    assert!(prb.left_behind().is_empty(), "{:?}", prb.left_behind());
}
