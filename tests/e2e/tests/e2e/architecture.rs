//! Which crate may depend on which, read from cargo's own resolution.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The resolved dependency graph: names of packages by id, and normal dependencies of each.
struct Graph {
    names: HashMap<String, String>,
    dependencies: HashMap<String, Vec<String>>,
}

impl Graph {
    fn load() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--locked", "--filter-platform=host-tuple"])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let list = |value: &Value| value.as_array().expect("an array").clone();
        let names = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let dependencies = list(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let normal = list(&node["deps"])
                    .iter()
                    .filter(|dep| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()))
                    .map(|dep| text(&dep["pkg"]))
                    .collect();
                (text(&node["id"]), normal)
            })
            .collect();
        Self { names, dependencies }
    }

    /// Every package that `name` links, itself excluded.
    fn linked_by(&self, name: &str) -> BTreeSet<&str> {
        let start = self.names.iter().find(|(_, other)| *other == name).expect("a package").0;
        let (mut seen, mut open) = (HashSet::new(), vec![start]);
        while let Some(id) = open.pop() {
            for next in &self.dependencies[id] {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_library_links_no_runtime_no_command_line_and_no_web_framework() {
    let graph = Graph::load();
    for library in ["prb-core", "prb-walkie"] {
        let offending: Vec<_> = graph
            .linked_by(library)
            .into_iter()
            .filter(|name| {
                name.starts_with("frame-") && !matches!(*name, "frame-metadata" | "frame-decode")
                    || name.starts_with("pallet-")
                    || name.starts_with("prb-devnet")
                    || *name == "clap"
                    || (*name == "axum" && library == "prb-core")
            })
            .collect();
        assert!(offending.is_empty(), "{library} links {offending:?}");
    }
}

#[test]
fn the_double_shares_no_code_with_the_bridge() {
    let graph = Graph::load();
    for double in ["prb-devnet", "prb-devnet-runtime"] {
        let linked = graph.linked_by(double);
        for bridge in ["prb-core", "prb-walkie", "prb-cli"] {
            assert!(!linked.contains(bridge), "{double} links {bridge}");
        }
    }
}

#[test]
fn arrows_go_one_way() {
    let graph = Graph::load();
    assert!(graph.linked_by("prb-cli").contains("prb-core"));
    assert!(graph.linked_by("prb-core").contains("prb-walkie"));
    assert!(!graph.linked_by("prb-core").contains("prb-cli"));
    assert!(!graph.linked_by("prb-walkie").contains("prb-core"));
}
