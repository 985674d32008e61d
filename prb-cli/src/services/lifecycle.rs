//! `prb run lifecycle`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use prb_core::blob::client::BlobClient;
use prb_core::blob::{PeerCandidates, WalkieBlobs};
use prb_core::chain::ChainClient;
use prb_core::data_provider::DataProviderHandle;
use prb_core::lifecycle::{
    CollateralService, Lifecycle, LifecycleConfig, LifecycleHandle, LifecycleRpc, StartFrom,
};
use prb_core::queue::JobQueue;
use prb_core::queue::lease::LeaseStore;
use prb_core::trader::TraderHandle;
use prb_walkie::identity::{Identity, Name};
use prb_walkie::node::Walkie;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::node::{self, LIFECYCLE, Settings};
use super::{STOP_LIMIT, admin, chain, identity, make_folder, registry, trading, version_3};
use crate::Failure;
use crate::args::{LifecycleArgs, Start};
use crate::logging::{self, Log, Target};
use crate::observe;
use crate::output::Output;
use crate::process;
use crate::shutdown::{Stack, said};
use crate::view::{Heights, View};

mod first_start;

/// How long calls to workers may go on when everything stops.
const WORKERS_STOP: Duration = Duration::from_secs(3);
/// How long the trader may wait for what it has sent to become final.
const TRADER_STOP: Duration = Duration::from_secs(3);
/// How long config mode waits for the chain, which it can do without.
const KNOWN_SOON: Duration = Duration::from_secs(3);
/// How often what is shown is brought up to date.
const REFRESH: Duration = Duration::from_millis(500);

/// `prb run lifecycle`.
pub(crate) fn run(args: &LifecycleArgs, log: &Log) -> Result<(), Failure> {
    queue_of_trader(args)?;
    logging::start(log, if args.json { &Target::Stderr } else { &Target::Stdout })?;
    let service = args.data_dir.of_manager();
    make_folder(&service)?;
    let session = async |stack: &mut Stack| serve(args, &service, stack).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// Whether whoever is to trade can reach the queue.
pub(super) fn queue_of_trader(args: &LifecycleArgs) -> Result<(), Failure> {
    if args.managing.redis.is_given() || args.built_in_trader != Some(false) {
        return Ok(());
    }
    Err(Failure::Usage(
        "--built-in-trader false needs a queue that a trader elsewhere can reach: give --redis"
            .into(),
    ))
}

async fn serve(args: &LifecycleArgs, folder: &Path, stack: &mut Stack) -> Result<(), Failure> {
    let running = start(args, folder, stack).await?;
    tokio::select! {
        error = running.failure() => Err(Failure::Failed(error)),
        // Who read along has gone.
        () = tell(&running.lifecycle, None, args.json) => Ok(()),
    }
}

/// The parts, while they run.
pub(super) struct Running {
    pub(super) walkie: Walkie,
    /// The chain's name among peers.
    pub(super) chain: String,
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) trader: Option<TraderHandle>,
    pub(super) lifecycle: LifecycleHandle,
}

/// Starts a manager with what it stands on.
pub(super) async fn start(
    args: &LifecycleArgs,
    folder: &Path,
    stack: &mut Stack,
) -> Result<Running, Failure> {
    let node = Settings { serving: &args.serving, folder }.prepare(&LIFECYCLE)?;
    let identity = identity(&args.serving.walkie.key_dir, Name::Lifecycle).await?;
    first_start::take_in(args.data_dir.inventory_of_version_2(), folder, &identity).await?;
    let registry = registry(&LIFECYCLE);
    let rest = admin::Rest::new(node.token()?);
    admin::start(
        args.serving.admin.admin_listen,
        &LIFECYCLE,
        registry.clone(),
        rest.clone(),
        stack,
    )
    .await?;
    let (queue, leases) = open_queue(args, folder, &identity, stack)?;
    let para = ChainClient::new(chain::nodes(&args.para.para_endpoints, args.para.endpoint_policy));

    let chain = if args.managing.workers.config_mode {
        let has_nodes = !args.para.para_endpoints.is_empty();
        chain::identity_if_known(has_nodes.then_some(&para), KNOWN_SOON).await
    } else {
        chain::identity(&para, None).await
    };
    let handlers = LifecycleRpc::default();
    let walkie = node.start(chain.clone(), &identity, handlers.clone(), stack).await?;
    let providers = Arc::new(PeerCandidates::start(walkie.clone()));
    stack.push("data providers' health", {
        let providers = providers.clone();
        async move { providers.shutdown().await }
    });

    // Over TCP where a provider serves it, else over calls between peers.
    let blobs = BlobClient::among(args.managing.sync.blobs(), &*providers)
        .fallback(Arc::new(WalkieBlobs::new(walkie.clone(), providers)))
        .start();
    stack.push("blobs", {
        let blobs = blobs.clone();
        async move { blobs.shutdown().await }
    });

    let trader = if args.managing.workers.config_mode {
        tracing::info!("config mode: pools and workers are kept, and nothing is done for them");
        None
    } else if args.built_in_trader.unwrap_or(leases.is_none()) {
        // Two traders of one account would disturb each other: where there is a shared queue, there
        // is one for it.
        let (chain, jobs, keys) = (para.clone(), queue.clone(), identity.clone());
        let trader = trading::start(chain, jobs, keys, args.managing.trading.batch_age()).await?;
        stack.push("trader", {
            let trader = trader.clone();
            async move { said(trader.shutdown(TRADER_STOP).await) }
        });
        Some(trader)
    } else {
        tracing::info!("a trader elsewhere is to do the jobs");
        None
    };

    let lifecycle = Lifecycle::builder(config(args, folder)?)
        .identity(identity)
        .chain(para)
        .blobs(Arc::new(blobs))
        .queue(queue.clone());
    let lifecycle = match leases {
        Some(leases) => lifecycle.leases(leases, node::hostname()),
        None => lifecycle,
    };
    let lifecycle =
        lifecycle.build()?.start().await.context("the lifecycle manager does not start")?;
    stack.push("lifecycle manager", {
        let lifecycle = lifecycle.clone();
        async move { said(lifecycle.shutdown().await) }
    });
    handlers.serve(lifecycle.clone());
    if let Some(address) = args.managing.v3_listen {
        version_3::start(address, lifecycle.clone(), queue.clone(), stack).await?;
    }
    registry.register(lifecycle.clone());
    registry.register(node::Peers::of(&walkie));
    rest.serve(&walkie);
    if let Some(trader) = &trader {
        registry.register(trader.clone());
    }
    tracing::info!(workers = lifecycle.reports().len(), "the lifecycle manager runs");
    Ok(Running { walkie, chain, queue, trader, lifecycle })
}

