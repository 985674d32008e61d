//! `prb run data-provider`.

use std::io::{self, IsTerminal, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use prb_core::blob::BlobSource;
use prb_core::blob::server::{BlobServer, BlobServerConfig};
use prb_core::chain::ChainClient;
use prb_core::data_provider::{
    DataProvider, DataProviderConfig, DataProviderHandle, DataProviderRpc, StoreError,
};
use prb_core::telemetry::Registry;
use prb_walkie::identity::{Identity, Name};
use prb_walkie::node::Walkie;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::node::{self, DATA_PROVIDER, Prepared, Settings};
use super::{STOP_LIMIT, admin, chain, identity, make_folder, registry};
use crate::Failure;
use crate::args::DataProviderArgs;
use crate::logging::{self, Log, Target};
use crate::output::Bar;
use crate::process;
use crate::shutdown::{Stack, said};
use crate::view::progress;

/// How often what is shown is brought up to date.
const REFRESH: Duration = Duration::from_millis(500);

/// How often an empty bucket is looked into.
const EMPTY: Duration = Duration::from_secs(5);

/// `prb run data-provider`.
pub(crate) fn run(args: &DataProviderArgs, log: &Log) -> Result<(), Failure> {
    let show = Show::new(args.json);
    match &show {
        Show::Bar(bar) => logging::start(log, &Target::Above(bar))?,
        Show::Lines => logging::start(log, &Target::Stdout)?,
        Show::Json => logging::start(log, &Target::Stderr)?,
    }
    let folder = args.data_dir.of_data_provider();
    make_folder(&folder)?;
    let session = async |stack: &mut Stack| Box::pin(serve(args, &folder, &show, stack)).await;
    let ended = process::block_on(process::until_stopped(STOP_LIMIT, session));
    if let Show::Bar(bar) = &show {
        bar.end();
    }
    ended
}

async fn serve(
    args: &DataProviderArgs,
    folder: &Path,
    show: &Show,
    stack: &mut Stack,
) -> Result<(), Failure> {
    let begun = begin(args, folder, stack).await?;
    let provider = begun.provider.clone();
    let joined = async {
        match begun.join(stack).await {
            Ok(walkie) => node::ended(&walkie).await,
            Err(error) => error,
        }
    };
    tokio::select! {
        error = joined => Err(Failure::Failed(error)),
        () = provider.wait() => Err(Failure::Failed(anyhow!("the data provider has ended"))),
        // Who read along has gone.
        () = tell(&provider, show) => Ok(()),
    }
}

/// A provider that runs, and is no peer yet.
pub(super) struct Begun {
    pub(super) provider: DataProviderHandle,
    node: Prepared,
    identity: Arc<Identity>,
    para: ChainClient,
    registry: Registry,
    rest: admin::Rest,
}

/// Starts the provider, and serves blobs and those who watch it.
pub(super) async fn begin(
    args: &DataProviderArgs,
    folder: &Path,
    stack: &mut Stack,
) -> Result<Begun, Failure> {
    let node = Settings { serving: &args.serving, folder }.prepare(&DATA_PROVIDER)?;
    let identity = identity(&args.serving.walkie.key_dir, Name::DataProvider).await?;
    let registry = registry(&DATA_PROVIDER);
    let rest = admin::Rest::new(node.token()?);
    admin::start(
        args.serving.admin.admin_listen,
        &DATA_PROVIDER,
        registry.clone(),
        rest.clone(),
        stack,
    )
    .await?;
    let config = config(args, folder)?;
    let para = ChainClient::new(config.para.clone());
    let provider = start(&config).await?;
    stack.push("data provider", {
        let provider = provider.clone();
        async move { said(provider.shutdown().await) }
    });

    registry.register(provider.clone());

    let blobs =
        BlobServer::builder(blob_server(args), Arc::new(provider.clone())).build().start().await?;
    provider.announce_blob_server(blobs.address().port());
    tracing::info!(address = %blobs.address(), "serves blobs");
    registry.register(blobs.clone());
    stack.push("blob server", async move { blobs.shutdown().await });
    Ok(Begun { provider, node, identity, para, registry, rest })
}

impl Begun {
    /// Joins its peers, once it is known which chain it is for.
    pub(super) async fn join(self, stack: &mut Stack) -> anyhow::Result<Walkie> {
        let Self { provider, node, identity, para, registry, rest } = self;
        let chain = chain::identity(&para, Some(&provider as &dyn BlobSource)).await;
        let handlers = DataProviderRpc::new(provider);
        let walkie = node.start(chain, &identity, handlers.clone(), stack).await?;
        registry.register(node::Peers::of(&walkie));
        rest.serve(&walkie);
        stack.push("gets that wait", async move { handlers.stop_waiting() });
        Ok(walkie)
    }
}

/// Starts it; where it is to serve a bucket into which nothing was put yet, when that has been done.
async fn start(config: &DataProviderConfig) -> anyhow::Result<DataProviderHandle> {
    loop {
        match DataProvider::builder(config.clone()).build()?.start().await {
            Err(error @ StoreError::Absent { .. }) => {
                tracing::warn!(%error, "waiting for the provider that ingests");
                tokio::time::sleep(EMPTY).await;
            }
            started => return started.context("the data provider does not start"),
        }
    }
}

/// Settings of the server of blobs.
pub(crate) fn blob_server(args: &DataProviderArgs) -> BlobServerConfig {
    let mut config = BlobServerConfig::new((Ipv4Addr::UNSPECIFIED, args.store.blob_port).into());
    config.connection_bytes = usize::from(args.store.blob_session_memory) << 20;
    config
}

/// Settings of the provider, which has its data in this folder.
pub(super) fn config(
    args: &DataProviderArgs,
    folder: &Path,
) -> Result<DataProviderConfig, Failure> {
    let mut config = DataProviderConfig::new(folder.join("store"), "", "");
    config.store.bucket = args.store.bucket.bucket()?;
    config.store.read_only = args.store.bucket.read_only;
    let policy = args.para.endpoint_policy;
    config.relay = chain::nodes(&args.store.relay.relay_endpoints, policy);
    config.para = chain::nodes(&args.para.para_endpoints, policy);
    config.light = args.store.light;
    config.stall_after = Duration::from_secs(args.store.stall_after);
    config.shutdown_timeout = Duration::from_secs(6);
    Ok(config)
}

/// Where progress is shown.
enum Show {
    /// In a line at the bottom of a terminal.
    Bar(Bar),
    /// As a line for each change.
    Lines,
    /// The same as JSON.
    Json,
}

impl Show {
    fn new(json: bool) -> Self {
        match (json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Bar(Bar::default()),
            (false, false) => Self::Lines,
        }
    }
}

/// Shows how the provider gets on, until nobody looks any more.
async fn tell(provider: &DataProviderHandle, show: &Show) {
    let started = Instant::now();
    let mut told = None;
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let status = provider.status();
        let line = match show {
            Show::Bar(bar) => {
                if bar.show(&progress::bar(&status)).is_err() {
                    return;
                }
                continue;
            }
            _ if !progress::is_news(told.as_ref(), &status) => continue,
            Show::Lines => progress::line(started.elapsed(), &status),
            Show::Json => progress::json(started.elapsed(), &status),
        };
        if writeln!(io::stdout(), "{line}").is_err() {
            return;
        }
        told = Some(status);
    }
}
