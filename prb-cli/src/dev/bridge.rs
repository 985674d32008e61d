//! The composition: every part started on those it stands on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle};
use prb_core::lifecycle::LifecycleHandle;
use prb_core::queue::JobQueue;
use prb_core::trader::TraderHandle;
use prb_devnet::network::{NetworkConfig, NetworkHandle};
use prb_walkie::identity::{Identity, Name};

use super::managing::{self, Ground};
use super::{network, workers};
use crate::observe;
use crate::services::trading;
use crate::shutdown::{Stack, said};
use crate::view::View;

/// How long the trader may wait for what it has sent to become final.
const TRADER_STOP: Duration = Duration::from_millis(1500);
/// How long the data provider may take to write down what it has.
const PROVIDER_STOP: Duration = Duration::from_secs(1);

/// Each worker takes a free port.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

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
pub struct Bridge {
    network: NetworkHandle,
    workers: Vec<workers::Worker>,
    pub(super) provider: DataProviderHandle,
    pub(super) trader: TraderHandle,
    pub(super) lifecycle: LifecycleHandle,
    pub(super) identity: Arc<Identity>,
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) para: ChainClient,
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
            async move { said(network.shutdown().await) }
        });
        note(format!("relay chain {}, parachain {}", network.relay_url(), network.para_url()));

        let workers =
            workers::start(options.workers, ANY_PORT).await.context("a worker does not start")?;
        stack.push("workers", workers::stop(workers.clone()));

        let provider = DataProvider::builder(provider_config(&options, &network)).build()?;
        let provider = provider.start().await.context("the data provider does not start")?;
        stack.push("data provider", {
            let provider = provider.clone();
            async move { said(provider.shutdown().await) }
        });

        let identity = Arc::new(identity(options.folder.join("keys")).await?);
        let queue = trading::queue(&options.folder, &identity)?;
        let para = ChainClient::new(ChainClientConfig::new([Endpoint::new(&network.para_url())]));
        let (chain, keys, jobs) = (para.clone(), identity.clone(), queue.clone());
        let trader = trading::start(chain, jobs, keys, options.block_time).await?;
        stack.push("trader", {
            let trader = trader.clone();
            async move { said(trader.shutdown(TRADER_STOP).await) }
        });

        let blobs = Arc::new(provider.clone());
        let ground =
            Ground { identity: identity.clone(), chain: para.clone(), blobs, queue: queue.clone() };
        let lifecycle = managing::start(&options, ground).await?;
        stack.push("lifecycle manager", {
            let lifecycle = lifecycle.clone();
            async move { said(lifecycle.shutdown().await) }
        });
        managing::add(&lifecycle, &workers).await?;
        Ok(Self { network, workers, provider, trader, lifecycle, identity, queue, para })
    }

    /// Waits until a part ends that nobody stopped, and says which and why.
    pub async fn failure(&self) -> Error {
        tokio::select! {
            ended = self.network.wait() => match ended {
                Ok(()) => anyhow!("the embedded network has ended"),
                Err(error) => Error::new(error).context("the embedded network has ended"),
            },
            reason = workers::failure(&self.workers) => Error::msg(reason),
            () = self.provider.wait() => anyhow!("the data provider has ended"),
            ended = self.trader.wait() => match ended {
                Ok(()) => anyhow!("the trader has ended"),
                Err(error) => Error::new(error),
            },
            () = self.lifecycle.wait() => anyhow!("the lifecycle manager has ended"),
        }
    }

    /// Brings a view up to date.
    pub fn update(&self, view: &mut View) {
        observe::chains(*self.network.heights().borrow(), view);
        view.provider = Some(observe::provider(&self.provider.status()));
        view.workers = observe::workers(&self.lifecycle.reports());
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

fn provider_config(options: &Options, network: &NetworkHandle) -> DataProviderConfig {
    let folder = options.folder.join("data-provider");
    DataProviderConfig {
        shutdown_timeout: PROVIDER_STOP,
        ..DataProviderConfig::new(folder, &network.relay_url(), &network.para_url())
    }
}

/// The key that lifecycle manager and trader share. Making one computes for a while.
async fn identity(folder: PathBuf) -> Result<Identity> {
    let load = move || Identity::load_or_create(&folder, Name::Lifecycle);
    Ok(tokio::task::spawn_blocking(load).await??)
}
