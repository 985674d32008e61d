//! `prb db` on the store of a real run.

use std::path::Path;

use serde_json::Value;

use crate::fixture::{Prb, assert_refused, text};

/// Runs it, and gives its JSON.
fn db(prb: &Prb, words: &str, code: i32) -> Value {
    let output = prb.run(&format!("db {words} --json"));
    assert_eq!(output.status.code(), Some(code), "{words}: {}", text(&output.stderr));
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_store_is_checked_copied_and_mended_and_a_copy_that_proves_nothing_is_refused() {
    let prb = Prb::new();
    let folders = tempfile::tempdir().unwrap();
    let [dev, copy, new] = ["dev", "copy", "new"].map(|name| folders.path().join(name));
    let words = format!(
        "run --dev --until computing --workers 1 --history 1300 --block-time 200 --data-dir {}",
        shown(&dev)
    );
    let output = prb.run(&words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let store = shown(&dev);

    let stats = db(&prb, &format!("stats --data-dir {store}"), 0);
    let kinds = stats["kinds"].as_array().unwrap();
    assert!(kinds.iter().any(|kind| kind["kind"] == "genesis" && kind["chunks"] == 1), "{stats}");
    let report = db(&prb, &format!("check --data-dir {store}"), 0);
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    let relay = report["verified"]["relay"].as_u64().unwrap();
    assert!(relay >= 1300, "{report}");
    let compact = db(&prb, &format!("compact --level 9 --data-dir {store}"), 0);
    assert!(compact["after"].as_u64().unwrap() > 0);

    // A copy has what is sealed alone: of a chain this short no header. So it proves nothing.
    let exported = db(&prb, &format!("export {} --data-dir {store}", shown(&copy)), 0);
    assert!(exported["chunks"].as_u64().unwrap() >= 2, "{exported}");
    let import = format!("import {} --data-dir {}", shown(&copy), shown(&new));
    let refused = prb.run(&format!("db {import}"));
    assert_eq!(refused.status.code(), Some(1));
    let stderr = text(&refused.stderr);
    assert!(stderr.contains("the copy is refused: parachain header 0: it is missing"), "{stderr}");

    // One damaged chunk is found, named, and dropped.
    let genesis = dev.join("data-provider/chunks/genesis/0000000000-0000000000");
    std::fs::write(&genesis, b"bad").unwrap();
    let output = prb.run(&format!("db check --data-dir {store}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("genesis/"), "{}", text(&output.stderr));
    let repaired = db(&prb, &format!("repair --data-dir {store}"), 0);
    assert_eq!(repaired["dropped"][0], "genesis/0000000000-0000000000");
    assert!(!genesis.exists());
    let words = format!("repair --drop blocks --from 3 --to 2 --data-dir {store}");
    assert_eq!(prb.run(&format!("db {words}")).status.code(), Some(2));
}

#[test]
fn where_no_store_is_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let words = format!("--data-dir {}", shown(folder.path()));
    for command in ["check", "stats", "compact", "export /nowhere/copy", "repair"] {
        assert_refused(&format!("db {command} {words}"), 1, &["there is no store"]);
    }
    assert_refused(&format!("db import /nowhere {words}"), 1, &["there is no copy"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_refused(&format!("db repair --from 3 {words}"), 2, &["--drop"]);
}
