//! The real binary, from outside: what it prints, how it ends, and what it leaves behind.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder of its own for each test: whatever is left behind shows there.
struct Prb {
    folder: tempfile::TempDir,
}

impl Prb {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prb"));
        command
            .args(words.split_whitespace())
            .env("TMPDIR", self.folder.path())
            .env_remove("PHALA_LOGGER_LEVEL")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// One line on standard error with these words, nothing on standard output, nothing left.
#[track_caller]
fn assert_refused(words: &str, code: i32, expected: &[&str]) {
    let prb = Prb::new();
    let output = prb.run(words);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{words}: {stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{words}: no {part:?} in {stderr}");
    }
    assert_eq!(text(&output.stdout), "", "{words}");
    assert!(prb.left_behind().is_empty(), "{words}: {:?}", prb.left_behind());
}

#[test]
fn help_is_as_checked_in() {
    for words in ["prb", "prb run", "prb run pruntime"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/help")
            .join(format!("{}.txt", words.replace(' ', "-")));
        let arguments = words.strip_prefix("prb").unwrap();
        let output = Prb::new().run(&format!("{arguments} --help"));
        assert!(output.status.success());
        let expected = fs::read_to_string(&file).unwrap();
        assert_eq!(text(&output.stdout), expected, "{words} --help differs from {file:?}");
    }
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
