//! Calls in both directions, as the part of the network that makes and answers them.
//!
//! Each connection makes and answers its calls in its own task. A caller's request goes straight
//! to the task of a connection to the peer, and the answer straight back; the node's task only
//! connects to those peers to which there is no connection yet.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, DialFailure};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, DialError, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::answering::Answering;
use super::call::Call;
use super::config::Limits;
use super::error::{NoAnswer, not_dialled};
use super::stream::Streams;
use crate::access::Caller;
use crate::discovery::address;

mod handler;
mod lines;

use handler::Handler;
pub(super) use lines::Lines;

/// Makes and answers calls.
pub(super) struct Behaviour {
    lines: Lines,
    answering: Answering,
    streams: Streams,
    /// Calls of one connection at once.
    most: usize,
    waiting: HashMap<PeerId, Waiting>,
    dials: VecDeque<DialOpts>,
}

/// Calls to a peer to which there is no connection yet, and where it may be.
#[derive(Default)]
struct Waiting {
    calls: Vec<Call>,
    addresses: Vec<Multiaddr>,
}

impl Behaviour {
    pub(super) fn new(lines: Lines, answering: Answering, limits: &Limits) -> Self {
        Self {
            lines,
            answering,
            streams: Streams::new(limits),
            most: limits.calls_per_connection,
            waiting: HashMap::new(),
            dials: VecDeque::new(),
        }
    }

    /// Makes a call, dialling the peer at these addresses if there is no connection.
    pub(super) fn call(&mut self, peer: PeerId, call: Call, addresses: Vec<Multiaddr>) {
        if !call.reply.is_awaited() {
            return;
        }
        if let Err(call) = self.lines.send(&peer, call) {
            let waiting = self.waiting.entry(peer).or_default();
            waiting.calls.push(call);
            waiting.addresses = addresses;
            self.dial(peer);
        }
    }

    fn dial(&mut self, peer: PeerId) {
        if let Some(waiting) = self.waiting.get(&peer) {
            let options = DialOpts::peer_id(peer).addresses(waiting.addresses.clone());
            self.dials.push_back(options.extend_addresses_through_behaviour().build());
        }
    }

    fn connected(&mut self, peer: PeerId) {
        let waiting = self.waiting.remove(&peer).unwrap_or_default();
        for call in waiting.calls {
            self.call(peer, call, waiting.addresses.clone());
        }
    }

    fn not_connected(&mut self, peer: PeerId, error: &DialError) {
        // Another dial of the peer is under way, or its last connection is being closed: both
        // will be heard of.
        if matches!(error, DialError::DialPeerConditionFalse(_)) {
            return;
        }
        for call in self.waiting.remove(&peer).unwrap_or_default().calls {
            call.end(Err(NoAnswer::Unreachable(not_dialled(error))));
        }
    }

    fn open(&mut self, connection: ConnectionId, peer: PeerId, remote: &Multiaddr) -> Handler {
        let caller = Caller::Peer { id: peer, host: address::host(remote) };
        let calls = self.lines.open(peer, connection, self.most);
        Handler::new(calls, caller, self.answering.clone(), self.streams.clone(), self.most)
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.open(connection, peer, remote))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.open(connection, peer, remote))
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished { peer_id, .. }) => {
                self.connected(peer_id);
            }
            FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id,
                connection_id,
                remaining_established,
                ..
            }) => {
                self.lines.close(&peer_id, connection_id);
                if remaining_established == 0 {
                    self.dial(peer_id);
                }
            }
            FromSwarm::DialFailure(DialFailure { peer_id: Some(peer), error, .. }) => {
                self.not_connected(peer, error);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: Infallible) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // Nothing wakes it: dials are added only by what makes the swarm poll it again.
        match self.dials.pop_front() {
            Some(opts) => Poll::Ready(ToSwarm::Dial { opts }),
            None => Poll::Pending,
        }
    }
}
