//! The libp2p stack of a node.

use std::io;
use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::upgrade;
use libp2p::identity::Keypair;
use libp2p::kad::store::MemoryStore;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport, connection_limits, dns, identify, kad,
    mdns, noise, ping, tcp, yamux,
};
use libp2p_mplex as mplex;
use rsa::pkcs1::EncodeRsaPrivateKey;

use super::calls;
use super::config::{Config, Multiplexing};
use super::error::StartError;
use super::gather::Gather;
use crate::identity::Identity;

/// What older peers call theirs. Nothing is stored there; it is how peers learn of each other.
const KADEMLIA: StreamProtocol = StreamProtocol::new("/ipfs/lan/kad/1.0.0");
/// Peers of the field ask each other this often.
const DISCOVER_EVERY: Duration = Duration::from_secs(20);
/// The default of 10 s drops connections between polls.
const IDLE: Duration = Duration::from_mins(1);
/// A connection whose peer is gone without a word is closed after two pings that were not
/// answered. Until then some calls would go there, even when the peer is back on another one.
const PING_EVERY: Duration = Duration::from_secs(8);
const PING_PATIENCE: Duration = Duration::from_secs(10);
/// A pending connection costs a handshake; more of them wait in the listener's queue.
const MOST_PENDING: u32 = 128;
/// Largest message of mplex, and how many of them may wait for a slow reader.
const MPLEX_MESSAGE: usize = 1 << 20;
const MPLEX_BUFFER: usize = 64;

/// The protocols a node speaks. Limits come first: they must refuse before others allocate.
#[derive(NetworkBehaviour)]
pub(super) struct Protocols {
    limits: connection_limits::Behaviour,
    pub(super) calls: calls::Behaviour,
    pub(super) identify: identify::Behaviour,
    pub(super) kademlia: kad::Behaviour<MemoryStore>,
    pub(super) mdns: Toggle<mdns::tokio::Behaviour>,
    ping: ping::Behaviour,
}

/// The identity's key as libp2p holds it.
pub(super) fn keypair(identity: &Identity) -> Result<Keypair, StartError> {
    let unusable = |error: &dyn ToString| StartError::Identity { reason: error.to_string() };
    let der = identity.private_key().to_pkcs1_der().map_err(|error| unusable(&error))?;
    let mut der = zeroize::Zeroizing::new(der.as_bytes().to_vec());
    libp2p::identity::rsa::Keypair::try_decode_pkcs1(&mut der)
        .map(Keypair::from)
        .map_err(|error| unusable(&error))
}

pub(super) fn build(
    keypair: Keypair,
    config: &Config,
    calls: calls::Behaviour,
) -> Result<Swarm<Protocols>, StartError> {
    let failed = |error: &dyn ToString| StartError::Network { reason: error.to_string() };
    let calls_per_connection = config.limits.calls_per_connection;
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_other_transport(|keypair| transport(keypair, config))
        .map_err(|error| failed(&error))?
        .with_behaviour(|keypair| protocols(keypair, config, calls))
        .map_err(|error| failed(&error))?
        .with_swarm_config(|swarm| {
            swarm
                .with_idle_connection_timeout(IDLE)
                .with_max_negotiating_inbound_streams(calls_per_connection)
                // The same bytes, but a request goes with its protocol's name and not after it.
                .with_substream_upgrade_protocol_override(upgrade::Version::V1Lazy)
        })
        .build();
    Ok(swarm)
}

/// TCP, encrypted by noise, shared by yamux or mplex.
fn transport(
    keypair: &Keypair,
    config: &Config,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Box<dyn std::error::Error + Send + Sync>> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
    let encrypted = dns::tokio::Transport::system(tcp)?
        .map(|stream, _| Gather::new(stream))
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(noise::Config::new(keypair)?);
    let mplex = multiplex(config.limits.calls_per_connection);
    Ok(match config.multiplexing {
        // Yamux is offered first, so two nodes of ours speak it; older peers know mplex alone.
        Multiplexing::YamuxFirst => {
            let yamux_first = upgrade::SelectUpgrade::new(yamux::Config::default(), mplex);
            encrypted.multiplex(yamux_first).boxed()
        }
        Multiplexing::MplexAlone => encrypted.multiplex(mplex).boxed(),
    })
}

fn multiplex(streams: usize) -> mplex::Config {
    let mut config = mplex::Config::new();
    config
        .set_split_send_size(MPLEX_MESSAGE)
        .set_max_num_streams(streams)
        .set_max_buffer_size(MPLEX_BUFFER);
    config
}

fn protocols(
    keypair: &Keypair,
    config: &Config,
    calls: calls::Behaviour,
) -> Result<Protocols, Box<dyn std::error::Error + Send + Sync>> {
    let own = keypair.public().to_peer_id();
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(MOST_PENDING))
        .with_max_pending_outgoing(Some(MOST_PENDING))
        .with_max_established_incoming(Some(config.limits.inbound_connections))
        .with_max_established_per_peer(Some(config.limits.connections_per_peer));
    let identify = identify::Config::new("ipfs/0.1.0".to_owned(), keypair.public())
        .with_agent_version(concat!("prb/", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(Protocols {
        limits: connection_limits::Behaviour::new(limits),
        calls,
        identify: identify::Behaviour::new(identify),
        kademlia: kademlia(own),
        mdns: Toggle::from(multicast(own, config.discovery.mdns)?),
        ping: ping::Behaviour::new(
            ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_PATIENCE),
        ),
    })
}

fn kademlia(own: PeerId) -> kad::Behaviour<MemoryStore> {
    let mut config = kad::Config::new(KADEMLIA);
    config
        .set_periodic_bootstrap_interval(Some(DISCOVER_EVERY))
        // Handed to us to decide on, and we keep none.
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None);
    let mut kademlia = kad::Behaviour::with_config(own, MemoryStore::new(own), config);
    kademlia.set_mode(Some(kad::Mode::Server));
    kademlia
}

fn multicast(own: PeerId, wanted: bool) -> io::Result<Option<mdns::tokio::Behaviour>> {
    let config = mdns::Config { query_interval: DISCOVER_EVERY, ..mdns::Config::default() };
    wanted.then(|| mdns::tokio::Behaviour::new(config, own)).transpose()
}
