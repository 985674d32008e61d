//! Multicast DNS in the older dialect (`ipfs.local`), which version 2 peers speak and libp2p's
//! own no longer does.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

pub mod packet;

use packet::{Message, Tag};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
/// As often as older peers ask.
const ASK_EVERY: Duration = Duration::from_secs(20);
/// Answers are not given more often: everybody hears them.
const REST: Duration = Duration::from_millis(500);
/// No packet of this dialect is longer, in bytes.
const LONGEST: usize = 9000;

/// A peer that was heard of, and where it can be dialled.
pub(crate) type Found = (PeerId, Vec<Multiaddr>);

/// Asks and answers until `found` is closed or the socket fails.
pub(crate) struct LocalDiscovery {
    own: PeerId,
    host: String,
    socket: UdpSocket,
    joined: Vec<Ipv4Addr>,
    listeners: watch::Receiver<Vec<Multiaddr>>,
    found: mpsc::Sender<Found>,
    answered: Option<Instant>,
}

impl LocalDiscovery {
    /// Opens the socket that all of this host's programs share.
    pub(crate) fn bind(
        own: PeerId,
        host: &str,
        listeners: watch::Receiver<Vec<Multiaddr>>,
        found: mpsc::Sender<Found>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.set_multicast_loop_v4(true)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        // A name on the wire has labels of 1 to 63 bytes; the host's name need not be one.
        let host: String =
            host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(63).collect();
        let host = if host.is_empty() { "prb".to_owned() } else { host };
        Ok(Self { own, host, socket, joined: Vec::new(), listeners, found, answered: None })
    }

    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = vec![0; LONGEST];
        self.join();
        loop {
            tokio::select! {
                () = self.found.closed() => return Ok(()),
                changed = self.listeners.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.join();
                    ask.reset_immediately();
                }
                _ = ask.tick() => {
                    if let Ok(query) = packet::query() {
                        self.multicast(&query).await;
                    }
                }
                received = self.socket.recv_from(&mut buffer) => {
                    let (length, from) = received?;
                    self.received(&buffer[..length], from).await;
                }
            }
        }
    }

    async fn received(&mut self, bytes: &[u8], from: SocketAddr) {
        match packet::read(bytes) {
            Some(Message::Answer { peer, addresses }) if peer != self.own => {
                // When the node is busy the next answer will do.
                let _lost_when_full = self.found.try_send((peer, addresses));
            }
            Some(Message::Query(tag)) => self.answer(tag, from).await,
            _ => {}
        }
    }

    async fn answer(&mut self, tag: Tag, asker: SocketAddr) {
        let now = Instant::now();
        if self.answered.is_some_and(|answered| now.duration_since(answered) < REST) {
            return;
        }
        let Some((port, hosts)) = place(&self.listeners.borrow()) else { return };
        let answer = match packet::answer(tag, &self.own, &self.host, port, &hosts) {
            Ok(answer) => answer,
            Err(error) => return tracing::warn!(%error, "cannot announce this node"),
        };
        self.answered = Some(now);
        match tag {
            Tag::Ipfs => self.multicast(&answer).await,
            Tag::Discovery => {
                if let Err(error) = self.socket.send_to(&answer, asker).await {
                    tracing::debug!(%asker, %error, "cannot answer");
                }
            }
        }
    }

    /// Joins the group on every interface the node listens on.
    fn join(&mut self) {
        for interface in interfaces(&self.listeners.borrow_and_update()) {
            if self.joined.contains(&interface) {
                continue;
            }
            match self.socket.join_multicast_v4(GROUP, interface) {
                Ok(()) => self.joined.push(interface),
                Err(error) => tracing::debug!(%interface, %error, "no multicast here"),
            }
        }
    }

    /// Sends on every interface that was joined.
    async fn multicast(&self, bytes: &[u8]) {
        for interface in &self.joined {
            let sent = match SockRef::from(&self.socket).set_multicast_if_v4(interface) {
                Ok(()) => self.socket.send_to(bytes, (GROUP, PORT)).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                tracing::debug!(%interface, %error, "cannot multicast");
            }
        }
    }
}

fn parts(listener: &Multiaddr) -> Option<(IpAddr, u16)> {
    let mut parts = listener.iter();
    let host = match parts.next()? {
        Protocol::Ip4(host) => IpAddr::V4(host),
        Protocol::Ip6(host) => IpAddr::V6(host),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some((host, port)),
        _ => None,
    }
}

fn interfaces(listeners: &[Multiaddr]) -> Vec<Ipv4Addr> {
    let mut interfaces: Vec<_> = listeners
        .iter()
        .filter_map(|listener| match parts(listener)? {
            (IpAddr::V4(host), _) if !host.is_unspecified() => Some(host),
            _ => None,
        })
        .collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    interfaces
}

/// One port, and the hosts on which it listens: an answer has room for one port only.
fn place(listeners: &[Multiaddr]) -> Option<(u16, Vec<IpAddr>)> {
    let places: Vec<_> = listeners.iter().filter_map(parts).collect();
    let (_, port) = places.iter().find(|(host, _)| host.is_ipv4()).or(places.first())?;
    let hosts = places.iter().filter(|(_, other)| other == port).map(|(host, _)| *host).collect();
    Some((*port, hosts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listeners(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn one_port_is_announced_with_all_its_hosts() {
        let listeners = listeners(&[
            "/ip6/::1/tcp/2",
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/10.0.0.5/tcp/1",
            "/ip6/fd00::1/tcp/1",
        ]);
        let (port, hosts) = place(&listeners).unwrap();
        assert_eq!(port, 1);
        assert_eq!(hosts.len(), 3);
        assert_eq!(interfaces(&listeners).len(), 2);
        assert_eq!(place(&[]), None);
    }
}
