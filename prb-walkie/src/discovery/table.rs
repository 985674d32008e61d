//! Who is known, as a value: it is told what happened and when, and says whom to greet next.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use libp2p::{Multiaddr, PeerId};

use super::backoff::Backoff;
use crate::proto::{WalkieRoles, WalkieSystemInfo};

mod addresses;
mod peer;
#[cfg(test)]
mod tests;

use addresses::Addresses;
pub use peer::{Peer, Standing};

/// More peers than this are not remembered; those who answered come first.
const MOST_PEERS: usize = 1024;
/// A peer that answered is asked again after this long. A lost one is noticed at most two of
/// these and two calls later.
const GREET_EVERY: Duration = Duration::from_secs(8);
/// Failures in a row that make a peer lost.
const FAILURES_TO_LOSE: u32 = 2;
/// A lost peer is forgotten after this long; one that never answered after so many failures.
const FORGET_AFTER: Duration = Duration::from_hours(1);
const FAILURES_TO_FORGET: u32 = 6;
const RETRY: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

/// Whom a node takes for one of its own.
#[derive(Debug, Clone)]
pub struct Family {
    /// The chain its peers serve.
    pub chain_identity: String,
    /// The namespace its peers are in.
    pub bridge_identity: String,
    /// Peers of other namespaces are taken too.
    pub any_bridge: bool,
    /// Peers of every chain are taken, as clients do, who serve none.
    pub any_chain: bool,
}

