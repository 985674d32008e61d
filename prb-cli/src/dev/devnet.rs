//! The embedded network and its workers, with no bridge.

use std::io;

use anyhow::{Context, anyhow};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use serde_json::json;

use super::{STOP_LIMIT, workers};
use crate::Failure;
use crate::args::DevnetArgs;
use crate::logging::{self, Log, Target};
use crate::output::answer;
use crate::process;
use crate::shutdown::{Stack, said};

/// `prb run devnet`.
pub(crate) fn run(args: &DevnetArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    let session = async |stack: &mut Stack| serve(args, stack).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

async fn serve(args: &DevnetArgs, stack: &mut Stack) -> Result<(), Failure> {
    let network = Network::builder(config(args)).build().context("the network cannot be built")?;
    let network = network.start().await.context("the embedded network does not start")?;
    stack.push("network", {
        let network = network.clone();
        async move { said(network.shutdown().await) }
    });
    let started = workers::start(args.workers, args.worker_listen).await;
    let workers = started.context("a worker does not start")?;
    stack.push("workers", workers::stop(workers.clone()));
    announce(args, &network, &workers)?;
    let failure = async {
        if workers.is_empty() {
            return std::future::pending().await;
        }
        workers::failure(&workers).await
    };
    tokio::select! {
        ended = network.wait() => {
            ended.context("the embedded network has ended")?;
            Err(Failure::Failed(anyhow!("the embedded network has ended")))
        }
        reason = failure => Err(Failure::Failed(anyhow!(reason))),
    }
}

/// Who reads this may begin: everything listens.
fn announce(
    args: &DevnetArgs,
    network: &NetworkHandle,
    workers: &[workers::Worker],
) -> io::Result<()> {
    let (relay, para) = (network.relay_url(), network.para_url());
    let endpoints: Vec<_> = workers.iter().map(|worker| worker.double.endpoint()).collect();
    let ready = json!({ "event": "ready", "relay": relay, "para": para, "workers": endpoints });
    let listed = endpoints.join(" ");
    let text = format!("devnet ready: relay chain {relay}, parachain {para}, workers {listed}");
    answer(args.json, &ready, &text)
}

fn config(args: &DevnetArgs) -> NetworkConfig {
    NetworkConfig {
        relay_block_time: args.block_time(),
        relay_blocks_per_para_block: 1,
        history: args.history,
        para_listen: args.para_listen,
        relay_listen: args.relay_listen,
        ..NetworkConfig::default()
    }
}
