//! `prb peer`: what it refuses, and how it ends.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use prb_devnet::ports::unused_port;

use crate::fixture::{Prb, assert_refused, text};

#[test]
fn bad_peers_methods_and_requests_are_usage() {
    assert_refused("peer info here", 2, &["here", "lifecycle", "multiaddress"]);
    assert_refused("peer call lifecycle ListPools", 2, &["ListPools", "ListPool"]);
    assert_refused("peer call lifecycle CreatePool {", 2, &["no JSON"]);
    assert_refused(
        "peer call lifecycle CreatePool {\"pools\":1}",
        2,
        &["prb.lifecycle.CreatePool"],
    );
}

#[test]
fn secrets_on_the_command_line_are_refused() {
    let words = "peer call lifecycle CreatePool {\"pools\":[{\"owner\":{\"mnemonic\":\"//A\"}}]}";
    assert_refused(words, 2, &["mnemonic", "standard input"]);
}

#[test]
fn a_service_that_is_not_there_is_a_failure_with_its_address() {
    let nobody = format!("127.0.0.1:{}", unused_port());
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("trader.token");
    fs::write(&token, "0".repeat(64)).unwrap();
    fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    let words = format!("peer info trader --grpc {nobody} --data-dir {}", folder.path().display());
    assert_refused(&words, 1, &["trader", &nobody, "does it run"]);
}

#[test]
fn nobody_found_is_a_failure_with_what_became_of_the_boot_nodes() {
    let boot = format!("/ip4/127.0.0.1/tcp/{}", unused_port());
    let prb = Prb::new();
    let folder = prb.folder.path().display();
    let reach = format!("--no-mdns --boot-node {boot} --data-dir {folder} --log error");
    let found = prb.run(&format!("peer info lifecycle --timeout 3 {reach}"));
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found.stderr).contains(&boot), "{found:?}");
    let list = prb.run(&format!("peer list --wait 2 {reach} --json"));
    assert_eq!(list.status.code(), Some(1), "{list:?}");
    assert_eq!(text(&list.stdout), "[]\n");
    assert!(text(&list.stderr).contains(&boot), "{list:?}");
}