/// The queue, and where it is shared the leases of those who share it.
type Queue = (Arc<dyn JobQueue>, Option<Arc<dyn LeaseStore>>);

fn open_queue(
    args: &LifecycleArgs,
    folder: &Path,
    identity: &Identity,
    stack: &mut Stack,
) -> Result<Queue, Failure> {
    let Some(url) = args.managing.redis.url()? else {
        return Ok((trading::queue(folder, identity)?, None));
    };
    let queue = trading::shared_queue(&url, identity, false)?;
    stack.push("queue", {
        let queue = queue.clone();
        async move { queue.close().await }
    });
    Ok((queue.clone(), Some(queue)))
}

/// The manager's data, in the service's folder.
pub(crate) fn folder(service: &Path) -> PathBuf {
    service.join("lifecycle")
}

/// Settings of the manager, whose service has its data in this folder.
pub(crate) fn config(args: &LifecycleArgs, service: &Path) -> Result<LifecycleConfig> {
    let mut config = LifecycleConfig::new(folder(service));
    config.skip_attestation = args.managing.workers.skip_attestation;
    let mut collateral = CollateralService::new(args.managing.workers.pccs_url.clone());
    collateral.timeout = Duration::from_secs(args.managing.workers.pccs_timeout);
    config.collateral = Some(collateral);
    config.config_mode = args.managing.workers.config_mode;
    config.sync_only = args.managing.workers.sync_only;
    config.start_from = match args.managing.workers.start_from {
        Start::Kept => StartFrom::KeptState,
        Start::Genesis => StartFrom::Genesis,
    };
    config.min_bench_score = args.managing.workers.min_bench_score;
    config.enforce_min_bench_score = args.managing.workers.enforce_min_bench_score;
    args.managing.sync.apply(&mut config);
    config.webhook = args.managing.notices.webhook()?;
    config.recovered_after = args.managing.notices.recovered_after();
    config.shutdown_timeout = WORKERS_STOP;
    Ok(config)
}

impl Running {
    /// Waits until a part ends that nobody stopped, and says which and why.
    pub(super) async fn failure(&self) -> Error {
        tokio::select! {
            error = node::ended(&self.walkie) => error,
            error = self.trader_ended() => error,
            () = self.lifecycle.wait() => anyhow!("the lifecycle manager has ended"),
        }
    }

    async fn trader_ended(&self) -> Error {
        match &self.trader {
            None => std::future::pending().await,
            Some(trader) => trading::ended(trader).await,
        }
    }
}

/// Shows what changes, also of a data provider in the same process, as lines of JSON if they are
/// wanted: for people it is in the log. Returns when nobody looks any more.
pub(super) async fn tell(
    lifecycle: &LifecycleHandle,
    provider: Option<&DataProviderHandle>,
    json: bool,
) {
    if !json {
        return std::future::pending().await;
    }
    let (started, mut output) = (Instant::now(), Output::new(json));
    let mut view = View::default();
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let heights = lifecycle.heights();
        let known = |number: Option<u32>| number.unwrap_or(0);
        view.elapsed = started.elapsed();
        view.relay = Heights { best: known(heights.relay), finalized: known(heights.relay) };
        view.para = Heights { best: known(heights.para), finalized: known(heights.para) };
        view.provider = provider.map(|provider| observe::provider(&provider.status()));
        view.workers = observe::workers(&lifecycle.reports());
        if output.show(&view).is_err() {
            return;
        }
    }
}
