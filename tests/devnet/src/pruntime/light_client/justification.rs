//! GRANDPA justifications, checked as pRuntime checks them: in two walks over the precommits.

use std::collections::{BTreeMap, BTreeSet};

use finality_grandpa::voter_set::VoterSet;
use finality_grandpa::{Chain, Message, validate_commit};
use parity_scale_codec::Decode;
use sp_consensus_grandpa::{
    AuthorityId, GrandpaJustification, check_message_signature_with_buffer,
};
use sp_core::H256;

use crate::pruntime::scale::Header;

/// Why a justification does not finalize a block.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JustificationError {
    /// Not the SCALE form of a justification.
    #[error("error decoding justification for header")]
    Decode,
    /// Decoded, but it proves nothing.
    #[error("bad justification for header: {0}")]
    Bad(&'static str),
}

/// Checks that an encoded justification finalizes `target` with the votes of one authority set.
pub(super) fn verify(
    encoded: &[u8],
    target: (H256, u32),
    set_id: u64,
    voters: &VoterSet<AuthorityId>,
) -> Result<(), JustificationError> {
    let justification = GrandpaJustification::<Header>::decode(&mut &*encoded)
        .map_err(|_| JustificationError::Decode)?;
    let commit = &justification.commit;
    if (commit.target_hash, commit.target_number) != target {
        return Err(JustificationError::Bad("invalid commit target in grandpa justification"));
    }
    let ancestry = Ancestry::new(&justification.votes_ancestries);
    // First walk: only the voters' precommits count, from the lowest of them upwards.
    if !validate_commit(commit, voters, &ancestry).is_ok_and(|result| result.is_valid()) {
        return Err(JustificationError::Bad("invalid commit in grandpa justification"));
    }
    verify_all_precommits(&justification, set_id, &ancestry)
}

/// Second walk: *every* precommit is well signed and descends from the lowest of all, also those
/// of non-voters, and the ancestries hold exactly the headers passed on the way.
fn verify_all_precommits(
    justification: &GrandpaJustification<Header>,
    set_id: u64,
    ancestry: &Ancestry,
) -> Result<(), JustificationError> {
    let precommits = &justification.commit.precommits;
    // Of several with the lowest number the first listed is the base.
    let Some(base) = precommits
        .iter()
        .map(|signed| &signed.precommit)
        .min_by_key(|precommit| precommit.target_number)
        .map(|precommit| precommit.target_hash)
    else {
        return Err(JustificationError::Bad("invalid commit in grandpa justification"));
    };
    let mut visited = BTreeSet::new();
    let mut buffer = Vec::new();
    for signed in precommits {
        let message = Message::Precommit(signed.precommit.clone());
        if !check_message_signature_with_buffer(
            &message,
            &signed.id,
            &signed.signature,
            justification.round,
            set_id,
            &mut buffer,
        )
        .is_valid()
        {
            return Err(JustificationError::Bad(
                "invalid signature for precommit in grandpa justification",
            ));
        }
        let target = signed.precommit.target_hash;
        if target == base {
            continue;
        }
        let route = ancestry.ancestry(base, target).map_err(|_| {
            JustificationError::Bad("invalid precommit ancestry proof in grandpa justification")
        })?;
        visited.insert(target);
        visited.extend(route);
    }
    if visited != ancestry.parents.keys().copied().collect() {
        return Err(JustificationError::Bad(
            "invalid precommit ancestries in grandpa justification with unused headers",
        ));
    }
    Ok(())
}

/// The headers above the lowest vote, each with its parent's hash.
struct Ancestry {
    parents: BTreeMap<H256, H256>,
}

impl Ancestry {
    fn new(headers: &[Header]) -> Self {
        Self { parents: headers.iter().map(|header| (header.hash(), header.parent_hash)).collect() }
    }
}

impl Chain<H256, u32> for Ancestry {
    /// The hashes between a block and its ancestor, both excluded, highest first.
    fn ancestry(&self, base: H256, block: H256) -> Result<Vec<H256>, finality_grandpa::Error> {
        let mut route = Vec::new();
        let mut current = block;
        while current != base {
            current = *self.parents.get(&current).ok_or(finality_grandpa::Error::NotDescendent)?;
            route.push(current);
        }
        // The last step arrived at the base itself.
        route.pop();
        Ok(route)
    }
}
