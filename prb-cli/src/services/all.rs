//! `prb run all`: the services in one process, composed as they are alone.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use prb_core::trader::{TraderHandle, TraderProgress, TraderRpc};
use prb_walkie::PeerId;
use prb_walkie::identity::{Identity, Name};
use prb_walkie::node::Walkie;
use tokio::sync::watch;

use super::node::{self, Settings, TRADER};
use super::{STOP_LIMIT, data_provider, identity, lifecycle, make_folder};
use crate::Failure;
use crate::args::{AllArgs, Place};
use crate::logging::{self, Log, Target};
use crate::process;
use crate::shutdown::Stack;

mod pages;

/// `prb run all`.
pub(crate) fn run(args: &AllArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, if args.json { &Target::Stderr } else { &Target::Stdout })?;
    let folders = Folders {
        provider: args.provider().data_dir.of_data_provider(),
        manager: args.manager().data_dir.of_manager(),
    };
    make_folder(&folders.provider)?;
    make_folder(&folders.manager)?;
    let session = async |stack: &mut Stack| Box::pin(serve(args, &folders, stack)).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// Where the services have their data, which may be the same folder.
struct Folders {
    provider: PathBuf,
    manager: PathBuf,
}

/// Each stands on those before it, and is stopped before them.
async fn serve(args: &AllArgs, folders: &Folders, stack: &mut Stack) -> Result<(), Failure> {
    // The monitor keeps nothing, so its key is made anew. Making one computes for a while.
    let guest = tokio::task::spawn_blocking(Identity::generate).await??;
    let mut args = args.clone();
    args.serving.access.white_list.push(PeerId::from_bytes(guest.peer_id().as_bytes())?);

    let begun = data_provider::begin(&args.provider(), &folders.provider, stack).await?;
    let provider = begun.provider.clone();
    let provider_ended = async {
        provider.wait().await;
        anyhow!("the data provider has ended")
    };
    let walkie = tokio::select! {
        joined = begun.join(stack) => joined?,
        error = provider_ended => return Err(Failure::Failed(error)),
    };

    // They find each other also where nobody else is to be found.
    let mut met = Met::default();
    met.add(&walkie);
    let mut manager_args = args.manager();
    met.introduce(&mut manager_args.serving.walkie.discovery.boot_nodes);
    let running = lifecycle::start(&manager_args, &folders.manager, stack).await?;
    met.add(&running.walkie);
    let trader = match &running.trader {
        None => None,
        Some(trader) => {
            let (chain, trader) = (running.chain.clone(), trader.clone());
            Some(join_trader(&args, &folders.manager, chain, trader, &met, stack).await?)
        }
    };
    if let Some(trader) = &trader {
        met.add(trader);
    }
    let monitor = pages::start(&args, &guest, met.0, running.queue.clone(), stack).await?;
    tracing::info!("all services run");

    tokio::select! {
        error = node::ended(&walkie) => Err(Failure::Failed(error)),
        () = provider.wait() => Err(Failure::Failed(anyhow!("the data provider has ended"))),
        error = running.failure() => Err(Failure::Failed(error)),
        error = ended(trader.as_ref()) => Err(Failure::Failed(error)),
        error = ended(monitor.as_ref()) => Err(Failure::Failed(error)),
        // Who read along has gone.
        () = lifecycle::tell(&running.lifecycle, Some(&provider), args.json) => Ok(()),
    }
}

/// Where services of this process are among their peers.
#[derive(Default)]
struct Met(Vec<String>);

impl Met {
    fn add(&mut self, walkie: &Walkie) {
        self.0.extend(walkie.listeners().iter().map(ToString::to_string));
    }

    /// Has somebody begin with them.
    fn introduce(&self, boot_nodes: &mut Vec<String>) {
        boot_nodes.extend(self.0.iter().cloned());
    }
}

/// Has the manager's trader answer peers, with an id of its own. Its figures are the manager's.
async fn join_trader(
    args: &AllArgs,
    folder: &Path,
    chain: String,
    trader: TraderHandle,
    met: &Met,
    stack: &mut Stack,
) -> Result<Walkie, Failure> {
    let mut serving = args.serving.at(Place::Trader);
    met.introduce(&mut serving.walkie.discovery.boot_nodes);
    let node = Settings { serving: &serving, folder }.prepare(&TRADER)?;
    let identity = identity(&serving.walkie.key_dir, Name::Trade).await?;
    let (_, progress) = watch::channel(TraderProgress::Running(trader));
    Ok(node.start(chain, &identity, TraderRpc::new(progress), stack).await?)
}

/// Resolves when a node has ended that nobody stopped, if there is one.
async fn ended(walkie: Option<&Walkie>) -> anyhow::Error {
    match walkie {
        None => std::future::pending().await,
        Some(walkie) => node::ended(walkie).await,
    }
}
