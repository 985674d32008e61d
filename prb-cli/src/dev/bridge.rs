//! The composition: every part started on those it stands on.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use prb_devnet::network::{NetworkConfig, NetworkHandle};

use super::{network, workers};
use crate::shutdown::Stack;
use crate::view::{Heights, View};

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many workers, from 1.
    pub workers: u16,
    /// How many blocks both chains have before the bridge starts.
    pub history: u32,
    /// Time between blocks, of both chains.
    pub block_time: Duration,
    /// Where everything is kept.
    pub folder: PathBuf,
}

/// A running network with a bridge.
#[derive(Debug)]
pub struct Bridge {
    network: NetworkHandle,
    workers: Vec<workers::Worker>,
}

impl Bridge {
    /// Starts everything. What runs is added to `stack`, also if a later part fails; `note` is
    /// told what a person wants to know.
    pub async fn start(
        options: Options,
        stack: &mut Stack,
        note: &mut (dyn FnMut(String) + Send),
    ) -> Result<Self> {
        if options.history > 0 {
            note(format!("making {} blocks of history", options.history));
        }
        let network = network::start(network_config(&options), note)
            .await
            .context("the embedded network does not start")?;
        stack.push("network", {
            let network = network.clone();
            async move {
                if let Err(error) = network.shutdown().await {
                    tracing::warn!(%error, "the network");
                }
            }
        });
        note(format!("relay chain {}, parachain {}", network.relay_url(), network.para_url()));

        let workers = workers::start(options.workers).await.context("a worker does not start")?;
        stack.push("workers", workers::stop(workers.clone()));
        Ok(Self { network, workers })
    }

    /// Waits until a part ends that nobody stopped, and says which and why.
    pub async fn failure(&self) -> Error {
        tokio::select! {
            ended = self.network.wait() => match ended {
                Ok(()) => anyhow!("the embedded network has ended"),
                Err(error) => Error::new(error).context("the embedded network has ended"),
            },
            reason = workers::failure(&self.workers) => Error::msg(reason),
        }
    }

    /// Brings a view up to date.
    pub fn update(&self, view: &mut View) {
        let heights = *self.network.heights().borrow();
        view.relay = Heights { best: heights.relay_best, finalized: heights.relay_finalized };
        view.para = Heights { best: heights.para_best, finalized: heights.para_finalized };
    }
}

fn network_config(options: &Options) -> NetworkConfig {
    NetworkConfig {
        relay_block_time: options.block_time,
        relay_blocks_per_para_block: 1,
        history: options.history,
        ..NetworkConfig::default()
    }
}
