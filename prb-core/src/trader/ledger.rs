//! The extrinsics of one account that are signed and not yet resolved, and whether its nonce is
//! known.
//!
//! An extrinsic is resolved when a finalized block holds it, or when no block can hold it any
//! more. After a start, and after anything that leaves open where an extrinsic is, the account is
//! in doubt: what is held is submitted again byte by byte, and nothing new is signed until the
//! transaction pool knows exactly what the ledger knows, or the longest era of anything signed
//! before has passed.

use std::collections::BTreeMap;

use subxt::utils::H256;

use super::era::Era;
use super::extrinsic::SignedExtrinsic;

#[cfg(test)]
mod tests;

/// A signed extrinsic and what it carries.
#[derive(Clone, Debug)]
pub struct Held<T> {
    /// Its nonce.
    pub nonce: u32,
    /// Its bytes and hash.
    pub extrinsic: SignedExtrinsic,
    /// For which blocks its signature holds.
    pub era: Era,
    /// Runtime it was signed for; no other one accepts it, and versions only grow.
    pub spec_version: u32,
    /// What it carries.
    pub load: T,
}

/// What is final for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalView {
    /// Number of the newest finalized block that was searched for our extrinsics.
    pub number: u32,
    /// The account's nonce after that block.
    pub nonce: u32,
    /// Runtime that executes the block after it.
    pub spec_version: u32,
}

/// Why an extrinsic can no longer get into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Gone {
    /// Another extrinsic of the account has its nonce.
    #[error("another extrinsic of the account took its nonce")]
    Replaced,
    /// Its last block is final.
    #[error("no block took it while its signature held")]
    Expired,
    /// The chain has another runtime.
    #[error("the chain's runtime was upgraded before a block took it")]
    Upgraded,
}

/// What is signed and unresolved.
#[derive(Debug)]
pub struct Ledger<T> {
    held: BTreeMap<u32, Held<T>>,
    /// No nonce below it is free.
    base: u32,
    period: u32,
    doubt: Option<Doubt>,
}

#[derive(Debug)]
struct Doubt {
    reason: String,
    /// When everything signed before the doubt is dead: known once a final block is.
    until: Option<u32>,
}

impl<T> Ledger<T> {
    /// An account about which nothing is known. `period` is the longest era in use, in blocks.
    pub fn new(period: u32) -> Self {
        let mut ledger = Self { held: BTreeMap::new(), base: 0, period, doubt: None };
        ledger.doubt("the trader has just started");
        ledger
    }

    /// How many extrinsics are unresolved.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is unresolved.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Why nothing new may be signed, if so.
    pub fn in_doubt(&self) -> Option<&str> {
        self.doubt.as_ref().map(|doubt| doubt.reason.as_str())
    }

    /// Forbids signing until the account is settled. A doubt that stands goes on from now.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.doubt = Some(Doubt { reason: reason.into(), until: None });
    }

    /// The nonce for the next extrinsic, none while in doubt. Fills gaps first: what is held
    /// behind a gap waits for it.
    pub fn next_nonce(&self) -> Option<u32> {
        self.doubt.is_none().then(|| self.first_free(self.base))
    }

    /// Holds an extrinsic, before it is submitted.
    pub fn hold(&mut self, held: Held<T>) {
        self.held.insert(held.nonce, held);
    }

    /// Takes back an extrinsic that no node ever accepted.
    pub fn take_back(&mut self, nonce: u32) -> Option<Held<T>> {
        self.held.remove(&nonce)
    }

    /// Everything held, by nonce.
    pub fn held(&self) -> impl Iterator<Item = &Held<T>> {
        self.held.values()
    }

    /// Whether an extrinsic is unresolved.
    pub fn holds(&self, hash: H256) -> bool {
        self.held.values().any(|held| held.extrinsic.hash == hash)
    }

    /// Resolves an extrinsic that is in a finalized block.
    pub fn included(&mut self, hash: H256) -> Option<Held<T>> {
        let nonce = self.held.values().find(|held| held.extrinsic.hash == hash)?.nonce;
        self.base = self.base.max(nonce + 1);
        self.held.remove(&nonce)
    }

    /// Resolves what no block can take any more, once all blocks up to the view's were searched.
    pub fn gone(&mut self, view: &FinalView) -> Vec<(Held<T>, Gone)> {
        let gone: Vec<_> = self
            .held
            .values()
            .filter_map(|held| {
                let why = why_gone(held.nonce, held.era.death(), view)
                    .or((held.spec_version < view.spec_version).then_some(Gone::Upgraded))?;
                Some((held.nonce, why))
            })
            .collect();
        if let Some((nonce, why)) = gone.first() {
            self.doubt(format!("the extrinsic with nonce {nonce} is not on chain: {why}"));
        }
        self.base = self.base.max(view.nonce);
        gone.into_iter()
            .filter_map(|(nonce, why)| self.held.remove(&nonce).map(|held| (held, why)))
            .collect()
    }

    /// Ends the doubt if nothing of the account can be under way that is not held here. `pool` is
    /// the next nonce by each node's transaction pool.
    pub fn settle(&mut self, view: &FinalView, pool: &[u32]) -> bool {
        let expected = self.first_free(view.nonce);
        let Some(doubt) = &mut self.doubt else { return true };
        let until = *doubt.until.get_or_insert(view.number.saturating_add(self.period));
        let agreed = !pool.is_empty() && pool.iter().all(|next| *next == expected);
        if agreed || view.number >= until {
            // Beyond the longest era only another user's extrinsics can be in a pool.
            self.base = pool.iter().copied().fold(view.nonce, u32::max);
            self.doubt = None;
        }
        self.doubt.is_none()
    }

    fn first_free(&self, from: u32) -> u32 {
        let mut nonce = from;
        while self.held.contains_key(&nonce) {
            nonce += 1;
        }
        nonce
    }
}

/// Why an extrinsic that is in no finalized block up to the view's can be in no later one.
pub(super) fn why_gone(nonce: u32, death: u32, view: &FinalView) -> Option<Gone> {
    if nonce < view.nonce {
        Some(Gone::Replaced)
    } else if view.number.saturating_add(1) >= death {
        Some(Gone::Expired)
    } else {
        None
    }
}
