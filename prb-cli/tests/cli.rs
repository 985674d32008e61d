//! The real binary, from outside: what it prints, how it ends, and what it leaves behind.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

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

/// A running prb, ended with the test.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(prb: &Prb, words: &str) -> Self {
        let mut command = prb.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// What it prints. It goes on while somebody listens.
    fn stdout(&mut self) -> impl Iterator<Item = String> + '_ {
        self.stdout.by_ref().lines().map(Result::unwrap)
    }

    /// Asks it to stop, and waits at most `limit` for that.
    #[expect(clippy::disallowed_methods, reason = "no executor runs here")]
    fn terminate(&mut self, limit: Duration) -> ExitStatus {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "still running after {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

#[test]
fn a_double_serves_once_it_says_so_and_stops_when_told() {
    let prb = Prb::new();
    let mut running = Running::start(&prb, "run pruntime --listen 127.0.0.1:0");
    let ready = running.stdout().next().unwrap();
    let address = ready.strip_prefix("pRuntime double ready at http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /info HTTP/1.1\r\nHost: prb\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""initialized":false"#), "{answer}");
    assert_eq!(running.terminate(Duration::from_secs(10)).code(), Some(0));
    assert!(prb.left_behind().is_empty());
}

#[test]
fn a_worker_computes_on_the_embedded_network() {
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
fn a_goal_missed_on_the_embedded_network_has_a_reason_for_each_worker() {
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
fn the_embedded_network_stops_in_order_when_told() {
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
