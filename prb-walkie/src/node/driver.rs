//! The one task that owns the network.
//!
//! It only passes things on: what to do about them is decided by the values it holds (the table,
//! the boot nodes), and handlers run in the tasks of the connections that asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::View;
use super::answering::Answering;
use super::call::Call;
use super::config::Config;
use super::error::Dialled;
use super::swarm::Protocols;
use crate::discovery::boot::BootNodes;
use crate::discovery::local::Found;
use crate::discovery::table::PeerTable;
use crate::proto::WalkieSystemInfo;
use crate::rpc::Heard;

mod dial;
mod events;
mod greet;

use greet::Greeter;

/// How often what is due is looked for.
const TICK: Duration = Duration::from_millis(250);
/// How long handlers have to end when the node stops.
const GRACE: Duration = Duration::from_secs(5);

/// What the handle asks for.
#[derive(Debug)]
pub(super) enum Command {
    /// Make a call to a peer to which there is no connection.
    Call { peer: PeerId, call: Call },
    /// Connect to an address.
    Dial { address: Multiaddr, reply: oneshot::Sender<Dialled> },
}

/// Where a dial's outcome goes.
#[derive(Debug)]
enum Dialler {
    Boot(usize),
    Handle(oneshot::Sender<Dialled>),
}

/// Whom a connection leads to, and since when.
#[derive(Debug)]
struct Connection {
    peer: PeerId,
    since: Instant,
}

/// The driver's ends of its channels.
#[derive(Debug)]
pub(super) struct Channels {
    pub(super) commands: mpsc::Receiver<Command>,
    /// Peers that said who they are.
    pub(super) heard: Heard,
    /// Peers found by the older multicast DNS.
    pub(super) found: mpsc::Receiver<Found>,
    pub(super) show: watch::Sender<Arc<View>>,
    /// Where the node listens, for the older multicast DNS.
    pub(super) announce: watch::Sender<Vec<Multiaddr>>,
}

pub(super) struct Driver {
    swarm: Swarm<Protocols>,
    table: PeerTable,
    boot: BootNodes,
    dials: HashMap<ConnectionId, Dialler>,
    connections: HashMap<ConnectionId, Connection>,
    answering: Answering,
    greeter: Greeter,
    channels: Channels,
}

impl Driver {
    pub(super) fn new(
        swarm: Swarm<Protocols>,
        answering: Answering,
        info: WalkieSystemInfo,
        table: PeerTable,
        boot: BootNodes,
        channels: Channels,
        config: &Config,
    ) -> Self {
        Self {
            swarm,
            table,
            boot,
            dials: HashMap::new(),
            connections: HashMap::new(),
            answering,
            greeter: Greeter::new(info, config.access.psk.clone()),
            channels,
        }
    }

    /// Runs until it is stopped or nobody holds a handle any more.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = stop.cancelled_owned();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                command = self.channels.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                Some((peer, addresses)) = self.channels.found.recv() => self.found(peer, &addresses),
                Some(greeting) = self.greeter.next() => self.greeted(greeting),
                _ = tick.tick() => self.on_tick(),
            }
        }
        self.stop().await;
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Call { peer, call } => self.call(peer, call),
            Command::Dial { address, reply } => self.dial(&address, reply),
        }
    }

    /// Makes a call, dialling the peer if there is no connection.
    fn call(&mut self, peer: PeerId, call: Call) {
        let addresses = self.table.addresses(&peer);
        self.swarm.behaviour_mut().calls.call(peer, call, addresses);
    }

    fn on_tick(&mut self) {
        let now = Instant::now();
        for (peer, info) in self.channels.heard.take() {
            self.table.heard(peer, info, now);
        }
        for peer in self.table.due(now) {
            self.greet(peer);
        }
        for (index, address) in self.boot.due(&self.table, now) {
            self.dial_boot_node(index, &address);
        }
        self.show();
    }

    /// Shows the state, if it changed.
    fn show(&mut self) {
        let view = View {
            peers: self.table.peers(),
            boot_nodes: self.boot.states(),
            listeners: self.swarm.listeners().cloned().collect(),
        };
        self.channels.announce.send_if_modified(|listeners| {
            let changed = *listeners != view.listeners;
            listeners.clone_from(&view.listeners);
            changed
        });
        self.channels.show.send_if_modified(|shown| {
            let changed = **shown != view;
            if changed {
                *shown = Arc::new(view);
            }
            changed
        });
    }

    /// Lets handlers that are under way answer, within a deadline.
    async fn stop(mut self) {
        self.channels.commands.close();
        let answering = &self.answering;
        let swarm = &mut self.swarm;
        let finish = async {
            tokio::select! {
                () = answering.ended() => {}
                never = async { loop { swarm.select_next_some().await; } } => never,
            }
            // The answers are on their way when the network has nothing more to do at once.
            while tokio::time::timeout(TICK, swarm.select_next_some()).await.is_ok() {}
        };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::warn!("handlers were still busy when the node stopped");
        }
    }
}
