//! Greeting peers: Hello, and the shared key where it is asked for.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;
use prost::Message;
use tokio::time::timeout;

use super::Driver;
use crate::access::psk::PreSharedKey;
use crate::discovery::introduction;
use crate::node::call::Call;
use crate::proto::{
    AuthRequest, AuthResponse, AuthStatus, AuthType, WalkieRpcResponseWrapper, WalkieSystemInfo,
};
use crate::rpc::wrapper;

/// A peer that takes longer to greet back does not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A peer that did not take our proof is not asked again sooner.
const PROVE_EVERY: Duration = Duration::from_mins(1);
const MOST_REMEMBERED: usize = 1024;

/// Greetings that are under way.
pub(super) struct Greeter {
    info: WalkieSystemInfo,
    psk: Option<PreSharedKey>,
    under_way: FuturesUnordered<BoxFuture<'static, Greeting>>,
    refused: HashMap<PeerId, Instant>,
    /// Peers that said nothing when they were last greeted.
    silent: HashSet<PeerId>,
}

/// A greeting that is over.
pub(super) struct Greeting {
    peer: PeerId,
    step: Step,
    outcome: Outcome,
}

enum Outcome {
    /// The message in the answer.
    Answered(Bytes),
    /// No answer, or none that says something.
    Failed,
    /// Nothing within our patience.
    Silent,
}

enum Step {
    Hello,
    /// The peer is listed when this is over: calls may be refused before.
    Auth(Box<WalkieSystemInfo>),
}

impl Greeter {
    pub(super) fn new(info: WalkieSystemInfo, psk: Option<PreSharedKey>) -> Self {
        Self {
            info,
            psk,
            under_way: FuturesUnordered::new(),
            refused: HashMap::new(),
            silent: HashSet::new(),
        }
    }

    /// The next greeting that is over; none while none is under way.
    pub(super) async fn next(&mut self) -> Option<Greeting> {
        self.under_way.next().await
    }

    /// The proof to send to a peer that wants one.
    fn proof(
        &self,
        own: &PeerId,
        peer: &PeerId,
        info: &WalkieSystemInfo,
        now: Instant,
    ) -> Option<AuthRequest> {
        let recently =
            self.refused.get(peer).is_some_and(|at| now.duration_since(*at) < PROVE_EVERY);
        if info.auth() != AuthStatus::AsNeedAuth || recently {
            return None;
        }
        let auth_string = self.psk.as_ref()?.proof(own, peer);
        Some(AuthRequest { r#type: AuthType::AtPsk.into(), auth_string })
    }

    fn is_silent_now(&mut self, peer: PeerId) {
        if self.silent.len() >= MOST_REMEMBERED {
            self.silent.clear();
        }
        self.silent.insert(peer);
    }

    pub(super) fn is_silent(&self, peer: &PeerId) -> bool {
        self.silent.contains(peer)
    }

    fn was_refused(&mut self, peer: PeerId, now: Instant) {
        if self.refused.len() >= MOST_REMEMBERED {
            self.refused.clear();
        }
        self.refused.insert(peer, now);
    }
}

impl Driver {
    pub(super) fn greet(&mut self, peer: PeerId) {
        let hello = self.greeter.info.encode_to_vec();
        self.step(peer, "Hello", hello.into(), Step::Hello);
    }

    fn step(&mut self, peer: PeerId, method: &str, request: Bytes, step: Step) {
        let (nonce, request) = wrapper::request(method, request, PATIENCE);
        let (call, answer) = Call::new(request, None);
        self.call(peer, call);
        let greeting = async move {
            let outcome = match timeout(PATIENCE, answer).await {
                Ok(Ok(Ok(answer))) => {
                    data(&nonce, answer.bytes).map_or(Outcome::Failed, Outcome::Answered)
                }
                Ok(_) => Outcome::Failed,
                Err(_) => Outcome::Silent,
            };
            Greeting { peer, step, outcome }
        };
        self.greeter.under_way.push(greeting.boxed());
    }

    /// Takes what came of a greeting.
    pub(super) fn greeted(&mut self, greeting: Greeting) {
        let Greeting { peer, step, outcome } = greeting;
        let now = Instant::now();
        if matches!(outcome, Outcome::Silent) {
            self.greeter.is_silent_now(peer);
            self.close_stale_connections(peer, now);
        } else {
            self.greeter.silent.remove(&peer);
        }
        let data = match outcome {
            Outcome::Answered(data) => Some(data),
            Outcome::Failed | Outcome::Silent => None,
        };
        match step {
            Step::Hello => match data.and_then(|data| introduction(&peer, &data)) {
                Some(info) => self.introduced(peer, info, now),
                None => self.table.failed(peer, now, rand::random()),
            },
            Step::Auth(info) => {
                let status = data.and_then(|data| AuthResponse::decode(&data[..]).ok());
                if status.is_none_or(|answer| answer.status() != AuthStatus::AsGranted) {
                    tracing::warn!(%peer, "the peer does not take our shared key");
                    self.greeter.was_refused(peer, now);
                }
                self.table.greeted(peer, *info, now);
            }
        }
        self.show();
    }

    fn introduced(&mut self, peer: PeerId, info: WalkieSystemInfo, now: Instant) {
        let own = *self.swarm.local_peer_id();
        match self.greeter.proof(&own, &peer, &info, now) {
            Some(proof) => {
                let step = Step::Auth(Box::new(info));
                self.step(peer, "Auth", proof.encode_to_vec().into(), step);
            }
            None => self.table.greeted(peer, info, now),
        }
    }
}

/// The message in an answer, if it is one to our request and no error.
fn data(nonce: &str, answer: Bytes) -> Option<Bytes> {
    let wrapper = WalkieRpcResponseWrapper::decode(answer).ok()?;
    (wrapper.request_nonce == nonce && !wrapper.has_error).then_some(wrapper.data)
}

/// Who the peer says it is, if that can be taken from it.
fn introduction(peer: &PeerId, data: &[u8]) -> Option<WalkieSystemInfo> {
    introduction::read(peer, data)
        .inspect_err(|refusal| tracing::warn!(%peer, %refusal, "refused an introduction"))
        .ok()
}
