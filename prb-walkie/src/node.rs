//! A service's place among its peers.
//!
//! One task owns the network; [`Walkie`] is a handle to it that can be cloned. What a service
//! answers is given to [`Walkie::builder`], what it asks goes through [`Walkie::client`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use libp2p::{Multiaddr, PeerId};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tonic::Status;

use crate::access::Caller;
use crate::discovery::boot::BootNode;
use crate::discovery::table::{Peer, Standing};
use crate::proto::walkie_rpc_client::WalkieRpcClient;
use crate::proto::{WalkieRoles, WalkieRpcResponseWrapper};
use crate::rpc::{self, CallError, Method, PeerChannel, Requests, Service, json, status, wrapper};

mod answering;
mod builder;
mod call;
mod calls;
mod config;
mod driver;
mod error;
mod gather;
mod local;
mod memory;
mod stream;
mod swarm;

pub use builder::Builder;
use call::Call;
use calls::Lines;
pub use config::{Config, Discovery, Grpc, Introduction, Limits, Multiplexing, Tls};
use driver::Command;
use error::NoAnswer;
pub use error::{DialError, StartError};
pub use local::LocalService;

/// How long a call may take if nothing else is said.
const CALL: Duration = Duration::from_secs(30);

/// What a node shows of itself; replaced as a whole when anything changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Everybody who said who it is.
    pub peers: Vec<Peer>,
    /// What became of the boot nodes.
    pub boot_nodes: Vec<BootNode>,
    /// Where the node listens, with the ports it really got.
    pub listeners: Vec<Multiaddr>,
}

/// A node among its peers. Clones are the same node; it stops with [`Walkie::shutdown`], or when
/// the last clone is gone.
#[derive(Debug, Clone)]
pub struct Walkie {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    own: PeerId,
    commands: mpsc::Sender<Command>,
    lines: Lines,
    requests: Requests,
    view: watch::Receiver<Arc<View>>,
    grpc: Option<std::net::SocketAddr>,
    service: Service,
    /// Longest time for one of its answers.
    deadline: Duration,
    /// Stops everything when the last handle is gone.
    _stop: DropGuard,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Walkie {
    /// A node with these settings, not started yet.
    pub fn builder(config: Config) -> Builder {
        Builder::new(config)
    }

    /// What peers know this node by.
    pub fn peer_id(&self) -> PeerId {
        self.shared.own
    }

    /// Where gRPC is served, if it is.
    pub fn grpc_address(&self) -> Option<std::net::SocketAddr> {
        self.shared.grpc
    }

    /// Where this node listens.
    pub fn listeners(&self) -> Vec<Multiaddr> {
        self.shared.view.borrow().listeners.clone()
    }

    /// What became of the boot nodes.
    pub fn boot_nodes(&self) -> Vec<BootNode> {
        self.shared.view.borrow().boot_nodes.clone()
    }

    /// Requests answered so far, over both transports.
    pub fn requests(&self) -> Requests {
        self.shared.requests.clone()
    }

    /// Everybody who said who it is, whether live, lost or ignored.
    pub fn peers(&self) -> Vec<Peer> {
        self.shared.view.borrow().peers.clone()
    }

    /// Peers of one role that answer and are of this chain and namespace.
    pub fn live(&self, role: WalkieRoles) -> Vec<Peer> {
        let mut peers = self.peers();
        peers.retain(|peer| peer.role == role && peer.standing == Standing::Live);
        peers
    }

    /// Follows everything this node shows of itself.
    pub fn subscribe(&self) -> watch::Receiver<Arc<View>> {
        self.shared.view.clone()
    }

    /// The generated client for a peer. Calls time out after 30 s unless said otherwise.
    pub fn client(&self, peer: PeerId) -> WalkieRpcClient<PeerChannel> {
        WalkieRpcClient::new(self.channel(peer))
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX)
    }

    /// The way to a peer that [`Walkie::client`] takes, for other settings of it.
    pub fn channel(&self, peer: PeerId) -> PeerChannel {
        PeerChannel::new(self.clone(), peer, CALL)
    }

    /// Connects to an address and says who is there. The peer is then greeted and listed.
    pub async fn dial(&self, address: Multiaddr) -> Result<PeerId, DialError> {
        let (reply, dialled) = oneshot::channel();
        let command = Command::Dial { address: address.clone(), reply };
        self.shared.commands.send(command).await.map_err(|_| DialError::Stopped)?;
        dialled
            .await
            .map_err(|_| DialError::Stopped)?
            .map_err(|reason| DialError::Failed { address, reason })
    }

