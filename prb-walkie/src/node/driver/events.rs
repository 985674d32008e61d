//! What the network reports.

use std::time::Instant;

use libp2p::core::ConnectedPoint;
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, mdns, ping};

use super::greet::PATIENCE;
use super::{Connection, Driver};
use crate::discovery::address;
use crate::node::error::not_dialled;
use crate::node::stream::PROTOCOL;
use crate::node::swarm::ProtocolsEvent;

/// More addresses of one peer than this are passed over.
const MOST_ADDRESSES: usize = 16;

impl Driver {
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<ProtocolsEvent>) {
        match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => self.on_identified(peer_id, &info),
            SwarmEvent::Behaviour(ProtocolsEvent::Mdns(mdns::Event::Discovered(found))) => {
                for (peer, address) in found {
                    self.found(peer, &[address]);
                }
            }
            SwarmEvent::Behaviour(ProtocolsEvent::Ping(ping::Event {
                peer,
                connection,
                result: Err(ping::Failure::Timeout),
            })) => {
                tracing::debug!(%peer, "a connection is dead");
                self.swarm.close_connection(connection);
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                num_established,
                ..
            } => self.on_connected(peer_id, connection_id, &endpoint, num_established.get() == 1),
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.connections.remove(&connection_id);
                if num_established == 0 {
                    self.table.connected(peer_id, false, Instant::now());
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.dial_ended(connection_id, Err(not_dialled(&error)));
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "listening");
                self.show();
            }
            SwarmEvent::ExpiredListenAddr { .. } => self.show(),
            SwarmEvent::ListenerClosed { addresses, reason: Err(error), .. } => {
                tracing::error!(?addresses, %error, "a listener has closed");
                self.show();
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "refused a connection");
            }
            _ => {}
        }
    }

    /// Whoever speaks our protocol is worth greeting, whoever dialled.
    fn on_identified(&mut self, peer: PeerId, info: &identify::Info) {
        if !info.protocols.contains(&PROTOCOL) {
            return;
        }
        let kademlia = &mut self.swarm.behaviour_mut().kademlia;
        let speaks_kademlia =
            kademlia.protocol_names().iter().any(|name| info.protocols.contains(name));
        let dialable = info.listen_addrs.iter().filter(|address| address::is_dialable(address));
        for address in dialable.take(MOST_ADDRESSES).filter(|_| speaks_kademlia) {
            kademlia.add_address(&peer, address::place(address));
        }
        self.found(peer, &info.listen_addrs);
    }

    pub(super) fn found(&mut self, peer: PeerId, addresses: &[Multiaddr]) {
        let now = Instant::now();
        self.table.found(peer, None, now);
        for address in
            addresses.iter().filter(|address| address::is_dialable(address)).take(MOST_ADDRESSES)
        {
            self.table.found(peer, Some(address::place(address)), now);
        }
        self.table.connected(peer, self.swarm.is_connected(&peer), now);
    }

    fn on_connected(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
        first: bool,
    ) {
        let now = Instant::now();
        let remote = endpoint.get_remote_address();
        self.connections.insert(connection, Connection { peer, since: now });
        if self.greeter.is_silent(&peer) {
            self.close_stale_connections(peer, now);
        }
        if endpoint.is_dialer() {
            let place = address::place(remote);
            if self.dials.contains_key(&connection) {
                self.table.found(peer, Some(place.clone()), now);
            }
            self.table.reached(peer, &place);
        }
        if first {
            self.table.connected(peer, true, now);
        }
        self.dial_ended(connection, Ok(peer));
    }

    /// Closes the connections that a silent peer had before it was asked, if it has newer ones.
    ///
    /// A peer that vanished without a word leaves a connection that looks alive, and calls would
    /// go on choosing it when the peer is back on another. Those of a peer that connects for each
    /// call are too young to be meant.
    pub(super) fn close_stale_connections(&mut self, peer: PeerId, now: Instant) {
        let (stale, fresh): (Vec<_>, Vec<_>) = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.peer == peer)
            .map(|(id, connection)| (*id, now.duration_since(connection.since)))
            .partition(|(_, age)| *age > PATIENCE);
        for (connection, _) in stale.into_iter().filter(|_| !fresh.is_empty()) {
            tracing::debug!(%peer, "closing an old connection of a silent peer");
            self.swarm.close_connection(connection);
        }
    }
}
