//! The nodes of both chains, in a process of their own: what they cost is not the provider's.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle, Traffic};
use serde_json::json;

use super::History;
use super::process::{Process, say};
use crate::process::Usage;

/// Between two relay blocks, as on Kusama.
const BLOCK_TIME: Duration = Duration::from_secs(6);

/// How often each method was called.
pub(super) type Calls = BTreeMap<String, u64>;

/// One chain's node.
pub(super) struct Chain {
    pub(super) url: String,
    pub(super) finalized: u32,
}

/// The other process.
pub(super) struct Nodes {
    process: Process,
    pub(super) relay: Chain,
    pub(super) para: Chain,
    pub(super) para_id: u32,
}

impl Nodes {
    /// Starts it; returns when the history is made and served.
    pub(super) fn start(history: &History) -> Result<Self> {
        let mut arguments = vec!["ingest-node".to_owned()];
        for (name, value) in [
            ("--blocks", history.blocks),
            ("--session", history.session),
            ("--workers", history.workers),
            ("--interval", history.interval),
        ] {
            arguments.extend([name.to_owned(), value.to_string()]);
        }
        let mut process = Process::start(&arguments)?;
        let first = process.hear()?;
        let chain = |name: &str| {
            let chain = &first[name];
            let url = chain["url"].as_str().context("no place")?.to_owned();
            let finalized = chain["finalized"].as_u64().context("no height")?;
            anyhow::Ok(Chain { url, finalized: u32::try_from(finalized)? })
        };
        let (relay, para) = (chain("relay")?, chain("para")?);
        let para_id = u32::try_from(first["para_id"].as_u64().context("no parachain")?)?;
        Ok(Self { process, relay, para, para_id })
    }

    /// CPU time that both nodes have used.
    pub(super) fn usage(&self) -> Result<Usage> {
        self.process.usage()
    }

    /// Calls that the relay chain's and the parachain's node answered so far.
    pub(super) fn calls(&mut self) -> Result<[Calls; 2]> {
        self.process.tell(&json!("calls"))?;
        Ok(serde_json::from_value(self.process.hear()?)?)
    }
}

/// The other process: says how often it was called for each line it reads, until its input ends.
pub(crate) fn run(history: &History) -> Result<()> {
    let runtime = super::runtime()?;
    let network = runtime.block_on(network(history, BLOCK_TIME))?;
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

/// The embedded network with a history, making no more blocks.
pub(super) async fn network(args: &History, block_time: Duration) -> Result<NetworkHandle> {
    let traffic = Traffic { workers: args.workers, interval: args.interval };
    let config = NetworkConfig {
        relay_block_time: block_time,
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
