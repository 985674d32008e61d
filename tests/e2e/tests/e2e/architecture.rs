//! Which crate may depend on which, read from cargo's own resolution.

#![allow(clippy::expect_used, reason = "without cargo's answer there is nothing to check")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Every package that `name` links when it is built by itself, itself included.
fn linked_by(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges=normal", "--prefix=none", "--package", name])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("cargo prints text");
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_library_links_no_runtime_no_command_line_and_no_web_framework() {
    for library in ["prb-core", "prb-walkie"] {
        let offending: Vec<_> = linked_by(library)
            .into_iter()
            .filter(|name| {
                name.starts_with("frame-")
                    && !matches!(name.as_str(), "frame-metadata" | "frame-decode")
                    || name.starts_with("pallet-")
                    || name.starts_with("prb-devnet")
                    || name == "clap"
                    || (name == "axum" && library == "prb-core")
            })
            .collect();
        assert!(offending.is_empty(), "{library} links {offending:?}");
    }
}

#[test]
fn the_double_shares_no_code_with_the_bridge() {
    for double in ["prb-devnet", "prb-devnet-runtime"] {
        let linked = linked_by(double);
        for bridge in ["prb-core", "prb-walkie", "prb-cli"] {
            assert!(!linked.contains(bridge), "{double} links {bridge}");
        }
    }
}

#[test]
fn arrows_go_one_way() {
    assert!(linked_by("prb-cli").contains("prb-core"));
    assert!(linked_by("prb-core").contains("prb-walkie"));
    assert!(!linked_by("prb-core").contains("prb-cli"));
    assert!(!linked_by("prb-walkie").contains("prb-core"));
}

/// Every test that `docs/corner-cases.md` names is there.
#[test]
fn corner_cases_are_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/corner-cases.md")).expect("the table");
    let tests = |line: &str| line.trim_end_matches('|').rsplit('|').next().map(str::to_owned);
    let cells: String =
        text.lines().filter(|line| line.starts_with('|')).filter_map(tests).collect();
    let named: BTreeSet<&str> = cells.split('`').skip(1).step_by(2).collect();
    assert!(!named.is_empty(), "the table names no test");
    let mut there = String::new();
    for folder in ["prb-core/src", "prb-cli", "tests/e2e/tests", "tests/devnet"] {
        sources(&root.join(folder), &mut there);
    }
    let lost: Vec<_> =
        named.into_iter().filter(|name| !there.contains(&format!("fn {name}("))).collect();
    assert!(lost.is_empty(), "no such tests: {lost:?}");
}

/// Adds the text of all Rust files in a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a file"));
        }
    }
}
