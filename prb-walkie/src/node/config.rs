//! What a node is told before it starts.

use std::net::SocketAddr;
use std::time::Duration;

use libp2p::Multiaddr;

use crate::access;
use crate::access::token::Token;
use crate::proto::WalkieRoles;

/// Who a node says it is.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// The name of its host.
    pub hostname: String,
    /// What it does.
    pub role: WalkieRoles,
    /// The chain it serves: 0x hex of the hash of parachain block 1; `client` for clients.
    pub chain_identity: String,
    /// Its namespace; `client` for clients.
    pub bridge_identity: String,
}

impl Introduction {
    /// What says of itself who only asks. It takes peers of every chain and namespace.
    pub fn client(hostname: String) -> Self {
        let client = || "client".to_owned();
        let (chain_identity, bridge_identity) = (client(), client());
        Self { hostname, role: WalkieRoles::WrClient, chain_identity, bridge_identity }
    }
}

/// How a node finds its peers.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// Multiaddresses as the operator wrote them. One that cannot be used is a warning and an
    /// entry in [`super::Walkie::boot_nodes`], not an error.
    pub boot_nodes: Vec<String>,
    /// Whether to use multicast DNS as libp2p speaks it.
    pub mdns: bool,
    /// Whether to use multicast DNS as version 2 peers speak it.
    pub older_mdns: bool,
    /// Whether peers of other namespaces are taken for ours.
    pub any_bridge: bool,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { boot_nodes: Vec::new(), mdns: true, older_mdns: true, any_bridge: false }
    }
}

/// How a node serves gRPC.
#[derive(Debug, Clone)]
pub struct Grpc {
    /// Where it listens. Port 0 takes a free one.
    pub address: SocketAddr,
    /// What clients must send to do more than everybody may; without one nobody can.
    pub token: Option<Token>,
    /// Certificate chain and key in PEM; without them the connection is not encrypted.
    pub tls: Option<Tls>,
}

/// A certificate and its key, in PEM. `Debug` does not show the key.
#[derive(Clone)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub certificates: Vec<u8>,
    /// Its private key.
    pub key: zeroize::Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// What a node will not exceed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one request or one answer.
    pub message_bytes: usize,
    /// Bytes of all requests that are being received or handled; the same again for answers. An
    /// eighth of it is for the first 16 KiB of each, so that whoever holds the rest with long
    /// ones keeps nobody from short ones.
    pub bytes_in_flight: usize,
    /// Calls of one connection that are under way, in both directions together.
    pub calls_per_connection: usize,
    /// Calls that this node answers at once, and calls that it makes at once.
    pub calls: usize,
    /// Connections that others made.
    pub inbound_connections: u32,
    /// Connections with one peer. Older peers make one for each call.
    pub connections_per_peer: u32,
    /// How long a handler may take.
    pub handler: Duration,
    /// How long a caller may take to send its request.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 128 << 20,
            bytes_in_flight: 512 << 20,
            calls_per_connection: 1024,
            calls: 4096,
            inbound_connections: 1024,
            connections_per_peer: 256,
            handler: Duration::from_mins(3),
            request: Duration::from_secs(30),
        }
    }
}

/// How the calls of one connection share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multiplexing {
    /// Yamux with peers that speak it, mplex with the others.
    #[default]
    YamuxFirst,
    /// Mplex alone, as version 2 peers do: for tests and measurements of it.
    MplexAlone,
}

/// All of a node's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who it is.
    pub introduction: Introduction,
    /// Where it listens. Port 0 takes a free one; nowhere is fine for a client.
    pub listen: Vec<Multiaddr>,
    /// How the calls of a connection share it.
    pub multiplexing: Multiplexing,
    /// How it finds peers.
    pub discovery: Discovery,
    /// Who may call what.
    pub access: access::Config,
    /// Whether and how it serves gRPC.
    pub grpc: Option<Grpc>,
    /// What it will not exceed.
    pub limits: Limits,
}

impl Config {
    /// The settings of a node that says it is this, and listens nowhere yet.
    pub fn new(introduction: Introduction) -> Self {
        Self {
            introduction,
            listen: Vec::new(),
            multiplexing: Multiplexing::default(),
            discovery: Discovery::default(),
            access: access::Config::default(),
            grpc: None,
            limits: Limits::default(),
        }
    }
}
