//! Whether a GRANDPA justification makes a block final.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use ed25519_zebra::{Signature, VerificationKey};
use parity_scale_codec::Decode;
use subxt::utils::H256;

use crate::scale::grandpa::{AuthorityId, AuthoritySet, Justification, SignedPrecommit};

/// Why a justification does not make the block final.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JustificationError {
    /// Not a justification.
    #[error("the justification does not decode: {0}")]
    Undecodable(String),
    /// It is for another block.
    #[error("the justification is for block {found} ({found_hash:?}), not {expected}")]
    OtherBlock {
        /// The block it should be for.
        expected: u32,
        /// The block it is for.
        found: u32,
        /// Its hash.
        found_hash: H256,
    },
    /// No authority has weight.
    #[error("authority set {0} has no weight")]
    EmptySet(u64),
    /// The votes do not make this very block final.
    #[error("the votes of set {set_id} do not make the block final: {reason}")]
    NotFinal {
        /// The set whose votes were expected.
        set_id: u64,
        /// What is missing.
        reason: &'static str,
    },
    /// A vote is not signed by its voter for this round and set.
    #[error("the vote of 0x{} is badly signed for set {set_id}", hex::encode(voter))]
    BadSignature {
        /// The voter.
        voter: AuthorityId,
        /// The set it should be signed for.
        set_id: u64,
    },
    /// A vote's target is not linked to the others.
    #[error("the votes' ancestry is not proven")]
    UnprovenAncestry,
    /// Headers that link nothing.
    #[error("the justification holds headers that link no vote")]
    UnusedHeaders,
}

/// Checks that `encoded` (SCALE Justification) makes the block `hash` with number `number` final in
/// the eyes of `set`.
///
/// The rule is the light client's: more than two thirds of the weight vote for the block or
/// descendants of it, and no higher block has as much; every vote, also of strangers, is well
/// signed for the set; the headers given with the votes link each of them to the lowest one, and
/// there is none too many. A voter who votes twice counts for every block.
pub fn verify(
    encoded: &[u8],
    set: &AuthoritySet,
    hash: H256,
    number: u32,
) -> Result<(), JustificationError> {
    let justification = Justification::decode(&mut &*encoded)
        .map_err(|error| JustificationError::Undecodable(error.to_string()))?;
    let commit = &justification.commit;
    if (commit.target_hash, commit.target_number) != (hash, number) {
        return Err(JustificationError::OtherBlock {
            expected: number,
            found: commit.target_number,
            found_hash: commit.target_hash,
        });
    }
    let ancestry = Ancestry::new(&justification);
    weigh(&justification, set, &ancestry)?;
    check_signatures(&justification, set.id)?;
    check_ancestry(&justification, &ancestry)
}

/// Parents of the headers that come with the votes.
struct Ancestry(HashMap<H256, H256>);

impl Ancestry {
    fn new(justification: &Justification) -> Self {
        let headers = justification.votes_ancestries.iter();
        Self(headers.map(|header| (header.hash(), header.parent_hash)).collect())
    }

    /// The blocks from `from` down to, excluding, `base`; `None` where they are not linked.
    fn route(&self, from: H256, base: H256) -> Option<Vec<H256>> {
        let mut route = Vec::new();
        let mut block = from;
        while block != base {
            // A parent loop needs a hash collision, but costs nothing to exclude.
            if route.len() > self.0.len() {
                return None;
            }
            route.push(block);
            block = *self.0.get(&block)?;
        }
        Some(route)
    }
}

