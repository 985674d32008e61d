//! The monitor and the queue page of the embedded bridge, which finds its services as it would
//! elsewhere: as peers.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use prb_core::data_provider::DataProviderRpc;
use prb_core::lifecycle::LifecycleRpc;
use prb_core::trader::{TraderProgress, TraderRpc};
use prb_walkie::PeerId;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Discovery, Introduction, Walkie};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::bridge::Bridge;
use crate::args::{DevArgs, Listen};
use crate::services::{chain, hostname};
use crate::shutdown::Stack;
use crate::web::Settings;
use crate::{monitor, queue_page};

/// Nobody else is to find them.
const ALONE: Discovery =
    Discovery { boot_nodes: Vec::new(), mdns: false, older_mdns: false, any_bridge: false };

/// Starts the pages that are wanted; what a person wants to know of them.
pub(super) async fn start(
    bridge: &Bridge,
    args: &DevArgs,
    stack: &mut Stack,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    if args.until.is_some() {
        // Nobody looks who waits for an end.
        return Ok(notes);
    }
    let usual = |port: u16| Listen::At((Ipv4Addr::LOCALHOST, port).into());
    if let Listen::At(address) = args.queue_listen.unwrap_or(usual(4567)) {
        let listener = bind(address, &mut notes).await?;
        let settings = settings("queue");
        let pages = queue_page::pages(bridge.queue.clone(), settings.frame());
        let address = settings.serve_on(listener, pages, stack)?;
        notes.push(format!("queue page http://{address}"));
    }
    if let Listen::At(address) = args.monitor_listen.unwrap_or(usual(3000)) {
        let listener = bind(address, &mut notes).await?;
        let address = start_monitor(bridge, listener, stack).await?;
        notes.push(format!("monitor http://{address}"));
    }
    Ok(notes)
}

fn settings(name: &'static str) -> Settings {
    Settings { name, listen: None, port: 0, password_file: None, hosts: Vec::new() }
}

/// A busy port is replaced by a free one, and said.
async fn bind(address: SocketAddr, notes: &mut Vec<String>) -> Result<TcpListener> {
    let listener = match TcpListener::bind(address).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && address.port() != 0 => {
            notes.push(format!("port {} is busy, so a free one is taken", address.port()));
            TcpListener::bind((address.ip(), 0)).await
        }
        bound => bound,
    };
    listener.with_context(|| format!("cannot listen at {address}"))
}

async fn start_monitor(
    bridge: &Bridge,
    listener: TcpListener,
    stack: &mut Stack,
) -> Result<SocketAddr> {
    // Making keys computes for a while.
    let make = || -> Result<_> {
        Ok((Identity::generate()?, Identity::generate()?, Identity::generate()?))
    };
    let (provider, trader, own) = tokio::task::spawn_blocking(make).await??;
    let chain = chain::identity(&bridge.para, None).await;
    let guest = PeerId::from_bytes(own.peer_id().as_bytes())?;
    let mut place = Place { chain, guest, met: Vec::new() };

    let handlers = DataProviderRpc::new(bridge.provider.clone());
    place.join(WalkieRoles::WrDataProviderInt, &provider, handlers.clone(), stack).await?;
    stack.push("gets that wait", async move { handlers.stop_waiting() });
    let handlers = LifecycleRpc::default();
    handlers.serve(bridge.lifecycle.clone());
    place.join(WalkieRoles::WrLifecycleManager, &bridge.identity, handlers, stack).await?;
    let (_, progress) = watch::channel(TraderProgress::Running(bridge.trader.clone()));
    place.join(WalkieRoles::WrTrader, &trader, TraderRpc::new(progress), stack).await?;

    let mut config = Config::new(Introduction::client(hostname()));
    config.discovery = Discovery { boot_nodes: place.met, ..ALONE };
    let settings = settings("monitor");
    let (_, address) = monitor::start(config, &own, &settings, listener, stack).await?;
    Ok(address)
}

/// Where the services are among their peers.
struct Place {
    chain: String,
    /// Who may do everything.
    guest: PeerId,
    /// Where those are who are there already.
    met: Vec<String>,
}

impl Place {
    async fn join(
        &mut self,
        role: WalkieRoles,
        identity: &Identity,
        handlers: impl WalkieRpc,
        stack: &mut Stack,
    ) -> Result<()> {
        let mut config = Config::new(Introduction {
            hostname: hostname(),
            role,
            chain_identity: self.chain.clone(),
            bridge_identity: "dev".to_owned(),
        });
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
        config.discovery = Discovery { boot_nodes: self.met.clone(), ..ALONE };
        config.access.white_list = vec![self.guest];
        let walkie = Walkie::builder(config).service(handlers).start(identity).await?;
        self.met.extend(walkie.listeners().iter().map(ToString::to_string));
        stack.push("peers", async move { walkie.shutdown().await });
        Ok(())
    }
}
