//! npm's bee-queue in a process of its own.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);

/// The program in `tests/interop/queue`.
pub(super) struct Npm {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    asked: u64,
    /// What it said while an answer was waited for.
    heard: VecDeque<Value>,
}

impl Npm {
    pub(super) async fn start(socket: &Path) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/queue");
        assert!(
            folder.join("node_modules").exists(),
            "run `npm ci` in {}; tests/run.sh does",
            folder.display()
        );
        let mut child = Command::new("node")
            .arg(folder.join("queue.js"))
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed; tests/run.sh installs it");
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut npm = Self { _child: child, input, output, asked: 0, heard: VecDeque::new() };
        npm.hear("ready").await;
        npm
    }

    /// Does something and returns the answer.
    pub(super) async fn ask(&mut self, what: &str, mut with: Value) -> Value {
        self.asked += 1;
        with["do"] = json!(what);
        with["number"] = json!(self.asked);
        self.input.write_all(format!("{with}\n").as_bytes()).await.unwrap();
        loop {
            let said = self.line().await;
            if said["answer"] == json!(self.asked) {
                assert_eq!(said["error"], Value::Null, "{what} failed");
                return said;
            }
            self.heard.push_back(said);
        }
    }

    /// The next event of this name.
    pub(super) async fn hear(&mut self, event: &str) -> Value {
        if let Some(at) = self.heard.iter().position(|said| said["event"] == event) {
            return self.heard.remove(at).unwrap();
        }
        loop {
            let said = self.line().await;
            if said["event"] == event {
                return said;
            }
            self.heard.push_back(said);
        }
    }

    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.output.next_line()).await.expect("it says something");
        serde_json::from_str(&line.unwrap().expect("it runs")).unwrap()
    }
}
