//! Calls and dials that this node makes.

use std::collections::HashMap;

use bytes::Bytes;
use libp2p::request_response::{OutboundFailure, OutboundRequestId};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;

use super::events::explain;
use super::{Dialler, Driver};
use crate::discovery::address;
use crate::node::codec::Request;
use crate::node::error::{Dialled, NoAnswer};
use crate::node::reply::Reply;

/// Reasons of failed dials that are kept until the calls that waited for them fail.
const MOST_REASONS: usize = 256;

/// The calls that wait for an answer.
pub(super) struct Outbound {
    waiting: HashMap<OutboundRequestId, Reply>,
    most: usize,
    /// Why a peer could not be dialled last.
    reasons: HashMap<PeerId, String>,
}

impl Outbound {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: HashMap::new(), most, reasons: HashMap::new() }
    }

    pub(super) fn not_dialled(&mut self, peer: PeerId, reason: String) {
        if self.reasons.len() >= MOST_REASONS {
            self.reasons.clear();
        }
        self.reasons.insert(peer, reason);
    }

    pub(super) fn dialled(&mut self, peer: &PeerId) {
        self.reasons.remove(peer);
    }

    /// Why a call failed, for the one who made it.
    pub(super) fn explain(&self, peer: &PeerId, failure: &OutboundFailure) -> NoAnswer {
        match failure {
            OutboundFailure::Timeout => NoAnswer::Timeout,
            OutboundFailure::DialFailure => NoAnswer::Unreachable(
                self.reasons.get(peer).cloned().unwrap_or_else(|| "no known address".to_owned()),
            ),
            other => NoAnswer::Unreachable(other.to_string()),
        }
    }

    /// A call has ended; its stream told the answer if there is one.
    pub(super) fn ended(&mut self, id: OutboundRequestId, failure: Option<NoAnswer>) {
        if let (Some(reply), Some(failure)) = (self.waiting.remove(&id), failure) {
            reply.tell(Err(failure));
        }
    }
}

impl Driver {
    pub(super) fn call(&mut self, peer: PeerId, request: Bytes, reply: Reply) {
        if !reply.is_awaited() {
            return;
        }
        if self.outbound.waiting.len() >= self.outbound.most {
            return reply.tell(Err(NoAnswer::Busy));
        }
        self.send(peer, request, reply);
    }

    /// Sends a request, dialling the peer if there is no connection.
    pub(super) fn send(&mut self, peer: PeerId, bytes: Bytes, reply: Reply) -> OutboundRequestId {
        let addresses = self.table.addresses(&peer);
        let request = Request::Sent { bytes, reply: reply.clone() };
        let calls = &mut self.swarm.behaviour_mut().calls;
        let id = calls.send_request_with_addresses(&peer, request, addresses);
        self.outbound.waiting.insert(id, reply);
        id
    }

    pub(super) fn dial(&mut self, target: &Multiaddr, reply: oneshot::Sender<Dialled>) {
        if let Some(peer) = address::peer(target).filter(|peer| self.swarm.is_connected(peer)) {
            let _caller_is_gone = reply.send(Ok(peer));
            return;
        }
        let options = options(target);
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                self.dials.insert(connection, Dialler::Handle(reply));
            }
            Err(error) => {
                let _caller_is_gone = reply.send(Err(explain(&error)));
            }
        }
    }

    pub(super) fn dial_boot_node(&mut self, index: usize, target: &Multiaddr) {
        let now = std::time::Instant::now();
        if let Some(peer) = address::peer(target).filter(|peer| self.swarm.is_connected(peer)) {
            self.table.found(peer, Some(address::place(target)), now);
            return self.boot.reached(index, peer, now);
        }
        if self.swarm.listeners().any(|own| *own == address::place(target)) {
            return self.boot.failed(index, "that is this node".to_owned(), now, rand::random());
        }
        let options = options(target);
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                self.dials.insert(connection, Dialler::Boot(index));
            }
            Err(error) => self.boot.failed(index, explain(&error), now, rand::random()),
        }
    }

    /// A dial that somebody asked for is over.
    pub(super) fn dial_ended(&mut self, connection: libp2p::swarm::ConnectionId, dialled: Dialled) {
        let now = std::time::Instant::now();
        match (self.dials.remove(&connection), dialled) {
            (Some(Dialler::Boot(index)), Ok(peer)) => self.boot.reached(index, peer, now),
            (Some(Dialler::Boot(index)), Err(reason)) => {
                self.boot.failed(index, reason, now, rand::random());
            }
            (Some(Dialler::Handle(reply)), dialled) => {
                let _caller_is_gone = reply.send(dialled);
            }
            (None, _) => {}
        }
    }
}

fn options(target: &Multiaddr) -> DialOpts {
    match address::peer(target) {
        Some(peer) => DialOpts::peer_id(peer).addresses(vec![address::place(target)]).build(),
        None => DialOpts::unknown_peer_id().address(target.clone()).build(),
    }
}
