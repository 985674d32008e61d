//! The commands of the README and the book: those of prb are what prb takes, and of every other
//! one it is said who runs it, or why nobody does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::fixture::{Prb, text};

/// Beginnings of commands that are not prb's own, each with where it is run or why not.
const OTHERS: &[(&str, &str)] = &[
    ("cargo run --release --bin prb -- run --dev", "tests/first-ten-minutes.sh"),
    ("cargo run --release --bin prb-bench", "figures, which take minutes alone on a machine"),
    ("cargo build --release --locked --bin prb", "a release build, as in first-ten-minutes.sh"),
    ("tests/run.sh", "it runs this"),
    ("curl --request POST http://127.0.0.1:3000/ptp", "the tests of the monitor"),
    ("curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:9462/api", "rest.rs"),
    ("curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type", "rest.rs"),
    ("curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:9462/state", "rest.rs"),
    ("curl http://127.0.0.1:9462/readyz", "watched.rs"),
    ("curl -X PUT -H \"Authorization: Bearer $TOKEN\" -d debug", "rest.rs"),
    ("TOKEN=", "rest.rs reads the same file"),
    ("docker ", "there is no Docker where tests run; compose.rs runs what the files say"),
    ("mkdir data", "needs nothing of ours"),
    ("sudo ", "needs root"),
    ("openssl rand", "needs nothing of ours"),
    ("export PATH=", "tests/first-ten-minutes.sh names the binary"),
    ("echo //Alice", "tests/first-ten-minutes.sh"),
    ("tar ", "needs nothing of ours"),
];

/// Each command in a block of shell, on one line and without comments.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let (mut shell, mut open) = (false, String::new());
    for line in page.lines() {
        if line.starts_with("```") {
            shell = line == "```sh";
            continue;
        }
        let line = line.split(" # ").next().unwrap().trim();
        if !shell || line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => open.push_str(part),
            None => commands.push(std::mem::take(&mut open) + line),
        }
    }
    commands
}

/// The commands of a line that are put together there, without where their output goes.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split(" | ").flat_map(|part| part.split(" && "));
    parts.map(|part| part.split(" > ").next().unwrap().trim())
}

fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = vec![root.join("README.md"), root.join("deploy/systemd/README.md")];
    for entry in fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "md") {
            paths.push(path);
        }
    }
    let read =
        |path: &std::path::PathBuf| (path.display().to_string(), fs::read_to_string(path).unwrap());
    paths.iter().map(read).collect()
}

#[test]
fn commands_are_what_prb_takes_or_stand_in_the_list() {
    let mut used = BTreeSet::new();
    let mut checked = BTreeSet::new();
    for (page, content) in pages() {
        for line in commands(&content) {
            for command in parts(&line) {
                if let Some(words) = command.strip_prefix("prb ") {
                    if checked.insert(words.to_owned()) {
                        // What precedes --help has to be known, and its values be meant.
                        let output = Prb::new().run(&format!("{words} --help"));
                        let said = text(&output.stderr);
                        assert!(output.status.success(), "{page}: {command}: {said}");
                    }
                    continue;
                }
                let known = OTHERS.iter().find(|(beginning, _)| command.starts_with(beginning));
                let (beginning, _) =
                    known.unwrap_or_else(|| panic!("{page}: who runs {command:?}?"));
                used.insert(*beginning);
            }
        }
    }
    assert!(checked.len() > 50, "only {} commands of prb were found", checked.len());
    let unused: Vec<_> = OTHERS.iter().filter(|(it, _)| !used.contains(it)).collect();
    assert!(unused.is_empty(), "no page has {unused:?}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for (page, content) in pages() {
        for (at, _) in content.match_indices("](") {
            let target = content[at + 2..].split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            let path = Path::new(&page).parent().unwrap().join(file);
            assert!(path.exists(), "{page} links to {target}");
        }
    }
}
