//! `prb run trader`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use prb_core::chain::ChainClient;
use prb_core::queue::QueueError;
use prb_core::telemetry::{Obstacle, Samples, Source};
use prb_core::trader::{TraderHandle, TraderProgress, TraderRpc};
use prb_walkie::identity::{Identity, IdentityError, Name};
use tokio::sync::watch;

use super::node::{self, Settings, TRADER};
use super::{STOP_LIMIT, admin, chain, identity, make_folder, registry, trading};
use crate::Failure;
use crate::args::TraderArgs;
use crate::logging::{self, Log, Target};
use crate::process;
use crate::shutdown::{Stack, said};

/// How often is looked whether the manager has made its identity.
const LOOK: Duration = Duration::from_secs(1);
/// How long it may wait for what it has sent to become final when it stops.
const TRADER_STOP: Duration = Duration::from_secs(5);

/// `prb run trader`.
pub(crate) fn run(args: &TraderArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stdout)?;
    let redis = args.redis.needed_by("a trader")?;
    let folder = args.data_dir.of_manager();
    make_folder(&folder)?;
    let session = async |stack: &mut Stack| Box::pin(serve(args, &redis, &folder, stack)).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

async fn serve(
    args: &TraderArgs,
    redis: &str,
    folder: &Path,
    stack: &mut Stack,
) -> Result<(), Failure> {
    let node = Settings { serving: &args.serving, folder }.prepare(&TRADER)?;
    // Peers tell services apart by their ids, so the trader has one of its own; with the
    // manager's it only opens secrets.
    let identity = identity(&args.serving.walkie.key_dir, Name::Trade).await?;
    let para = ChainClient::new(chain::nodes(&args.para.para_endpoints, args.para.endpoint_policy));
    let registry = registry(&TRADER);
    let rest = admin::Rest::new(node.token()?);
    admin::start(args.serving.admin.admin_listen, &TRADER, registry.clone(), rest.clone(), stack)
        .await?;
    let chain = chain::identity(&para, None).await;

    let (progress, shown) = watch::channel(TraderProgress::WaitingFor(String::new()));
    registry.register(Waiting(shown.clone()));
    let walkie = node.start(chain, &identity, TraderRpc::new(shown), stack).await?;
    registry.register(node::Peers::of(&walkie));
    rest.serve(&walkie);
    let trading = async {
        let manager = managers_identity(&args.serving.walkie.key_dir, &progress).await?;
        let queue = trading::shared_queue(redis, &manager, args.accept_unsigned_jobs)?;
        stack.push("queue", {
            let queue = queue.clone();
            async move { queue.close().await }
        });
        let batch_age = args.trading.batch_age();
        let trader = trading::start(para, queue.clone(), manager, batch_age).await?;
        stack.push("trader", {
            let trader = trader.clone();
            async move { said(trader.shutdown(TRADER_STOP).await) }
        });
        registry.register(trader.clone());
        tracing::info!("the trader runs");
        tokio::select! {
            error = trading::ended(&trader) => Err(error),
            () = tell(&trader, queue.trouble(), &progress) => Ok(()),
        }
    };
    tokio::select! {
        error = node::ended(&walkie) => Err(Failure::Failed(error)),
        ended = trading => Ok(ended?),
    }
}

/// What a trader waits for, as it is watched.
struct Waiting(watch::Receiver<TraderProgress>);

impl Source for Waiting {
    fn measure(&self, _: &mut Samples) {}

    fn obstacles(&self) -> Vec<Obstacle> {
        match &*self.0.borrow() {
            TraderProgress::WaitingFor(reason) => {
                let (part, reason) = ("trader".to_owned(), format!("it waits for {reason}"));
                vec![Obstacle { part, reason, since: None }]
            }
            TraderProgress::Running(_) => Vec::new(),
        }
    }
}

/// Says of the trader that it runs, or that it waits for the queue as long as that stands still.
/// Returns when the queue is closed.
async fn tell(
    trader: &TraderHandle,
    mut trouble: watch::Receiver<Option<QueueError>>,
    progress: &watch::Sender<TraderProgress>,
) {
    loop {
        let now = match &*trouble.borrow_and_update() {
            None => TraderProgress::Running(trader.clone()),
            Some(error) => TraderProgress::WaitingFor(error.to_string()),
        };
        progress.send_replace(now);
        if trouble.changed().await.is_err() {
            return;
        }
    }
}

/// The identity that operators' secrets are sealed to. Its manager makes it; until then it is
/// waited for.
async fn managers_identity(
    folder: &Path,
    progress: &watch::Sender<TraderProgress>,
) -> Result<Arc<Identity>> {
    loop {
        match Identity::load(folder, Name::Lifecycle) {
            Ok(identity) => return Ok(Arc::new(identity)),
            Err(error @ IdentityError::Missing { .. }) => {
                waits_for(progress, format!("the lifecycle manager's identity: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Says what is waited for, once.
fn waits_for(progress: &watch::Sender<TraderProgress>, what: String) {
    progress.send_if_modified(|progress| {
        if matches!(progress, TraderProgress::WaitingFor(before) if *before == what) {
            return false;
        }
        tracing::info!(what, "waiting");
        *progress = TraderProgress::WaitingFor(what);
        true
    });
}
