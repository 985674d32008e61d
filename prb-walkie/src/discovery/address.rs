//! Addresses as this network uses them: a host, a TCP port, perhaps a peer id.

use std::net::IpAddr;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// Whether it has a host and a TCP port, and no transport that is not spoken here.
pub(crate) fn is_dialable(address: &Multiaddr) -> bool {
    let mut parts = address.iter();
    let host = match parts.next() {
        Some(Protocol::Ip4(host)) => !host.is_unspecified(),
        Some(Protocol::Ip6(host)) => !host.is_unspecified(),
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => true,
        _ => false,
    };
    host && matches!(parts.next(), Some(Protocol::Tcp(1..)))
        && matches!(parts.next(), None | Some(Protocol::P2p(_)))
        && parts.next().is_none()
}

/// The peer it says is there.
pub(crate) fn peer(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}

/// The address without the peer.
pub(crate) fn place(address: &Multiaddr) -> Multiaddr {
    address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect()
}

/// The IP address it starts with.
pub(crate) fn host(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(host) => Some(host.into()),
        Protocol::Ip6(host) => Some(host.into()),
        _ => None,
    }
}

/// Its TCP port.
pub(crate) fn port(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_tcp_is_dialled() {
        let dialable = |text: &str| is_dialable(&text.parse().unwrap());
        assert!(dialable("/ip4/192.0.2.1/tcp/1"));
        assert!(dialable("/ip6/::1/tcp/1"));
        assert!(dialable(
            "/dns/a.example/tcp/1/p2p/Qme7dd1B19xZ6i81WZN3EKU7oHSAENDSANVABZnktD8pCY"
        ));
        for bad in [
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/192.0.2.1/tcp/0",
            "/ip4/192.0.2.1/udp/1",
            "/ip4/192.0.2.1",
            "/ip4/192.0.2.1/tcp/1/ws",
        ] {
            assert!(!dialable(bad), "{bad}");
        }
    }
}
