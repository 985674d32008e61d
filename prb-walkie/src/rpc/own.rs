//! What every service answers itself: who it is, and who may do more.

use std::sync::Arc;
use std::time::Instant;

use libp2p::PeerId;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::access::{Caller, Gate};
use crate::discovery::introduction;
use crate::proto::walkie_rpc_server::WalkieRpc;
use crate::proto::{AuthRequest, AuthResponse, WalkieSystemInfo};

/// A peer said who it is.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) peer: PeerId,
    pub(crate) info: WalkieSystemInfo,
}

/// Handlers of `Hello` and `Auth`.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) info: WalkieSystemInfo,
    pub(crate) gate: Arc<Gate>,
    /// Where greetings go. When it is full one is lost; the node asks the peer itself later.
    pub(crate) greetings: mpsc::Sender<Greeting>,
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
            if let Some(reason) = introduction::refusal(&id, &info) {
                tracing::warn!(%caller, reason, "refused an introduction");
                return Err(Status::permission_denied(reason));
            }
            let _lost_when_full = self.greetings.try_send(Greeting { peer: id, info });
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