/// Checks that the commit's target is the highest block with enough weight.
fn weigh(
    justification: &Justification,
    set: &AuthoritySet,
    ancestry: &Ancestry,
) -> Result<(), JustificationError> {
    let not_final = |reason| JustificationError::NotFinal { set_id: set.id, reason };
    let mut weights: HashMap<AuthorityId, u64> = HashMap::new();
    for (id, weight) in set.list.iter().filter(|(_, weight)| *weight > 0) {
        let entry = weights.entry(*id).or_default();
        *entry = entry.saturating_add(*weight);
    }
    let total = weights.values().fold(0_u64, |total, weight| total.saturating_add(*weight));
    if total == 0 {
        return Err(JustificationError::EmptySet(set.id));
    }
    let threshold = total - (total - 1) / 3;

    let commit = &justification.commit;
    let votes: Vec<&SignedPrecommit> =
        commit.precommits.iter().filter(|vote| weights.contains_key(&vote.id)).collect();
    let base = lowest(votes.iter().copied()).ok_or(not_final("no authority voted"))?;
    let mut first_votes: HashMap<AuthorityId, &SignedPrecommit> = HashMap::new();
    let mut voted_twice: HashSet<AuthorityId> = HashSet::new();
    let mut routes: HashMap<H256, Vec<H256>> = HashMap::new();
    for vote in votes {
        if vote.target_hash == commit.target_hash && vote.target_number != commit.target_number {
            return Err(not_final("a vote for the block has another number"));
        }
        if let Entry::Vacant(unknown) = routes.entry(vote.target_hash) {
            let route = ancestry.route(vote.target_hash, base.target_hash);
            unknown.insert(route.ok_or(not_final("a vote is not linked to the lowest one"))?);
        }
        let first = first_votes.entry(vote.id).or_insert(vote);
        if first.target_hash != vote.target_hash {
            voted_twice.insert(vote.id);
        }
    }

    let everywhere = voted_twice.iter().fold(0_u64, |sum, id| sum.saturating_add(weights[id]));
    let mut own: HashMap<H256, u64> = HashMap::from([(base.target_hash, 0)]);
    let mut children: HashMap<H256, HashSet<H256>> = HashMap::new();
    for (id, vote) in &first_votes {
        let weight = if voted_twice.contains(id) { 0 } else { weights[id] };
        let route = &routes[&vote.target_hash];
        for block in route.iter().copied().chain([base.target_hash]) {
            let sum = own.entry(block).or_default();
            *sum = sum.saturating_add(weight);
        }
        for (child, parent) in
            route.iter().zip(route.iter().skip(1).copied().chain([base.target_hash]))
        {
            children.entry(parent).or_default().insert(*child);
        }
    }
    let enough = |block: &H256| own[block].saturating_add(everywhere) >= threshold;

    let mut highest = base.target_hash;
    if !enough(&highest) {
        return Err(not_final("too little weight voted"));
    }
    while let Some(above) = children.get(&highest) {
        let mut heavy = above.iter().filter(|child| enough(child));
        match (heavy.next(), heavy.next()) {
            (None, _) => break,
            (Some(child), None) => highest = *child,
            (Some(_), Some(_)) => return Err(not_final("two forks have enough weight")),
        }
    }
    if highest != commit.target_hash {
        return Err(not_final("another block is the highest with enough weight"));
    }
    if highest == base.target_hash && base.target_number != commit.target_number {
        return Err(not_final("the lowest vote has another number"));
    }
    Ok(())
}

/// The vote with the lowest target; of several the first.
fn lowest<'a>(votes: impl Iterator<Item = &'a SignedPrecommit>) -> Option<&'a SignedPrecommit> {
    votes.min_by_key(|vote| vote.target_number)
}

fn check_signatures(justification: &Justification, set_id: u64) -> Result<(), JustificationError> {
    for vote in &justification.commit.precommits {
        let bytes = vote.signed_bytes(justification.round, set_id);
        VerificationKey::try_from(vote.id)
            .and_then(|key| key.verify(&Signature::from(vote.signature), &bytes))
            .map_err(|_| JustificationError::BadSignature { voter: vote.id, set_id })?;
    }
    Ok(())
}

/// Checks that the headers given are exactly those that link all votes to the lowest one.
fn check_ancestry(
    justification: &Justification,
    ancestry: &Ancestry,
) -> Result<(), JustificationError> {
    let votes = &justification.commit.precommits;
    let Some(base) = lowest(votes.iter()) else { return Ok(()) };
    let mut visited = HashSet::new();
    for vote in votes {
        if !visited.contains(&vote.target_hash) {
            let route = ancestry.route(vote.target_hash, base.target_hash);
            visited.extend(route.ok_or(JustificationError::UnprovenAncestry)?);
        }
    }
    let given: HashSet<H256> = ancestry.0.keys().copied().collect();
    if visited == given { Ok(()) } else { Err(JustificationError::UnusedHeaders) }
}

#[cfg(test)]
mod tests;
