//! A service's node among its peers, as the arguments want it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use prb_core::telemetry::catalogue::{WALKIE_PEERS, WALKIE_REQUESTS};
use prb_core::telemetry::{Samples, Source};
use prb_walkie::access;
use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::access::token::Token;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Discovery, Grpc, Introduction, Tls, View, Walkie};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::rpc::{RequestCount, Requests};
use tokio::sync::watch;

use super::door::Door;
use crate::args::{DiscoveryArgs, GrpcArgs, Listen, ServingArgs};
use crate::peer;
use crate::shutdown::Stack;

/// Which service it is.
pub(crate) struct Role {
    /// In commands and names of files.
    pub(crate) name: &'static str,
    /// Among peers.
    pub(crate) wire: WalkieRoles,
    /// Where it serves gRPC if nothing else is said.
    grpc_port: u16,
    /// Where it serves those who watch it if nothing else is said.
    pub(crate) admin_port: u16,
}

pub(crate) const DATA_PROVIDER: Role = Role {
    name: "data-provider",
    wire: WalkieRoles::WrDataProviderInt,
    grpc_port: 9471,
    admin_port: 9461,
};
pub(crate) const LIFECYCLE: Role = Role {
    name: "lifecycle",
    wire: WalkieRoles::WrLifecycleManager,
    grpc_port: 9472,
    admin_port: 9462,
};
pub(crate) const TRADER: Role =
    Role { name: "trader", wire: WalkieRoles::WrTrader, grpc_port: 9473, admin_port: 9463 };

/// What a node is made from.
pub(super) struct Settings<'a> {
    pub(super) serving: &'a ServingArgs,
    /// Where commands on this host look for the service.
    pub(super) folder: &'a Path,
}

/// A node that is ready to start but for the chain it is for.
pub(super) struct Prepared {
    config: Config,
    door: Door,
}

impl Settings<'_> {
    /// Reads the files the arguments name: what is wrong with them is said at once.
    pub(super) fn prepare(&self, role: &Role) -> Result<Prepared> {
        let door = Door::of(role.name, self.folder);
        let ServingArgs { walkie, access, grpc, .. } = self.serving;
        let mut config = Config::new(Introduction {
            hostname: hostname(),
            role: role.wire,
            chain_identity: String::new(),
            bridge_identity: walkie.bridge_identity.clone(),
        });
        config.listen.clone_from(&walkie.listen);
        config.discovery =
            Discovery { any_bridge: walkie.ignore_bridge_identity, ..discovery(&walkie.discovery) };
        config.access = access::Config {
            mode: access.access,
            white_list: access.white_list.clone(),
            psk: access.psk_file.as_deref().map(PreSharedKey::load).transpose()?,
        };
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, role.grpc_port));
        config.grpc = match grpc.grpc_listen.unwrap_or(Listen::At(usual)) {
            Listen::Off => None,
            Listen::At(address) => {
                Some(Grpc { address, token: Some(door.make_token()?), tls: tls(grpc)? })
            }
        };
        Ok(Prepared { config, door })
    }
}

impl Prepared {
    /// What clients of this host show.
    pub(super) fn token(&self) -> Result<Token> {
        self.door.make_token()
    }

    /// Joins the peers of a chain.
    pub(super) async fn start(
        self,
        chain_identity: String,
        identity: &Identity,
        handlers: impl WalkieRpc,
        stack: &mut Stack,
    ) -> Result<Walkie> {
        let Self { mut config, door } = self;
        config.introduction.chain_identity = chain_identity;
        let walkie = Walkie::builder(config).service(handlers).start(identity).await?;
        if let Some(address) = walkie.grpc_address() {
            door.open(address)?;
        }
        stack.push("peers", {
            let walkie = walkie.clone();
            async move {
                door.close();
                walkie.shutdown().await;
            }
        });
        Ok(walkie)
    }
}

/// Resolves when the node has ended, which it does not by itself.
pub(crate) async fn ended(walkie: &Walkie) -> anyhow::Error {
    let mut view = walkie.subscribe();
    while view.changed().await.is_ok() {}
    anyhow::anyhow!("the node among the peers has ended")
}

/// The peers of a node and what they ask, as they are watched.
pub(super) struct Peers {
    view: watch::Receiver<Arc<View>>,
    requests: Requests,
}

impl Peers {
    pub(super) fn of(walkie: &Walkie) -> Self {
        Self { view: walkie.subscribe(), requests: walkie.requests() }
    }
}

impl Source for Peers {
    fn measure(&self, samples: &mut Samples) {
        let view = self.view.borrow().clone();
        for role in [
            WalkieRoles::WrClient,
            WalkieRoles::WrDataProviderInt,
            WalkieRoles::WrDataProviderExt,
            WalkieRoles::WrLifecycleManager,
            WalkieRoles::WrTrader,
        ] {
            let peers = view.peers.iter().filter(|peer| peer.role == role).count();
            samples.put(&WALKIE_PEERS, [peer::role(role)], peers as f64);
        }
        for RequestCount { method, outcome, count, .. } in self.requests.counts() {
            samples.put(&WALKIE_REQUESTS, [method, outcome], count as f64);
        }
    }
}

/// How peers are found.
pub(crate) fn discovery(args: &DiscoveryArgs) -> Discovery {
    Discovery {
        boot_nodes: args.boot_nodes.clone(),
        mdns: !args.no_mdns,
        older_mdns: !args.no_mdns,
        ..Discovery::default()
    }
}

/// The name of this host.
pub(crate) fn hostname() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// Reads the certificate and its key, if there are any.
pub(super) fn tls(args: &GrpcArgs) -> Result<Option<Tls>> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let (Some(certificates), Some(key)) = (&args.grpc_tls_cert, &args.grpc_tls_key) else {
        return Ok(None);
    };
    Ok(Some(Tls { certificates: read(certificates)?, key: read(key)?.into() }))
}
