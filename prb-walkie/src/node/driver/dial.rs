//! Dials that this node makes.

use libp2p::Multiaddr;
use libp2p::swarm::dial_opts::DialOpts;
use tokio::sync::oneshot;

use super::{Dialler, Driver};
use crate::discovery::address;
use crate::node::error::{Dialled, not_dialled};

impl Driver {
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
                let _caller_is_gone = reply.send(Err(not_dialled(&error)));
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
            Err(error) => self.boot.failed(index, not_dialled(&error), now, rand::random()),
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