impl Family {
    /// Why a peer is none of ours, or nothing if it is.
    pub fn ignores(&self, info: &WalkieSystemInfo) -> Option<String> {
        if info.role() == WalkieRoles::WrClient {
            None
        } else if info.chain_identity != self.chain_identity && !self.any_chain {
            Some(format!("it serves another chain ({})", shorten(&info.chain_identity)))
        } else if info.bridge_identity != self.bridge_identity && !self.any_bridge {
            Some(format!("it is in another namespace ({})", shorten(&info.bridge_identity)))
        } else {
            None
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[derive(Debug)]
struct Entry {
    addresses: Addresses,
    /// What it last said of itself.
    info: Option<WalkieSystemInfo>,
    last_seen: Option<Instant>,
    failures: u32,
    next_greeting: Instant,
    greeting: bool,
    connected: bool,
}

/// All peers a node knows of.
#[derive(Debug)]
pub struct PeerTable {
    own: PeerId,
    family: Family,
    entries: HashMap<PeerId, Entry>,
}

impl PeerTable {
    /// A table of nobody, kept by the node called `own`.
    pub fn new(own: PeerId, family: Family) -> Self {
        Self { own, family, entries: HashMap::new() }
    }

    /// A peer was found, perhaps with an address it can be dialled at.
    pub fn found(&mut self, peer: PeerId, address: Option<Multiaddr>, now: Instant) {
        if let Some(entry) = self.entry(peer, now)
            && let Some(address) = address
        {
            // A new address is a reason to try at once: the peer may have moved.
            if entry.addresses.add(address) && entry.failures > 0 {
                entry.next_greeting = now;
            }
        }
    }

    /// A peer said who it is without being asked. A client is listed as it is; a service is asked
    /// in return, so that what is listed is known to answer.
    pub fn heard(&mut self, peer: PeerId, info: WalkieSystemInfo, now: Instant) {
        if info.role() == WalkieRoles::WrClient {
            return self.greeted(peer, info, now);
        }
        let live = self.is_live(&peer);
        if let Some(entry) = self.entry(peer, now)
            && !live
        {
            entry.next_greeting = now;
        }
    }

    /// A peer answered who it is.
    pub fn greeted(&mut self, peer: PeerId, info: WalkieSystemInfo, now: Instant) {
        if let Some(entry) = self.entry(peer, now) {
            entry.info = Some(info);
            entry.last_seen = Some(now);
            entry.failures = 0;
            entry.greeting = false;
            entry.next_greeting = now + GREET_EVERY;
        }
    }

    /// A greeting brought no answer. `jitter` is a random number in 0..1.
    pub fn failed(&mut self, peer: PeerId, now: Instant, jitter: f64) {
        if let Some(entry) = self.entries.get_mut(&peer) {
            entry.greeting = false;
            entry.failures = entry.failures.saturating_add(1);
            entry.next_greeting = now + RETRY.wait(entry.failures, jitter);
            if entry.should_be_forgotten(now) {
                self.entries.remove(&peer);
            }
        }
    }

    /// An outbound connection to this address was made: it is the one to try first.
    pub fn reached(&mut self, peer: PeerId, address: &Multiaddr) {
        if let Some(entry) = self.entries.get_mut(&peer) {
            entry.addresses.prefer(address);
        }
    }

    /// A first connection was made, or the last one is gone.
    pub fn connected(&mut self, peer: PeerId, connected: bool, now: Instant) {
        let Some(entry) = self.entries.get_mut(&peer) else { return };
        entry.connected = connected;
        if connected {
            return;
        }
        if entry.role() == Some(WalkieRoles::WrClient) {
            // A client is not there to be called back.
            self.entries.remove(&peer);
        } else if !entry.greeting {
            // It may have stopped: ask soon, but not a peer that closes after each call at once.
            entry.next_greeting = entry.next_greeting.min(now + RETRY.first);
        }
    }

    /// Whom to greet now. Each is in the caller's hands until it reports
    /// [`PeerTable::greeted`] or [`PeerTable::failed`].
    pub fn due(&mut self, now: Instant) -> Vec<PeerId> {
        self.entries
            .iter_mut()
            .filter(|(_, entry)| !entry.greeting && entry.next_greeting <= now)
            .map(|(peer, entry)| {
                entry.greeting = true;
                *peer
            })
            .collect()
    }

    /// Where a peer can be dialled, the likeliest first.
    pub fn addresses(&self, peer: &PeerId) -> Vec<Multiaddr> {
        self.entries.get(peer).map(|entry| entry.addresses.list()).unwrap_or_default()
    }

    /// Whether the peer answers and is one of ours.
    pub fn is_live(&self, peer: &PeerId) -> bool {
        self.entries
            .get(peer)
            .is_some_and(|entry| entry.standing(&self.family) == Some(Standing::Live))
    }

    /// Everybody who ever said who it is, ordered by role and id.
    pub fn peers(&self) -> Vec<Peer> {
        let mut peers: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(id, entry)| entry.describe(*id, &self.family))
            .collect();
        peers.sort_by_key(|peer| (peer.role as i32, peer.id));
        peers
    }

    /// The peer's entry, made if there is room for it.
    fn entry(&mut self, peer: PeerId, now: Instant) -> Option<&mut Entry> {
        if peer == self.own {
            return None;
        }
        if !self.entries.contains_key(&peer) {
            if self.entries.len() >= MOST_PEERS && !self.make_room() {
                return None;
            }
            self.entries.insert(peer, Entry::new(now));
        }
        self.entries.get_mut(&peer)
    }

    /// Drops one peer that never answered, if there is one.
    fn make_room(&mut self) -> bool {
        let stranger = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.info.is_none())
            .max_by_key(|(_, entry)| entry.failures)
            .map(|(peer, _)| *peer);
        stranger.is_some_and(|peer| self.entries.remove(&peer).is_some())
    }
}

impl Entry {
    fn new(now: Instant) -> Self {
        Self {
            addresses: Addresses::default(),
            info: None,
            last_seen: None,
            failures: 0,
            next_greeting: now,
            greeting: false,
            connected: false,
        }
    }

    fn role(&self) -> Option<WalkieRoles> {
        self.info.as_ref().map(WalkieSystemInfo::role)
    }

    fn should_be_forgotten(&self, now: Instant) -> bool {
        match self.last_seen {
            Some(seen) => now.duration_since(seen) > FORGET_AFTER,
            None => self.failures >= FAILURES_TO_FORGET,
        }
    }

    fn standing(&self, family: &Family) -> Option<Standing> {
        let info = self.info.as_ref()?;
        Some(match family.ignores(info) {
            Some(reason) => Standing::Ignored(reason),
            None if self.failures >= FAILURES_TO_LOSE => Standing::Lost,
            None => Standing::Live,
        })
    }

    fn describe(&self, id: PeerId, family: &Family) -> Option<Peer> {
        let (info, seen) = (self.info.as_ref()?, self.last_seen?);
        Some(Peer {
            id,
            hostname: info.hostname.clone(),
            role: info.role(),
            chain_identity: info.chain_identity.clone(),
            bridge_identity: info.bridge_identity.clone(),
            addresses: self.addresses.list(),
            connected: self.connected,
            standing: self.standing(family)?,
            last_seen: seen,
        })
    }
}
