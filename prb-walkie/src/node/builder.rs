//! From settings to a running node.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libp2p::{Multiaddr, PeerId, Swarm};
use socket2::{Domain, Socket, Type};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tracing::Instrument;

use super::answering::Answering;
use super::calls::{self, Lines};
use super::config::Config;
use super::driver::{Channels, Driver};
use super::error::{StartError, cause};
use super::swarm::Protocols;
use super::{Shared, View, Walkie, local, swarm};
use crate::discovery::address;
use crate::discovery::boot::BootNodes;
use crate::discovery::local::LocalDiscovery;
use crate::discovery::table::{Family, PeerTable};
use crate::grpc;
use crate::identity::Identity;
use crate::proto::WalkieRoles;
use crate::proto::walkie_rpc_server::WalkieRpc;
use crate::rpc::{Heard, server};

/// How long the listeners have to come up.
const LISTENING: Duration = Duration::from_secs(5);
/// Commands that may wait for the node's task.
const COMMANDS: usize = 1024;
/// Found peers that may; what does not fit comes again.
const NEWS: usize = 256;

/// A node that has not started.
#[derive(Debug)]
pub struct Builder {
    config: Config,
    role: Routes,
}

impl Builder {
    pub(super) fn new(config: Config) -> Self {
        Self { config, role: Routes::default() }
    }

    /// What this node answers. Methods that are not implemented, and without this all but
    /// `Hello` and `Auth`, are answered with NOT_FOUND "Handler not implemented.".
    ///
    /// Handlers find the [`crate::access::Caller`] in the request's extensions; by then it may
    /// call them.
    #[must_use]
    pub fn service<T: WalkieRpc>(mut self, handlers: T) -> Self {
        self.role = Routes::new(server(handlers, self.config.limits.message_bytes)).prepare();
        self
    }

    /// Starts to listen and to look for peers. Must be called within a tokio runtime.
    pub async fn start(self, identity: &Identity) -> Result<Walkie, StartError> {
        let Self { config, role } = self;
        let keypair = swarm::keypair(identity)?;
        let own = keypair.public().to_peer_id();
        tracing::info!(peer_id = %own, "Got my peer id: {own}");

        let heard = Heard::default();
        let (found_locally, found) = mpsc::channel(NEWS);
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (service, info) = local::service(own, &config, role, heard.clone());
        let requests = service.requests().clone();
        let answering = Answering::new(service.clone(), &config.limits);
        let (own_service, deadline) = (service.clone(), config.limits.handler);
        let lines = Lines::new(config.limits.calls);
        let calls = calls::Behaviour::new(lines.clone(), answering.clone(), &config.limits);
        let mut swarm = swarm::build(keypair, &config, calls)?;
        let wanted = listen(&mut swarm, &config.listen)?;

        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let grpc = match &config.grpc {
            Some(settings) => {
                let service = service.clone();
                Some(grpc::serve(settings, service, deadline, stop.child_token(), &tasks).await?)
            }
            None => None,
        };

        let (show, view) = watch::channel(Arc::new(View::default()));
        let (announce, listeners) = watch::channel(Vec::new());
        if config.discovery.older_mdns {
            let host = &config.introduction.hostname;
            discover_locally(own, host, listeners, found_locally, &stop, &tasks);
        }
        let now = Instant::now();
        let boot_nodes = config.discovery.boot_nodes.iter().map(String::as_str);
        let boot = BootNodes::new(boot_nodes, now);
        let channels = Channels { commands: commanded, heard, found, show, announce };
        let table = PeerTable::new(own, family(&config));
        let driver = Driver::new(swarm, answering, info, table, boot, channels, &config);
        let span = tracing::info_span!("walkie", peer_id = %own);
        tasks.spawn(driver.run(stop.child_token()).instrument(span));
        tasks.close();
        let (cancel, guard) = (stop.clone(), stop.drop_guard());
        let shared = Shared {
            own,
            commands,
            lines,
            requests,
            view,
            grpc,
            service: own_service,
            deadline,
            _stop: guard,
            cancel,
            tasks,
        };
        let walkie = Walkie { shared: Arc::new(shared) };
        walkie.listening(wanted).await?;
        Ok(walkie)
    }
}

impl Walkie {
    /// Waits until so many addresses are listened on, or for a moment: an address that stands
    /// for all interfaces of a kind may stand for none.
    async fn listening(&self, wanted: usize) -> Result<(), StartError> {
        let mut view = self.subscribe();
        let listens = |view: &Arc<View>| view.listeners.len() >= wanted;
        match tokio::time::timeout(LISTENING, view.wait_for(listens)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => {
                Err(StartError::Network { reason: "the node stopped at once".to_owned() })
            }
            Err(_) => {
                tracing::warn!(wanted, "some addresses are not listened on yet");
                Ok(())
            }
        }
    }
}

/// Listens where it can; says on how many addresses. A host without IPv6 is no reason not to
/// start, as long as there is another address.
fn listen(swarm: &mut Swarm<Protocols>, addresses: &[Multiaddr]) -> Result<usize, StartError> {
    let (mut listeners, mut skipped) = (0, None);
    for address in addresses {
        let listening = free(address)
            .map_err(|error| error.to_string())
            .and_then(|()| swarm.listen_on(address.clone()).map_err(|error| cause(&error)));
        match listening {
            Ok(_) => listeners += 1,
            Err(reason) => {
                let failed = StartError::Listen { address: address.clone(), reason };
                if !matches!(address::host(address), Some(IpAddr::V6(host)) if host.is_unspecified())
                {
                    return Err(failed);
                }
                tracing::warn!(error = %failed, "going on without IPv6");
                skipped = Some(failed);
            }
        }
    }
    match skipped {
        Some(failed) if listeners == 0 => Err(failed),
        _ => Ok(listeners),
    }
}

/// Whether nobody listens there. libp2p shares its ports, with any other program that does too:
/// each would get some of the connections.
fn free(address: &Multiaddr) -> std::io::Result<()> {
    match (address::host(address), address::port(address)) {
        (Some(host), Some(port @ 1..)) => {
            let socket = Socket::new(Domain::for_address((host, port).into()), Type::STREAM, None)?;
            if host.is_ipv6() {
                // The same port of IPv4 may be ours already.
                socket.set_only_v6(true)?;
            }
            // Connections of a node that stopped a moment ago do not count.
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::from((host, port)).into())
        }
        _ => Ok(()),
    }
}

fn family(config: &Config) -> Family {
    let introduction = &config.introduction;
    // A client asks whomever it likes.
    let client = introduction.role == WalkieRoles::WrClient;
    Family {
        chain_identity: introduction.chain_identity.clone(),
        bridge_identity: introduction.bridge_identity.clone(),
        any_bridge: config.discovery.any_bridge || client,
        any_chain: client,
    }
}

/// A host whose port 5353 cannot be shared finds its peers in the other ways.
fn discover_locally(
    own: PeerId,
    host: &str,
    listeners: watch::Receiver<Vec<Multiaddr>>,
    found: mpsc::Sender<crate::discovery::local::Found>,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    match LocalDiscovery::bind(own, host, listeners, found) {
        Ok(discovery) => {
            let stopped = stop.child_token().cancelled_owned();
            let span = tracing::info_span!("local_discovery");
            let run = async move {
                tokio::select! {
                    () = stopped => {}
                    ended = discovery.run() => if let Err(error) = ended {
                        tracing::warn!(%error, "local discovery has stopped");
                    }
                }
            };
            tasks.spawn(run.instrument(span));
        }
        Err(error) => tracing::warn!(%error, "no discovery of version 2 peers by multicast DNS"),
    }
}
