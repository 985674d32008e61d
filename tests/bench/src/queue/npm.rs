//! npm's bee-queue.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Process;

/// Works on jobs until it is dropped.
pub(super) fn consumer(folder: &Path, port: u16) -> Result<Process> {
    let mut process = Process::start(node(folder)?.arg("consumer").arg(port.to_string()))?;
    line(&mut process).context("bee-queue's consumer does not start")?;
    Ok(process)
}

/// Seconds for this many jobs.
pub(super) fn produce(
    folder: &Path,
    port: u16,
    jobs: usize,
    in_flight: usize,
    data: &str,
) -> Result<f64> {
    let mut command = node(folder)?;
    command
        .arg("producer")
        .args([port.to_string(), jobs.to_string(), in_flight.to_string()])
        .arg(data);
    let said: Value = serde_json::from_str(&line(&mut Process::start(&mut command)?)?)?;
    said["seconds"].as_f64().context("bee-queue's producer says how long it took")
}

fn node(folder: &Path) -> Result<Command> {
    ensure!(
        folder.join("node_modules").exists(),
        "{} has no node_modules: run `npm ci` there",
        folder.display()
    );
    let mut command = Command::new("node");
    command.arg(folder.join("bench.js"));
    Ok(command)
}

fn line(process: &mut Process) -> Result<String> {
    let mut line = String::new();
    let output = process.0.stdout.as_mut().context("its output is piped")?;
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.is_empty(), "it ended without a word");
    Ok(line)
}
