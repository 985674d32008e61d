//! Authority sets with real keys made from a seed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parity_scale_codec::Encode;
use sp_consensus_grandpa::{AuthorityId, AuthorityList, SetId};
use sp_core::{Pair as _, ed25519};
use sp_io::hashing::blake2_256;

/// The voters in force during one set id, each with weight 1.
#[derive(Clone)]
pub struct AuthoritySet {
    /// Number of set changes before this set.
    pub id: SetId,
    /// Keys of the voters.
    pub pairs: Vec<Arc<ed25519::Pair>>,
}

impl AuthoritySet {
    /// The list as the relay chain stores it.
    pub fn list(&self) -> AuthorityList {
        self.pairs.iter().map(|pair| (AuthorityId::from(pair.public()), 1)).collect()
    }
}

impl fmt::Debug for AuthoritySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthoritySet")
            .field("id", &self.id)
            .field("authorities", &self.pairs.len())
            .finish()
    }
}

/// All authority sets of a network: a window that moves by one authority with every change, so
/// that neighbouring sets overlap as they do on live chains.
pub struct AuthoritySets {
    seed: u64,
    size: usize,
    /// Deriving a key costs more than signing with it.
    cache: HashMap<u64, Arc<ed25519::Pair>>,
}

impl AuthoritySets {
    /// The sets of the network with this seed, each of `size` authorities.
    pub fn new(seed: u64, size: usize) -> Self {
        Self { seed, size, cache: HashMap::new() }
    }

    /// The set with this id.
    pub fn set(&mut self, id: SetId) -> AuthoritySet {
        let last = id + self.size as u64;
        self.cache.retain(|index, _| (id..last).contains(index));
        let seed = self.seed;
        let pairs = (id..last).map(|index| {
            let pair = self.cache.entry(index).or_insert_with(|| Arc::new(pair(seed, index)));
            Arc::clone(pair)
        });
        AuthoritySet { id, pairs: pairs.collect() }
    }
}

impl fmt::Debug for AuthoritySets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthoritySets").field("size", &self.size).finish_non_exhaustive()
    }
}

fn pair(seed: u64, index: u64) -> ed25519::Pair {
    ed25519::Pair::from_seed(&blake2_256(&("grandpa authority", seed, index).encode()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_follow_from_the_seed_and_overlap() {
        let mut sets = AuthoritySets::new(7, 4);
        let first = sets.set(0).list();
        let second = sets.set(1).list();
        assert_eq!(first[1..], second[..3]);
        assert_eq!(AuthoritySets::new(7, 4).set(1).list(), second);
        assert_ne!(AuthoritySets::new(8, 4).set(1).list(), second);
    }
}
