//! The other process, as the manager's sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Args;

/// Lines that wait to be read: one for each block.
const MAX_LINES: usize = 4096;

/// Where its parts are.
pub(super) struct Places {
    /// The parachain's node.
    pub(super) para: String,
    /// The data provider, as a multiaddress.
    pub(super) provider: String,
    /// The workers, without `/w/n`.
    pub(super) worker: String,
}

/// What the other process did so far.
pub(super) struct Account {
    /// Calls that the parachain's node answered, whoever asked.
    pub(super) para_calls: u64,
    /// CPU time.
    pub(super) cpu_seconds: f64,
    /// Parachain blocks that became final since the last account, and when.
    pub(super) finalized: Vec<(u32, f64)>,
}

/// The other process; it ends with this one.
pub(super) struct Outside {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<Value>,
    pub(super) places: Places,
}

impl Outside {
    /// Starts it; returns when all its parts run and the history is stored.
    pub(super) fn start(args: &Args) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("fleet-world")
            .args(["--workers", &(args.workers * args.managers).to_string()])
            .args(["--history", &args.world.history.to_string()])
            .args(["--authorities", &args.world.authorities.to_string()])
            .args(["--block-time", &args.world.block_time.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("no input")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let mut first = String::new();
        output.read_line(&mut first)?;
        let first: Value = serde_json::from_str(&first).context("the other process failed")?;
        let text = |name: &str| first[name].as_str().map(str::to_owned).context("no place");
        let places =
            Places { para: text("para")?, provider: text("provider")?, worker: text("worker")? };
        let (lines, receiver) = mpsc::channel(MAX_LINES);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if lines.blocking_send(serde_json::from_str(&line).unwrap_or_default()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, lines: receiver, places })
    }

    /// Lets the chains go on.
    pub(super) fn resume(&mut self) -> Result<()> {
        Ok(writeln!(self.input, "resume")?)
    }

    /// What it did so far.
    pub(super) async fn account(&mut self) -> Result<Account> {
        writeln!(self.input, "account")?;
        let mut finalized = Vec::new();
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), self.lines.recv());
            let line = line.await?.context("the other process has ended")?;
            if let Some(para_calls) = line["calls"].as_u64() {
                let cpu_seconds = line["cpu"].as_f64().context("no CPU time")?;
                return Ok(Account { para_calls, cpu_seconds, finalized });
            }
            match (line["finalized"].as_u64(), line["at"].as_f64()) {
                (Some(block), Some(at)) => finalized.push((u32::try_from(block)?, at)),
                _ => bail!("the other process says {line}"),
            }
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds, by the clock that both processes have.
pub(super) fn clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
