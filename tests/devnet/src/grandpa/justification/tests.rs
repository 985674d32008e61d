use finality_grandpa::voter_set::VoterSet;
use sp_consensus_grandpa::check_message_signature;
use sp_core::H256;
use sp_runtime::generic::Digest;
use sp_runtime::traits::Header as _;

use super::*;
use crate::engine::Hash;
use crate::grandpa::AuthoritySets;

fn header(number: u32, parent: Hash) -> Header {
    Header::new(number, H256::repeat_byte(1), H256::repeat_byte(2), parent, Digest::default())
}

/// What a light client checks, by the field's own code.
fn is_valid(justification: &Justification, set: &AuthoritySet) -> bool {
    let voters = VoterSet::new(set.list()).unwrap();
    let ancestry = Ancestry(&justification.votes_ancestries);
    let commit = &justification.commit;
    let validated = finality_grandpa::validate_commit(commit, &voters, &ancestry).unwrap();
    let signed = commit.precommits.iter().all(|vote| {
        let message = Message::<Header>::Precommit(vote.precommit.clone());
        check_message_signature(&message, &vote.id, &vote.signature, justification.round, set.id)
            .is_valid()
    });
    validated.is_valid() && signed
}

struct Ancestry<'a>(&'a [Header]);

impl finality_grandpa::Chain<Hash, BlockNumber> for Ancestry<'_> {
    fn ancestry(&self, base: Hash, block: Hash) -> Result<Vec<Hash>, finality_grandpa::Error> {
        let mut route = Vec::new();
        let mut current = block;
        while current != base {
            let header = self.0.iter().find(|header| header.hash() == current);
            current = header.ok_or(finality_grandpa::Error::NotDescendent)?.parent_hash;
            route.push(current);
        }
        route.pop();
        Ok(route)
    }
}

#[test]
fn a_justification_passes_the_fields_own_check() {
    for size in [1, 4, 7, 100] {
        let mut sets = AuthoritySets::new(1, size);
        let set = sets.set(5);
        let target = header(10, Hash::zero());
        for round in 1..4 {
            let justification = justify(&set, round, &target, None);
            assert!(is_valid(&justification, &set), "{size} authorities, round {round}");
            assert!(!is_valid(&justification, &AuthoritySet { id: 6, ..set.clone() }));
        }
        if size > 1 {
            assert!(!is_valid(&justify(&set, 1, &target, None), &sets.set(5 + size as u64)));
        }
    }
}

#[test]
fn a_vote_ahead_comes_with_its_ancestry() {
    let set = AuthoritySets::new(1, 4).set(0);
    let target = header(10, Hash::zero());
    let child = header(11, target.hash());
    let mut justification = justify(&set, 1, &target, Some(&child));
    assert_eq!(justification.commit.precommits[0].precommit.target_number, 11);
    assert_eq!(justification.commit.target_hash, target.hash());
    assert!(is_valid(&justification, &set));
    justification.votes_ancestries.clear();
    assert!(!is_valid(&justification, &set));
}

#[test]
fn a_single_voter_never_votes_ahead() {
    let set = AuthoritySets::new(1, 1).set(0);
    let target = header(10, Hash::zero());
    let child = header(11, target.hash());
    assert!(is_valid(&justify(&set, 1, &target, Some(&child)), &set));
    assert!(justify(&set, 1, &target, Some(&child)).votes_ancestries.is_empty());
}

#[test]
fn two_of_four_are_not_enough() {
    let set = AuthoritySets::new(1, 4).set(0);
    let mut justification = justify(&set, 1, &header(10, Hash::zero()), None);
    justification.commit.precommits.truncate(3);
    assert!(is_valid(&justification, &set));
    justification.commit.precommits.truncate(2);
    assert!(!is_valid(&justification, &set));
}

#[test]
fn sizes_are_those_of_live_chains() {
    use parity_scale_codec::Encode as _;
    let target = header(10, Hash::zero());
    let four = justify(&AuthoritySets::new(1, 4).set(0), 1, &target, None);
    assert_eq!(four.encode().len(), 574);
    let thousand = justify(&AuthoritySets::new(1, 1000).set(0), 1, &target, None);
    assert_eq!(thousand.commit.precommits.len(), 668);
}

#[test]
fn more_than_two_thirds_are_needed() {
    assert_eq!([1, 3, 4, 7, 1000].map(threshold), [1, 3, 3, 5, 667]);
}
