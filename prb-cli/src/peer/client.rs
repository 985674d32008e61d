//! The way to a service.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use prb_walkie::PeerId;
use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Introduction, Walkie};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::rpc::{self, Method};
use prost::Message;
use tokio::time::timeout;

use super::grpc::GrpcClient;
use super::target::Target;
use crate::Failure;
use crate::args::ReachArgs;
use crate::services::{Role, discovery, door::Door, hostname};

/// A service that can be called.
pub(crate) enum Client {
    /// On this host, with its token.
    Grpc(GrpcClient),
    /// A peer.
    Peer { walkie: Walkie, peer: PeerId, timeout: Duration },
}

impl Client {
    /// Finds the service: on this host, or else among the peers.
    pub(super) async fn connect(target: &Target, reach: &ReachArgs) -> Result<Self, Failure> {
        if let Target::Role(role) = target
            && let Some(client) = Self::on_this_host(role, reach).await?
        {
            return Ok(client);
        }
        Self::among_peers(target, reach).await
    }

    /// The service of this host, if it says in its folder where it is.
    pub(crate) async fn on_this_host(role: &Role, reach: &ReachArgs) -> Result<Option<Self>> {
        let folder = match role.wire {
            WalkieRoles::WrDataProviderInt => reach.data_dir.of_data_provider(),
            _ => reach.data_dir.of_manager(),
        };
        let door = Door::of(role.name, &folder);
        let given = reach.grpc;
        let Some(address) = given.map_or_else(|| door.address(), |address| Ok(Some(address)))?
        else {
            return Ok(None);
        };
        let token = door.token().context("the service's token cannot be used")?;
        let client = GrpcClient::connect(role.name, address, &token, reach.timeout()).await?;
        Ok(Some(Self::Grpc(client)))
    }

    /// A service among the peers.
    pub(crate) async fn among_peers(target: &Target, reach: &ReachArgs) -> Result<Self, Failure> {
        let walkie = node(reach).await?;
        match timeout(reach.timeout(), find(target, &walkie)).await {
            Ok(Ok(peer)) => Ok(Self::Peer { walkie, peer, timeout: reach.timeout() }),
            Ok(Err(failure)) => {
                walkie.shutdown().await;
                Err(failure)
            }
            Err(_) => {
                let boot_nodes = walkie.boot_nodes();
                walkie.shutdown().await;
                let mut reasons =
                    vec![format!("{target} was not found within {:?}", reach.timeout())];
                reasons.extend(
                    boot_nodes.iter().map(|it| format!("boot node {}: {:?}", it.text, it.state)),
                );
                Err(Failure::Unmet(reasons))
            }
        }
    }

    /// Calls a method with an encoded request; the answer is encoded too.
    pub(crate) async fn call(&self, method: &Method, request: Bytes) -> Result<Bytes> {
        match self {
            Self::Grpc(client) => client.call(method, request).await,
            Self::Peer { walkie, peer, timeout } => {
                Ok(walkie.call(*peer, method.name(), &request, *timeout).await?)
            }
        }
    }

    /// The same with messages.
    pub(crate) async fn ask<A: Message + Default>(
        &self,
        name: &str,
        request: &impl Message,
    ) -> Result<A> {
        let method = rpc::method(name).with_context(|| format!("there is no method {name}"))?;
        Ok(A::decode(self.call(method, request.encode_to_vec().into()).await?)?)
    }

    /// Who it is, for people.
    pub(crate) fn whom(&self) -> String {
        match self {
            Self::Grpc(client) => client.whom().to_owned(),
            Self::Peer { peer, .. } => format!("peer {peer}"),
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        if let Self::Peer { walkie, .. } = self {
            walkie.shutdown().await;
        }
    }
}

/// A node that only asks.
pub(crate) async fn node(reach: &ReachArgs) -> Result<Walkie> {
    let mut config = Config::new(Introduction::client(hostname()));
    config.discovery = discovery(&reach.discovery);
    config.access.psk = reach.psk_file.as_deref().map(PreSharedKey::load).transpose()?;
    // Making a key computes for a while.
    let identity = tokio::task::spawn_blocking(Identity::generate).await??;
    Ok(Walkie::builder(config).start(&identity).await?)
}

/// Waits until the peer has said who it is, and so has taken our proof of the shared key.
async fn find(target: &Target, walkie: &Walkie) -> Result<PeerId, Failure> {
    let mut view = walkie.subscribe();
    let dialled = match target {
        Target::Address(address) => Some(Target::Id(walkie.dial(address.clone()).await?)),
        _ => None,
    };
    let target = dialled.as_ref().unwrap_or(target);
    loop {
        view.borrow_and_update();
        if let Some(peer) = target.among(walkie)? {
            return Ok(peer);
        }
        view.changed().await.map_err(|_| anyhow!("the node among the peers has ended"))?;
    }
}
