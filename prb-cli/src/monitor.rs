//! `prb monitor`: all services that can be found, as pages and as a JSON proxy.

use anyhow::Result;
use axum::Router;
use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Discovery, Introduction, Walkie};

use crate::Failure;
use crate::args::MonitorArgs;
use crate::logging::{self, Log, Target};
use crate::process;
use crate::services::{STOP_LIMIT, hostname, node};
use crate::shutdown::Stack;
use crate::web::Settings;

mod proxy;

/// `prb monitor`.
pub(crate) fn run(args: &MonitorArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stdout)?;
    let session = async |stack: &mut Stack| {
        let walkie = join(args, stack).await?;
        settings(args).serve(pages(walkie.clone()), stack).await?;
        Err(Failure::Failed(node::ended(&walkie).await))
    };
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// What it answers, for the peers of a node.
pub(crate) fn pages(walkie: Walkie) -> Router {
    proxy::pages(walkie)
}

fn settings(args: &MonitorArgs) -> Settings {
    Settings {
        name: "monitor",
        listen: args.listen,
        port: args.port,
        password_file: args.password_file.clone(),
        hosts: args.host.clone(),
    }
}

/// Its place among its peers, whom it only asks.
async fn join(args: &MonitorArgs, stack: &mut Stack) -> Result<Walkie> {
    let mut config = Config::new(Introduction::client(hostname()));
    config.listen.clone_from(&args.walkie_listen);
    config.discovery = Discovery {
        boot_nodes: args.boot_nodes.clone(),
        mdns: !args.no_mdns,
        older_mdns: !args.no_mdns,
        ..Discovery::default()
    };
    config.access.psk = args.psk_file.as_deref().map(PreSharedKey::load).transpose()?;
    // Making a key computes for a while.
    let identity = tokio::task::spawn_blocking(Identity::generate).await??;
    let walkie = Walkie::builder(config).start(&identity).await?;
    stack.push("peers", {
        let walkie = walkie.clone();
        async move { walkie.shutdown().await }
    });
    Ok(walkie)
}
