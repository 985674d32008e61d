//! Greeting peers: Hello, and the shared key where it is asked for.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use libp2p::PeerId;
use libp2p::request_response::OutboundRequestId;
use prost::Message;
use tokio::sync::oneshot;

use super::Driver;
use crate::access::psk::PreSharedKey;
use crate::discovery::introduction;
use crate::node::error::Answered;
use crate::node::reply::Reply;
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
    under_way: HashMap<OutboundRequestId, UnderWay>,
    refused: HashMap<PeerId, Instant>,
    /// Peers that said nothing when they were last greeted.
    silent: HashSet<PeerId>,
}

struct UnderWay {
    peer: PeerId,
    nonce: String,
    since: Instant,
    step: Step,
    answer: oneshot::Receiver<Answered>,
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
            under_way: HashMap::new(),
            refused: HashMap::new(),
            silent: HashSet::new(),
        }
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
    pub(super) fn greet(&mut self, peer: PeerId, now: Instant) {
        let hello = self.greeter.info.encode_to_vec();
        self.step(peer, "Hello", hello.into(), Step::Hello, now);
    }

    fn step(&mut self, peer: PeerId, method: &str, request: Bytes, step: Step, now: Instant) {
        let (nonce, request) = wrapper::request(method, request, PATIENCE);
        let (reply, answer) = Reply::channel();
        let id = self.send(peer, request, reply);
        let under_way = UnderWay { peer, nonce, since: now, step, answer };
        self.greeter.under_way.insert(id, under_way);
    }

    /// Takes what came of a call if it was a greeting.
    pub(super) fn greeting_ended(&mut self, id: OutboundRequestId) {
        let Some(under_way) = self.greeter.under_way.remove(&id) else { return };
        let UnderWay { peer, nonce, step, mut answer, .. } = under_way;
        let now = Instant::now();
        self.greeter.silent.remove(&peer);
        let answer = answer.try_recv().ok().and_then(Result::ok);
        let data = answer.and_then(|answer| data(&nonce, answer.bytes));
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
                self.step(peer, "Auth", proof.encode_to_vec().into(), step, now);
            }
            None => self.table.greeted(peer, info, now),
        }
    }

    /// Ends greetings that take too long.
    pub(super) fn give_up_greetings(&mut self, now: Instant) {
        let late: Vec<_> = self
            .greeter
            .under_way
            .iter()
            .filter(|(_, under_way)| now.duration_since(under_way.since) > PATIENCE)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            let peer = self.greeter.under_way.get(&id).map(|under_way| under_way.peer);
            self.greeting_ended(id);
            if let Some(peer) = peer {
                self.greeter.is_silent_now(peer);
                self.close_stale_connections(peer, now);
            }
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
