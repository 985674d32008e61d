//! How often a host may get a secret wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong proofs a host may send within [`WINDOW`]; then it waits the window out.
const MOST_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_mins(1);
/// Hosts remembered. When there are more, nobody new may try until windows end.
const MOST_HOSTS: usize = 4096;

/// Counts wrong proofs of a secret by host (IPv6 hosts by their network), since anything else that
/// a caller could be told apart by is free to make.
#[derive(Debug, Default)]
pub struct Limiter {
    failures: HashMap<Option<IpAddr>, Failures>,
}

#[derive(Debug)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Limiter {
    /// Whether this host may prove the secret now.
    pub fn may_try(&mut self, host: Option<IpAddr>, now: Instant) -> bool {
        match self.failures.get(&network(host)) {
            Some(failures) if now.duration_since(failures.since) < WINDOW => {
                failures.count < MOST_FAILURES
            }
            Some(_) => true,
            None => self.failures.len() < MOST_HOSTS || self.forget_ended(now),
        }
    }

    /// The host's proof was wrong.
    pub fn failed(&mut self, host: Option<IpAddr>, now: Instant) {
        let fresh = || Failures { count: 0, since: now };
        let failures = self.failures.entry(network(host)).or_insert_with(fresh);
        if now.duration_since(failures.since) >= WINDOW {
            *failures = fresh();
        }
        failures.count += 1;
    }

    /// Whether that made room.
    fn forget_ended(&mut self, now: Instant) -> bool {
        self.failures.retain(|_, failures| now.duration_since(failures.since) < WINDOW);
        self.failures.len() < MOST_HOSTS
    }
}

/// The host, or the /64 it is in: an IPv6 host owns all of that.
fn network(host: Option<IpAddr>) -> Option<IpAddr> {
    host.map(|host| match host {
        IpAddr::V4(_) => host,
        IpAddr::V6(host) => {
            let network = host.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_failures_close_a_window_for_one_host() {
        let (mut limiter, start) = (Limiter::default(), Instant::now());
        let (bad, good) = (Some(host("10.0.0.1")), Some(host("10.0.0.2")));
        for _ in 0..MOST_FAILURES {
            assert!(limiter.may_try(bad, start));
            limiter.failed(bad, start);
        }
        assert!(!limiter.may_try(bad, start + WINDOW / 2));
        assert!(limiter.may_try(good, start));
        assert!(limiter.may_try(bad, start + WINDOW));
        limiter.failed(bad, start + WINDOW);
        assert!(limiter.may_try(bad, start + WINDOW));
    }

    #[test]
    fn an_ipv6_network_is_one_host() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        for at in 0..MOST_FAILURES {
            limiter.failed(Some(host(&format!("2001:db8::{at}"))), now);
        }
        assert!(!limiter.may_try(Some(host("2001:db8::ffff")), now));
        assert!(limiter.may_try(Some(host("2001:db8:0:1::1")), now));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        for at in 0..MOST_HOSTS as u32 {
            limiter.failed(Some(IpAddr::V4(at.into())), now);
        }
        assert!(!limiter.may_try(Some(host("192.0.2.1")), now));
        assert!(limiter.may_try(Some(host("192.0.2.1")), now + WINDOW));
        assert!(limiter.failures.is_empty());
    }
}
