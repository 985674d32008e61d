//! The addresses of one peer.

use std::collections::VecDeque;

use libp2p::Multiaddr;

/// More addresses than this are not kept.
const MOST: usize = 16;

/// Addresses, the likeliest first: the one that last worked, then the newest.
#[derive(Debug, Default)]
pub(super) struct Addresses(VecDeque<Multiaddr>);

impl Addresses {
    /// Whether it is new.
    pub(super) fn add(&mut self, address: Multiaddr) -> bool {
        if self.0.contains(&address) {
            return false;
        }
        if self.0.len() == MOST {
            self.0.pop_back();
        }
        self.0.push_front(address);
        true
    }

    pub(super) fn prefer(&mut self, address: &Multiaddr) {
        if let Some(at) = self.0.iter().position(|known| known == address)
            && let Some(address) = self.0.remove(at)
        {
            self.0.push_front(address);
        }
    }

    pub(super) fn list(&self) -> Vec<Multiaddr> {
        self.0.iter().cloned().collect()
    }
}
