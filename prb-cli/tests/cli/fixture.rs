//! Running the binary.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::shapes;

/// A folder of its own for each test: whatever is left behind shows there.
pub(crate) struct Prb {
    pub(crate) folder: tempfile::TempDir,
}

impl Prb {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prb"));
        command
            .args(words.split_whitespace())
            .env("TMPDIR", self.folder.path())
            .env_remove("PHALA_LOGGER_LEVEL")
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, words: &str) -> Output {
        let output = self.command(words).output().unwrap();
        shapes::check(words, &output.stdout);
        output
    }

    /// The same with this on its standard input.
    #[track_caller]
    pub(crate) fn run_with(&self, words: &str, stdin: &str) -> Output {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that refuses its arguments ends without reading it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        shapes::check(words, &output.stdout);
        output
    }

    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// A running prb, ended with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(prb: &Prb, words: &str) -> Self {
        let mut command = prb.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// What it prints. It goes on while somebody listens.
    pub(crate) fn stdout(&mut self) -> impl Iterator<Item = String> + '_ {
        self.stdout.by_ref().lines().map(Result::unwrap)
    }

    /// Asks it to stop, and waits at most `limit` for that.
    #[expect(clippy::disallowed_methods, reason = "no executor runs here")]
    pub(crate) fn terminate(&mut self, limit: Duration) -> ExitStatus {
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

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// One line on standard error with these words, nothing on standard output, nothing left.
#[track_caller]
pub(crate) fn assert_refused(words: &str, code: i32, expected: &[&str]) {
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
