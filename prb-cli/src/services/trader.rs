//! `prb run trader`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use prb_core::chain::ChainClient;
use prb_core::trader::{TraderProgress, TraderRpc};
use prb_walkie::identity::{Identity, IdentityError, Name};
use tokio::sync::watch;

use super::node::{self, Settings, TRADER};
use super::{STOP_LIMIT, chain, identity, make_folder};
use crate::Failure;
use crate::args::TraderArgs;
use crate::logging::{self, Target};
use crate::process;
use crate::shutdown::Stack;

/// How often is looked whether the manager has made its identity.
const LOOK: Duration = Duration::from_secs(1);

/// `prb run trader`.
pub(crate) fn run(args: &TraderArgs, log: &str) -> Result<(), Failure> {
    logging::start(log, &Target::Stdout)?;
    let folder = args.data_dir.of_manager();
    make_folder(&folder)?;
    let session = async |stack: &mut Stack| serve(args, &folder, stack).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

async fn serve(args: &TraderArgs, folder: &Path, stack: &mut Stack) -> Result<(), Failure> {
    let settings =
        Settings { walkie: &args.walkie, access: &args.access, grpc: &args.grpc, folder };
    let node = settings.prepare(&TRADER)?;
    // Peers tell services apart by their ids, so the trader has one of its own; with the
    // manager's it only opens secrets.
    let identity = identity(&args.walkie.key_dir, Name::Trade).await?;
    let para = ChainClient::new(chain::nodes(&args.para.para_endpoints));
    let chain = chain::identity(&para, None).await;

    let (progress, shown) = watch::channel(TraderProgress::WaitingFor(String::new()));
    let walkie = node.start(chain, &identity, TraderRpc::new(shown), stack).await?;
    let trading = async {
        let _manager = managers_identity(&args.walkie.key_dir, &progress).await?;
        waits_for(&progress, "a queue in Redis, which this version cannot use yet".to_owned());
        std::future::pending().await
    };
    tokio::select! {
        error = node::ended(&walkie) => Err(Failure::Failed(error)),
        ended = trading => ended,
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
