//! Command lines, and what is wrong with some of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use clap::CommandFactory;
use prb_devnet::ports::unused_port;
use serde_json::Value;

use crate::fixture::{Prb, Running, assert_refused, text};

/// All commands, by their words after `prb`.
fn commands(of: &clap::Command, before: &str, all: &mut Vec<String>) {
    all.push(before.to_owned());
    for command in of.get_subcommands() {
        commands(command, format!("{before} {}", command.get_name()).trim(), all);
    }
}

#[test]
fn help_is_as_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let mut all = Vec::new();
    commands(&prb_cli::args::Cli::command(), "", &mut all);
    let mut expected = BTreeSet::new();
    for words in all {
        let name = format!("prb {words}").trim().replace(' ', "-") + ".txt";
        let help = Prb::new().command(&format!("{words} --help")).env_clear().output().unwrap();
        assert!(help.status.success(), "{words}: {help:?}");
        let checked_in = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert_eq!(text(&help.stdout), checked_in, "prb {words} --help differs from {name}");
        expected.insert(name);
    }
    let files = fs::read_dir(folder).unwrap();
    let files: BTreeSet<_> =
        files.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, expected, "a file for each command and no other");
}

#[test]
fn completions_and_manual_pages_are_made_of_the_arguments() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Prb::new().run(&format!("completions {shell}"));
        assert!(script.status.success());
        assert!(text(&script.stdout).contains("data-provider"), "{shell}");
    }
    let page = text(&Prb::new().run("man run lifecycle").stdout);
    assert!(page.contains(r"\-\-min\-bench\-score"), "{page}");
    let prb = Prb::new();
    let folder = prb.folder.path().join("man");
    assert!(prb.run(&format!("man --to {}", folder.display())).status.success());
    assert!(folder.join("prb.1").exists() && folder.join("prb-run-lifecycle.1").exists());
    assert_refused("man walk", 2, &["walk"]);
}

#[test]
fn no_arguments_show_the_help() {
    let output = Prb::new().run("");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage: prb"), "{output:?}");
}

#[test]
fn bad_arguments_are_usage() {
    assert_refused("run --dev --workers 0", 2, &["--workers", "0"]);
    assert_refused("run --dev --wrokers 3", 2, &["--wrokers", "--workers"]);
    assert_refused("run --dev --log loud", 2, &["--log", "loud"]);
    assert_refused("run pruntime", 2, &["--listen"]);
    assert_refused("run pruntime --listen localhost", 2, &["--listen"]);
    assert_refused("run", 2, &["--dev"]);
    assert_refused("run data-provider", 2, &["--para-endpoint"]);
    let nodes = "--para-endpoint ws://127.0.0.1:1 --relay-endpoint ws://127.0.0.1:2";
    assert_refused(&format!("run data-provider {nodes} --access all"), 2, &["closed, read, open"]);
    let words = format!("run data-provider {nodes} --walkie-listen 0.0.0.0:1");
    assert_refused(&words, 2, &["--walkie-listen"]);
}

#[test]
fn a_busy_port_is_one_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    assert_refused(
        &format!("run pruntime --listen {address}"),
        1,
        &[&address.to_string(), "in use"],
    );
    let words = format!("run devnet --relay-listen 127.0.0.1:0 --para-listen {address}");
    assert_refused(&words, 1, &[&address.to_string(), "in use"]);
    let words = format!(
        "run devnet --history 0 --relay-listen 127.0.0.1:0 --para-listen 127.0.0.1:0 \
         --worker-listen {address} --log error"
    );
    assert_refused(&words, 1, &[&address.to_string(), "in use"]);
}

#[test]
fn who_does_not_answer_is_not_healthy() {
    let nobody = format!("127.0.0.1:{}", unused_port());
    let told = Prb::new().run(&format!("health --service all --at {nobody} --json"));
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["healthy"], false, "{told}");
    assert_eq!(told["reasons"].as_array().unwrap().len(), 2, "{told}");
}

#[test]
fn an_unusable_data_folder_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    // Rights do not bind a superuser; a file where a folder should be binds everybody.
    let below = file.join("data");
    let path = below.to_str().unwrap();
    assert_refused(&format!("run --dev --data-dir {path}"), 1, &[path]);
    assert_refused(&format!("run pruntime --listen 127.0.0.1:0 --data-dir {path}"), 1, &[path]);
    let path = folder.path().to_str().unwrap();
    assert_refused(&format!("run --dev --data-dir {path}"), 1, &[path, "not empty"]);
}

#[test]
fn a_double_serves_once_it_says_so_and_stops_when_told() {
    let prb = Prb::new();
    let mut running = Running::start(&prb, "run pruntime --listen 127.0.0.1:0 --json");
    let ready: Value = serde_json::from_str(&running.stdout().next().unwrap()).unwrap();
    assert_eq!(ready["event"], "ready");
    let address = ready["endpoint"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /info HTTP/1.1\r\nHost: prb\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""initialized":false"#), "{answer}");
    assert_eq!(running.terminate(Duration::from_secs(10)).code(), Some(0));
    assert!(prb.left_behind().is_empty());
}
