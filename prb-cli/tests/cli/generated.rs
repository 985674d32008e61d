//! Files that are made from the code: they are as it makes them now.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{Prb, text};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// What a command prints, which is in this file too.
#[track_caller]
fn assert_is_in(words: &str, file: &str) {
    let output = Prb::new().run(words);
    assert!(output.status.success(), "{output:?}");
    let there = fs::read_to_string(path(file)).unwrap();
    let made = text(&output.stdout);
    assert!(there.contains(&made), "{file} differs: put there what `prb {words}` prints");
}

#[test]
fn dashboard_alerts_figures_and_methods_are_as_made() {
    assert_is_in("metrics dashboard", "deploy/grafana/prb.json");
    assert_is_in("metrics alerts", "deploy/prometheus/alerts.yml");
    assert_is_in("metrics list", "docs/metrics.md");
    assert_is_in("metrics alerts --markdown", "docs/metrics.md");
    assert_is_in("peer describe", "docs/openapi.json");
    let listed = Prb::new().run("metrics list --json");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["metrics"].as_array().unwrap().iter().any(|it| {
        it["name"] == "prb_worker_state" && it["labels"][0] == "worker" && it["kind"] == "gauge"
    }));
}

/// Prometheus's own program says so, on machines that have it.
#[test]
fn prometheus_takes_the_rules_and_the_configuration() {
    let there = Command::new("promtool").arg("--version").output();
    if there.is_err() {
        eprintln!("promtool is not installed: not checked");
        return;
    }
    let checked = Command::new("promtool")
        .args(["check", "config"])
        .arg(path("deploy/prometheus/prometheus.yml"))
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
}
