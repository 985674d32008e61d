//! Blob servers that data providers announce among their peers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;

use super::BlobEndpoint;
use crate::blob::Candidate;

/// Passes on who announces a blob server, until nobody follows the candidates any more.
pub(super) async fn follow(
    mut candidates: watch::Receiver<Arc<[Candidate]>>,
    endpoints: watch::Sender<Vec<BlobEndpoint>>,
) {
    candidates.mark_changed();
    while candidates.changed().await.is_ok() {
        let mut announced: Vec<_> =
            candidates.borrow_and_update().iter().filter_map(endpoint).collect();
        // Their order changes with their health, which is looked at here anew.
        announced.sort_by(|one, other| one.name.cmp(&other.name));
        endpoints.send_if_modified(|endpoints| {
            let changed = *endpoints != announced;
            *endpoints = announced;
            changed
        });
    }
}

/// Where a provider serves blobs: at the port it announces, on each of its addresses.
fn endpoint(candidate: &Candidate) -> Option<BlobEndpoint> {
    let port = u16::try_from(candidate.info.as_ref()?.blob_server_port).ok()?;
    if port == 0 {
        return None;
    }
    let ips = candidate.addresses.iter().filter_map(|address| ip(address));
    let mut addresses: Vec<_> = ips.map(|ip| SocketAddr::new(ip, port)).collect();
    // Loopback may be somebody else's.
    addresses.sort_by_key(|address| (address.ip().is_loopback(), *address));
    addresses.dedup();
    Some(BlobEndpoint { name: candidate.id.to_string(), addresses })
}

/// The host of a multiaddress, as `/ip4/192.0.2.7/tcp/40000`.
fn ip(address: &str) -> Option<IpAddr> {
    let mut parts = address.split('/').skip(1);
    match parts.next()? {
        "ip4" | "ip6" => parts.next()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prb_walkie::proto::data_provider::Info;

    use super::*;

    #[test]
    fn blobs_are_at_the_announced_port_of_each_address_and_loopback_comes_last() {
        let mut candidate = Candidate {
            id: "a".into(),
            addresses: [
                "/ip4/127.0.0.1/tcp/4000",
                "/ip6/2001:db8::7/tcp/4000",
                "/dns4/example.org/tcp/4000",
                "/ip4/192.0.2.7/tcp/4000/p2p/QmX",
                "/ip4/192.0.2.7/udp/4001",
                "nothing",
            ]
            .map(str::to_owned)
            .into(),
            info: None,
            latency: Duration::ZERO,
            failures: 0,
        };
        assert_eq!(endpoint(&candidate), None);
        candidate.info = Some(Info::default());
        assert_eq!(endpoint(&candidate), None, "it serves none");
        candidate.info = Some(Info { blob_server_port: 8012, ..Info::default() });
        let addresses = endpoint(&candidate).unwrap().addresses;
        let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["192.0.2.7:8012", "[2001:db8::7]:8012", "127.0.0.1:8012"]);
    }
}
