//! The process with all that the manager deals with.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderRpc};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig};
use prb_walkie::access::Mode;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Introduction, Walkie};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use serde_json::json;

use super::RunWorldArgs;
use super::outside::clock;
use crate::process::Usage;

/// Runs until its input ends.
pub(crate) fn run(args: &RunWorldArgs) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(world(args))
}

async fn world(args: &RunWorldArgs) -> Result<()> {
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(args.world.block_time),
        session_blocks: 600,
        authorities: args.world.authorities,
        history: args.world.history,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build()?.start().await?;
    let folder = tempfile::tempdir()?;
    let provider =
        DataProviderConfig::new(folder.path(), &network.relay_url(), &network.para_url());
    let provider = DataProvider::builder(provider).build()?.start().await?;
    let heights = *network.heights().borrow();
    let mut status = provider.subscribe();
    let stored = status.wait_for(|status| {
        i64::from(status.info.parent_committed_height) >= i64::from(heights.relay_finalized)
            && i64::from(status.info.para_committed_height) >= i64::from(heights.para_finalized)
    });
    stored.await?;
    // Not before: a provider learns of the last justification with the next block.
    network.faults().pause_blocks();
    let walkie =
        node(WalkieRoles::WrDataProviderInt, DataProviderRpc::new(provider.clone())).await?;
    let place = walkie.listeners().first().context("it listens")?.to_string();
    let double = DoubleConfig { light: true, workers: args.workers, ..DoubleConfig::default() };
    let double = Double::builder(double).build()?.start().await?;
    say(&json!({
        "para": network.para_url(), "provider": place, "worker": double.endpoint(),
    }))?;
    tokio::spawn(tell_finalized(network.clone()));
    let network = Arc::new(network);
    tokio::task::spawn_blocking(move || obey(&network)).await?
}

/// Does what it is told, line by line.
fn obey(network: &NetworkHandle) -> Result<()> {
    for line in io::stdin().lock().lines() {
        if line? == "resume" {
            network.faults().resume_blocks();
        } else {
            let calls: u64 = network.faults().para_rpc().calls().values().sum();
            say(&json!({ "calls": calls, "cpu": Usage::now()?.seconds() }))?;
        }
    }
    Ok(())
}

async fn tell_finalized(network: NetworkHandle) {
    let mut heights = network.heights();
    let mut last = heights.borrow().para_finalized;
    while heights.changed().await.is_ok() {
        let finalized = heights.borrow_and_update().para_finalized;
        let line = json!({ "finalized": finalized, "at": clock() });
        if finalized != last && say(&line).is_err() {
            return;
        }
        last = finalized;
    }
}

fn say(line: &serde_json::Value) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// A node that only finds whom it is told of.
pub(super) async fn node(role: WalkieRoles, handlers: impl WalkieRpc) -> Result<Walkie> {
    let mut config = Config::new(Introduction {
        hostname: "bench".into(),
        role,
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
    });
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    config.access.mode = Mode::Open;
    Ok(Walkie::builder(config).service(handlers).start(&Identity::generate()?).await?)
}
