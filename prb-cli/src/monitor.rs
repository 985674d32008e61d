//! `prb monitor`: all services that can be found, as pages and as a JSON proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Discovery, Introduction, Walkie};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::args::MonitorArgs;
use crate::logging::{self, Log, Target};
use crate::process;
use crate::services::{STOP_LIMIT, hostname, node};
use crate::shutdown::Stack;
use crate::web::Settings;

mod asking;
mod manager;
mod peers;
mod provider;
mod proxy;
mod trader;

use asking::Asking;

/// Where one can go from any page.
const LINKS: &[(&str, &str)] = &[("/", "Peers")];

/// `prb monitor`.
pub(crate) fn run(args: &MonitorArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stdout)?;
    let session = async |stack: &mut Stack| {
        let settings = Settings::new("monitor", &args.pages);
        let listener = settings.bind().await?;
        // Making a key computes for a while.
        let identity = tokio::task::spawn_blocking(Identity::generate).await??;
        let (walkie, _) = start(config(args)?, &identity, &settings, listener, stack).await?;
        Err(Failure::Failed(node::ended(&walkie).await))
    };
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// Joins peers, whom it only asks, and serves what they tell. Its place among them, and where its
/// pages are.
pub(crate) async fn start(
    config: Config,
    identity: &Identity,
    settings: &Settings,
    listener: TcpListener,
    stack: &mut Stack,
) -> Result<(Walkie, SocketAddr)> {
    let walkie = Walkie::builder(config).start(identity).await?;
    stack.push("peers", {
        let walkie = walkie.clone();
        async move { walkie.shutdown().await }
    });
    let asking = Arc::new(Asking::new(walkie.clone(), settings.frame()));
    watch(Arc::clone(&asking), stack);
    let pages = pages(asking).merge(proxy::pages(walkie.clone()));
    let address = settings.serve_on(listener, pages, stack)?;
    Ok((walkie, address))
}

/// Watches data providers until stopped.
fn watch(asking: Arc<Asking>, stack: &mut Stack) {
    let stop = CancellationToken::new();
    let watching = stop.clone().run_until_cancelled_owned(provider::history::watch(asking));
    let watching = tokio::spawn(watching);
    stack.push("watch over data providers", async move {
        stop.cancel();
        // It ends as it was told to.
        let _ = watching.await;
    });
}

fn pages(asking: Arc<Asking>) -> Router {
    Router::new()
        .route("/", get(peers::page))
        .route("/live/peers", get(peers::changes))
        .route("/providers/{peer}", get(provider::page))
        .route("/live/providers/{peer}", get(provider::changes))
        .route("/traders/{peer}", get(trader::page))
        .route("/live/traders/{peer}", get(trader::changes))
        .merge(manager::pages())
        .with_state(asking)
}

fn config(args: &MonitorArgs) -> Result<Config> {
    let mut config = Config::new(Introduction::client(hostname()));
    config.listen.clone_from(&args.walkie_listen);
    config.discovery = Discovery {
        boot_nodes: args.boot_nodes.clone(),
        mdns: !args.no_mdns,
        older_mdns: !args.no_mdns,
        ..Discovery::default()
    };
    config.access.psk = args.psk_file.as_deref().map(PreSharedKey::load).transpose()?;
    Ok(config)
}
