//! Boot nodes: addresses an operator wrote down.

use std::time::Instant;

use libp2p::{Multiaddr, PeerId};

use super::address;
use super::backoff::Backoff;
use super::table::PeerTable;

const RETRY: Backoff = Backoff {
    first: std::time::Duration::from_secs(1),
    longest: std::time::Duration::from_secs(15),
};

/// What became of a boot node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootState {
    /// It will be dialled.
    Waiting,
    /// It could not be reached, and why; it is dialled again.
    Unreachable(String),
    /// This peer was reached there.
    Reached(PeerId),
    /// The text is nothing that can be dialled, and why.
    Unusable(String),
}

/// A boot node and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootNode {
    /// As the operator wrote it.
    pub text: String,
    /// What became of it.
    pub state: BootState,
}

#[derive(Debug)]
struct Entry {
    node: BootNode,
    target: Option<Multiaddr>,
    failures: u32,
    next_dial: Instant,
    dialling: bool,
}

/// All boot nodes, as a value: it says which to dial, and is told what came of it.
#[derive(Debug)]
pub struct BootNodes(Vec<Entry>);

impl BootNodes {
    /// Reads the operator's list. What cannot be dialled stays in it, as unusable.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>, now: Instant) -> Self {
        let read = |text: &str| {
            let (target, state) = match dialable(text) {
                Ok(target) => (Some(target), BootState::Waiting),
                Err(reason) => {
                    tracing::warn!(boot_node = text, reason, "a boot node cannot be used");
                    (None, BootState::Unusable(reason))
                }
            };
            let node = BootNode { text: text.to_owned(), state };
            Entry { node, target, failures: 0, next_dial: now, dialling: false }
        };
        let texts = texts.into_iter().map(str::trim).filter(|text| !text.is_empty());
        Self(texts.map(read).collect())
    }

    /// What became of each.
    pub fn states(&self) -> Vec<BootNode> {
        self.0.iter().map(|entry| entry.node.clone()).collect()
    }

    /// Which to dial now, by index: those where nobody who is live was reached.
    pub fn due(&mut self, table: &PeerTable, now: Instant) -> Vec<(usize, Multiaddr)> {
        let mut due = Vec::new();
        for (index, entry) in self.0.iter_mut().enumerate() {
            let reached =
                matches!(&entry.node.state, BootState::Reached(peer) if table.is_live(peer));
            if let Some(target) = &entry.target
                && !reached
                && !entry.dialling
                && entry.next_dial <= now
            {
                entry.dialling = true;
                due.push((index, target.clone()));
            }
        }
        due
    }

    /// Somebody answered there. The next dial is only made if that peer is not live by then.
    pub fn reached(&mut self, index: usize, peer: PeerId, now: Instant) {
        if let Some(entry) = self.0.get_mut(index) {
            entry.node.state = BootState::Reached(peer);
            entry.dialling = false;
            entry.failures = 0;
            entry.next_dial = now + RETRY.longest;
        }
    }

    /// Nobody did. `jitter` is a random number in 0..1.
    pub fn failed(&mut self, index: usize, reason: String, now: Instant, jitter: f64) {
        if let Some(entry) = self.0.get_mut(index) {
            if entry.failures == 0 {
                tracing::warn!(boot_node = entry.node.text, reason, "cannot reach a boot node");
            }
            entry.node.state = BootState::Unreachable(reason);
            entry.dialling = false;
            entry.failures = entry.failures.saturating_add(1);
            entry.next_dial = now + RETRY.wait(entry.failures, jitter);
        }
    }
}

fn dialable(text: &str) -> Result<Multiaddr, String> {
    let address: Multiaddr =
        text.parse().map_err(|error| format!("not a multiaddress: {error}"))?;
    if !address::is_dialable(&address) {
        return Err("it needs a host and a TCP port, as in /ip4/192.0.2.1/tcp/18888".to_owned());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::discovery::table::Family;
    use crate::proto::WalkieSystemInfo;

    fn table() -> PeerTable {
        let family = Family {
            chain_identity: String::new(),
            bridge_identity: String::new(),
            any_bridge: false,
            any_chain: false,
        };
        PeerTable::new(PeerId::random(), family)
    }

    #[test]
    fn what_cannot_be_dialled_is_kept_and_said() {
        let texts = ["", "/ip4/1.2.3.4/tcp/0", "/ip4/1.2.3.4", "here", "/dns/a.example/tcp/80 "];
        let mut nodes = BootNodes::new(texts, Instant::now());
        let unusable = |node: &BootNode| matches!(node.state, BootState::Unusable(_));
        assert_eq!(
            nodes.states().iter().map(unusable).collect::<Vec<_>>(),
            [true, true, true, false]
        );
        assert_eq!(nodes.due(&table(), Instant::now()).len(), 1);
    }

    #[test]
    fn a_boot_node_is_dialled_until_its_peer_is_live_and_again_when_it_is_lost() {
        let (mut table, peer, mut now) = (table(), PeerId::random(), Instant::now());
        let mut nodes = BootNodes::new(["/ip4/1.2.3.4/tcp/5"], now);
        assert_eq!(nodes.due(&table, now).len(), 1);
        assert!(nodes.due(&table, now).is_empty(), "it is being dialled");
        nodes.failed(0, "refused".into(), now, 1.0);
        assert!(nodes.due(&table, now).is_empty(), "it waits");
        now += RETRY.first;
        assert_eq!(nodes.due(&table, now).len(), 1);
        nodes.reached(0, peer, now);
        table.greeted(peer, WalkieSystemInfo::default(), now);
        now += RETRY.longest;
        assert!(nodes.due(&table, now).is_empty(), "its peer is live");
        for _ in 0..2 {
            table.failed(peer, now, 1.0);
        }
        assert_eq!(nodes.due(&table, now + Duration::from_secs(1)).len(), 1);
    }
}
