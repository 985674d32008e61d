//! The nodes of both chains, in a process of their own: what they cost is not the provider's.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle, Traffic};
use serde_json::{Value, json};

use super::History;

/// How often each method was called.
pub(super) type Calls = BTreeMap<String, u64>;

/// One chain's node.
pub(super) struct Chain {
    pub(super) url: String,
    pub(super) finalized: u32,
}

/// The other process; it ends with this one.
pub(super) struct Nodes {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(super) relay: Chain,
    pub(super) para: Chain,
    pub(super) para_id: u32,
}

impl Nodes {
    /// Starts it; returns when the history is made and served.
    pub(super) fn start(history: &History) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("ingest-node")
            .args(["--blocks", &history.blocks.to_string()])
            .args(["--session", &history.session.to_string()])
            .args(["--workers", &history.workers.to_string()])
            .args(["--interval", &history.interval.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("no input")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let first = read(&mut output)?;
        let chain = |name: &str| {
            let chain = &first[name];
            let url = chain["url"].as_str().context("no place")?.to_owned();
            let finalized = chain["finalized"].as_u64().context("no height")?;
            anyhow::Ok(Chain { url, finalized: u32::try_from(finalized)? })
        };
        let (relay, para) = (chain("relay")?, chain("para")?);
        let para_id = u32::try_from(first["para_id"].as_u64().context("no parachain")?)?;
        Ok(Self { child, input, output, relay, para, para_id })
    }

    /// Calls that the relay chain's and the parachain's node answered so far.
    pub(super) fn calls(&mut self) -> Result<[Calls; 2]> {
        writeln!(self.input)?;
        Ok(serde_json::from_value(read(&mut self.output)?)?)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Result<Value> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    serde_json::from_str(&line).context("the other process failed")
}

/// The other process: says how often it was called for each line it reads, until its input ends.
pub(crate) fn run(history: &History) -> Result<()> {
    let runtime = super::runtime()?;
    let network = runtime.block_on(network(history))?;
    let heights = *network.heights().borrow();
    say(&json!({
        "relay": { "url": network.relay_url(), "finalized": heights.relay_finalized },
        "para": { "url": network.para_url(), "finalized": heights.para_finalized },
        "para_id": network.chains().para_id,
    }))?;
    for line in io::stdin().lock().lines() {
        line?;
        let faults = network.faults();
        say(&json!([faults.relay_rpc().calls(), faults.para_rpc().calls()]))?;
    }
    Ok(())
}

fn say(line: &Value) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// The embedded network with a history, making no more blocks.
pub(super) async fn network(args: &History) -> Result<NetworkHandle> {
    let traffic = Traffic { workers: args.workers, interval: args.interval };
    let config = NetworkConfig {
        relay_block_time: Duration::from_secs(6),
        session_blocks: args.session,
        history: args.blocks,
        traffic: (args.workers > 0).then_some(traffic),
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build()?.start().await?;
    network.faults().pause_blocks();
    Ok(network)
}
