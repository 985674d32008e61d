//! What every service answers itself: who it is, and who may do more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libp2p::PeerId;
use tonic::{Request, Response, Status};

use crate::access::{Caller, Gate};
use crate::discovery::introduction;
use crate::proto::walkie_rpc_server::WalkieRpc;
use crate::proto::{AuthRequest, AuthResponse, WalkieSystemInfo};

/// More peers that introduce themselves are passed over until the others were noted; the node
/// asks them itself later.
const MOST_HEARD: usize = 256;

/// Peers that said who they are, until the node looks: many calls of one peer are one piece of
/// news, and wake nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<HashMap<PeerId, WalkieSystemInfo>>>);

impl Heard {
    fn note(&self, peer: PeerId, info: WalkieSystemInfo) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < MOST_HEARD || heard.contains_key(&peer) {
            heard.insert(peer, info);
        }
    }

    /// What was heard since it was taken last.
    pub(crate) fn take(&self) -> HashMap<PeerId, WalkieSystemInfo> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Handlers of `Hello` and `Auth`.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) info: WalkieSystemInfo,
    pub(crate) gate: Arc<Gate>,
    pub(crate) heard: Heard,
}

#[tonic::async_trait]
impl WalkieRpc for Own {
    async fn hello(
        &self,
        request: Request<WalkieSystemInfo>,
    ) -> Result<Response<WalkieSystemInfo>, Status> {
        let caller = caller(&request);
        let info = request.into_inner();
        if let Caller::Peer { id, .. } = caller {
            if let Err(refusal) = introduction::check(&id, &info) {
                tracing::warn!(%caller, %refusal, "refused an introduction");
                return Err(Status::permission_denied(refusal.to_string()));
            }
            self.heard.note(id, info);
        }
        let mut answer = self.info.clone();
        answer.set_auth(self.gate.status(&caller));
        Ok(Response::new(answer))
    }

    async fn auth(&self, request: Request<AuthRequest>) -> Result<Response<AuthResponse>, Status> {
        let caller = caller(&request);
        let request = request.into_inner();
        let status = self.gate.authenticate(&caller, &request, Instant::now());
        Ok(Response::new(AuthResponse {
            status: status.into(),
            r#type: request.r#type,
            peer_id: self.info.peer_id.clone(),
        }))
    }
}

fn caller<T>(request: &Request<T>) -> Caller {
    request.extensions().get::<Caller>().cloned().unwrap_or(Caller::Grpc { token: false })
}