    /// Calls a method by name with an encoded request, and returns the encoded answer.
    pub async fn call(
        &self,
        peer: PeerId,
        method: &str,
        request: &[u8],
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        self.carry(peer, method, Bytes::copy_from_slice(request), timeout).await
    }

    /// [`Walkie::call`] without a copy of the request.
    pub(crate) async fn carry(
        &self,
        peer: PeerId,
        method: &str,
        request: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        let (answer, _) = self.exchange(peer, method, request, timeout).await?;
        match answer.error {
            Some(error) if answer.has_error => {
                let status = Box::new(status::from_peer(&error));
                Err(CallError::Refused { peer, method: method.to_owned(), status })
            }
            None if answer.has_error => {
                let reason = "an error that says nothing".to_owned();
                Err(CallError::Invalid { peer, method: method.to_owned(), reason })
            }
            _ => Ok(answer.data),
        }
    }

    /// Calls a method with a JSON request; the answer has the shape of the monitor's proxy:
    /// `{data, hasError, error, meta}`. That the peer answered with an error is an answer.
    pub async fn call_json(
        &self,
        peer: PeerId,
        method: &Method,
        request: &Value,
        timeout: Duration,
    ) -> Result<Value, JsonCallError> {
        let request = json::encode_request(method, request)?;
        let (_, answer) = self.exchange(peer, method.name(), request, timeout).await?;
        Ok(json::proxy_answer(method, &answer)?)
    }

    /// What this node itself answers, as over gRPC: `granted` says that the caller has shown the
    /// token.
    pub async fn answer(
        &self,
        method: &Method,
        request: &[u8],
        granted: bool,
    ) -> Result<Bytes, Status> {
        let caller = Caller::Grpc { token: granted };
        let answer = rpc::call(self.shared.service.clone(), caller, method.name(), request);
        let answer = tokio::time::timeout(self.shared.deadline, answer).await;
        answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("The handler took too long.")))
    }

    /// Stops in order: no new calls, those under way are given a moment, then all connections
    /// close. Returns when everything has ended, within some 10 s.
    pub async fn shutdown(&self) {
        self.shared.cancel.cancel();
        self.shared.tasks.wait().await;
    }

    /// Sends a request and returns the wrapper that answers it, decoded and as it came.
    ///
    /// Whoever stops waiting for this gives the call up: its stream is reset.
    async fn exchange(
        &self,
        peer: PeerId,
        method: &str,
        request: Bytes,
        timeout: Duration,
    ) -> Result<(WalkieRpcResponseWrapper, Bytes), CallError> {
        let timed_out = || CallError::Timeout {
            peer,
            method: method.to_owned(),
            timeout_ms: timeout.as_millis(),
        };
        let (nonce, request) = wrapper::request(method, request, timeout);
        let place = self.shared.lines.place().ok_or(CallError::Busy)?;
        let (call, answered) = Call::new(request, Some(place));
        let sending = async {
            if let Err(call) = self.shared.lines.send(&peer, call) {
                let command = Command::Call { peer, call };
                self.shared.commands.send(command).await.map_err(|_| CallError::Stopped)?;
            }
            answered.await.map_err(|_| CallError::Stopped)
        };
        let answer = tokio::time::timeout(timeout, sending)
            .await
            .map_err(|_| timed_out())??
            .map_err(|failure| match failure {
                NoAnswer::Busy => CallError::Busy,
                NoAnswer::Unreachable(_) if self.shared.cancel.is_cancelled() => CallError::Stopped,
                NoAnswer::Unreachable(reason) => {
                    CallError::Unreachable { peer, method: method.to_owned(), reason }
                }
            })?;
        match wrapper::answer_to(&nonce, &answer.bytes) {
            Ok(wrapper) => Ok((wrapper, answer.bytes)),
            Err(reason) => Err(CallError::Invalid { peer, method: method.to_owned(), reason }),
        }
    }
}

/// Why a call in JSON brought no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonCallError {
    /// The request or the answer is not what the method wants.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// No answer came.
    #[error(transparent)]
    Call(#[from] CallError),
}
