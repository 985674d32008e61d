//! A node's answers without a network.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libp2p::PeerId;
use tonic::service::Routes;

use super::config::Config;
use crate::access::{Caller, Gate};
use crate::proto::WalkieSystemInfo;
use crate::proto::walkie_rpc_server::WalkieRpc;
use crate::rpc::{Heard, Own, Service, dispatch, server};

/// What a node answers to a peer, byte for byte, without connections: for tests of handlers, and
/// for fuzzing.
#[derive(Debug)]
pub struct LocalService {
    service: Service,
    deadline: Duration,
}

impl LocalService {
    /// The answers of a node with this id and these settings.
    pub fn new<T: WalkieRpc>(own: PeerId, config: &Config, handlers: T) -> Self {
        let role = Routes::new(server(handlers, config.limits.message_bytes)).prepare();
        let (service, _) = service(own, config, role, Heard::default());
        Self { service, deadline: config.limits.handler }
    }

    /// The response wrapper to a request wrapper, however damaged that is.
    pub async fn answer(&self, caller: Caller, request: Bytes) -> Bytes {
        dispatch(self.service.clone(), caller, request, self.deadline).await
    }
}

/// The service of a node, and how it introduces itself.
pub(super) fn service(
    own: PeerId,
    config: &Config,
    role: Routes,
    heard: Heard,
) -> (Service, WalkieSystemInfo) {
    let introduction = &config.introduction;
    let info = WalkieSystemInfo {
        hostname: introduction.hostname.clone(),
        peer_id: own.to_base58(),
        role: introduction.role.into(),
        chain_identity: introduction.chain_identity.clone(),
        bridge_identity: introduction.bridge_identity.clone(),
        ..WalkieSystemInfo::default()
    };
    let gate = Arc::new(Gate::new(own, config.access.clone()));
    let handlers = Own { info: info.clone(), gate: Arc::clone(&gate), heard };
    let own = Routes::new(server(handlers, config.limits.message_bytes)).prepare();
    (Service::new(gate, own, role), info)
}
