//! The embedded network, on the usual ports where they are free.

use std::io::ErrorKind;
use std::net::SocketAddr;

use prb_devnet::network::{Network, NetworkConfig, NetworkError, NetworkHandle};

/// Starts the network. A busy port is replaced by a free one, and said.
pub(super) async fn start(
    mut config: NetworkConfig,
    note: &mut (dyn FnMut(String) + Send),
) -> Result<NetworkHandle, NetworkError> {
    loop {
        let started = Network::builder(config.clone()).build()?.start().await;
        let Some(busy) = busy_address(&started) else { return started };
        if !take_free_port(&mut config, busy) {
            return started;
        }
        note(format!("port {} is busy, so a free one is taken", busy.port()));
    }
}

fn busy_address(started: &Result<NetworkHandle, NetworkError>) -> Option<SocketAddr> {
    match started {
        Err(NetworkError::Bind { address, source, .. })
            if source.kind() == ErrorKind::AddrInUse && address.port() != 0 =>
        {
            Some(*address)
        }
        _ => None,
    }
}

/// Whether the address was one of the configuration's.
fn take_free_port(config: &mut NetworkConfig, busy: SocketAddr) -> bool {
    let mut listens = [&mut config.para_listen, &mut config.relay_listen].into_iter();
    let found = listens.find(|listen| **listen == busy);
    found.is_some_and(|listen| {
        listen.set_port(0);
        true
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_busy_port_is_replaced_and_said() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let para_listen = taken.local_addr().unwrap();
        let relay_listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = NetworkConfig { para_listen, relay_listen, ..NetworkConfig::default() };
        let mut notes = Vec::new();
        let network = start(config, &mut |note| notes.push(note)).await.unwrap();
        assert_ne!(network.para_url(), format!("ws://{para_listen}"));
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains(&para_listen.port().to_string()), "{notes:?}");
        network.shutdown().await.unwrap();
    }
}
