//! Ports for what has to be told one before it listens.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whoever asks the system for any port, and every connection, gets one from 32768 on (Linux's
/// `ip_local_port_range`), so a port from here stays free until it is listened at.
const OURS: Range<u16> = 20_000..32_000;
/// Processes that follow each other begin this far apart, so that they do not choose the same.
const APART: usize = 61;

static CHOSEN: AtomicUsize = AtomicUsize::new(0);

/// A port that nothing listens at on either loopback address, another one at each call.
///
/// None of those that connections get: between the choice and the listening, a port that the
/// system chose and took back may be given to another test's connection.
///
/// # Panics
///
/// Where none of 12,000 ports is free.
#[expect(clippy::expect_used, reason = "tests have nothing to do without a port")]
pub fn unused_port() -> u16 {
    let process = process::id() as usize * APART;
    OURS.map(|_| process + CHOSEN.fetch_add(1, Ordering::Relaxed))
        .filter_map(|index| OURS.clone().nth(index % OURS.len()))
        .find(|port| is_free(*port))
        .expect("none of 12,000 ports is free")
}

/// Where there is no IPv6, no port of it is in use.
fn is_free(port: u16) -> bool {
    ["127.0.0.1", "::1"].into_iter().all(|host| {
        TcpListener::bind((host, port)).map_or_else(|e| e.kind() != ErrorKind::AddrInUse, |_| true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_chosen_twice_nor_one_that_is_listened_at() {
        let first = unused_port();
        let _listens = TcpListener::bind(("127.0.0.1", first)).unwrap();
        assert!(!is_free(first) && OURS.contains(&first));
        let more: Vec<_> = (0..20).map(|_| unused_port()).collect();
        let distinct: std::collections::BTreeSet<_> = more.iter().collect();
        assert!(!more.contains(&first) && distinct.len() == more.len());
    }
}
