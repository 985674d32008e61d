//! Making justifications.

use parity_scale_codec::Decode;
use sp_consensus_grandpa::{
    AuthorityId, AuthoritySignature, Commit, ConsensusLog, GRANDPA_ENGINE_ID, GrandpaJustification,
    Message, Precommit, RoundNumber, ScheduledChange, localized_payload,
};
use sp_core::Pair as _;
use sp_runtime::DigestItem;

use super::AuthoritySet;
use crate::engine::{BlockNumber, Header};

/// The field's justification: a round's commit with the headers its votes reach beyond the target.
pub type Justification = GrandpaJustification<Header>;

type SignedPrecommit =
    finality_grandpa::SignedPrecommit<sp_core::H256, BlockNumber, AuthoritySignature, AuthorityId>;

/// Votes a set of this many equal voters needs: more than two thirds.
pub fn threshold(voters: usize) -> usize {
    voters - voters.saturating_sub(1) / 3
}

/// Signs a justification of `target` by `set`.
///
/// One vote more than needed is included, from voters that take turns. With `ahead`, the header
/// after the target, one of them has already voted for that one, and its header comes along as the
/// vote's ancestry; so do justifications of live chains.
pub fn justify(
    set: &AuthoritySet,
    round: RoundNumber,
    target: &Header,
    ahead: Option<&Header>,
) -> Justification {
    let voters = set.pairs.len();
    // Alone, a vote ahead would carry the target with it.
    let ahead = ahead.filter(|_| voters > 1);
    let count = voters.min(threshold(voters) + 1);
    let first = round as usize % voters.max(1);
    let vote = |index: usize, header: &Header| {
        let pair = &set.pairs[(first + index) % voters];
        let precommit =
            Precommit::<Header> { target_hash: header.hash(), target_number: header.number };
        let message = Message::<Header>::Precommit(precommit.clone());
        let payload = localized_payload(round, set.id, &message);
        SignedPrecommit {
            precommit,
            signature: AuthoritySignature::from(pair.sign(&payload)),
            id: AuthorityId::from(pair.public()),
        }
    };
    let votes = (0..count).map(|index| vote(index, ahead.filter(|_| index == 0).unwrap_or(target)));
    GrandpaJustification {
        round,
        commit: Commit::<Header> {
            target_hash: target.hash(),
            target_number: target.number,
            precommits: votes.collect(),
        },
        votes_ancestries: ahead.cloned().into_iter().collect(),
    }
}

/// The change of authorities that a header announces, if it does.
pub fn scheduled_change(header: &Header) -> Option<ScheduledChange<BlockNumber>> {
    header.digest.logs.iter().find_map(|item| match item {
        DigestItem::Consensus(GRANDPA_ENGINE_ID, log) => {
            match ConsensusLog::<BlockNumber>::decode(&mut &log[..]) {
                Ok(ConsensusLog::ScheduledChange(change)) => Some(change),
                _ => None,
            }
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
