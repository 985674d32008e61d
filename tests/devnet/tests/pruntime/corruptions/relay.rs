//! Runs of relay headers.

use parity_scale_codec::Encode;
use prb_devnet::pruntime::proto;
use prb_devnet::pruntime::scale::HeaderToSync;
use sp_consensus_grandpa::{ConsensusLog, GRANDPA_ENGINE_ID, ScheduledChange};
use sp_core::H256;
use sp_runtime::DigestItem;

use super::{Corruption, check, synced_to};
use crate::pruntime::material::{Material, SET_ID, VOTERS, Votes, justified, sync_header};

/// The last header that is already accepted, and the one the spoiled runs end at.
const SYNCED: u32 = 5;
const LAST: u32 = 8;

fn spoiled(name: &'static str, run: &[HeaderToSync], error: &'static str) -> Corruption {
    Corruption::new(name, &sync_header(run), error)
}

fn runs(material: &Material) -> Vec<Corruption> {
    let good = || material.relay_run(SYNCED + 1..=LAST);
    let without = |index: usize| {
        let mut run = good();
        run.remove(index);
        run
    };
    let mut unjustified = good();
    unjustified[0].justification.clone_from(&material.relay_run(6..=6)[0].justification);
    unjustified[2].justification = None;
    let mut forked = good();
    forked[0].header.parent_hash = material.relay_header(4).hash();
    forked[1].header.parent_hash = forked[0].header.hash();
    forked[2].header.parent_hash = forked[1].header.hash();
    let mut relinked = good();
    relinked[1].header.extrinsics_root = H256::zero();
    vec![
        spoiled("missing justification", &unjustified, "MissingJustification"),
        spoiled("first header left out", &without(0), "BlockNumberMismatch"),
        spoiled("inner header left out", &without(1), "HeaderHashMismatch"),
        spoiled("an inner header changed", &relinked, "HeaderHashMismatch"),
        spoiled("another chain", &forked, "HeaderValidateFailed(invalid ancestry proof)"),
        // Its real justification is of the next set.
        spoiled(
            "change hidden mid-batch",
            &material.relay_run(SYNCED + 1..=22),
            "bad justification for header: invalid",
        ),
    ]
}

fn justifications(material: &Material) -> Vec<Corruption> {
    let good = || material.relay_run(SYNCED + 1..=LAST);
    let target = material.relay_header(LAST);
    let with = |name, votes: &Votes, error| {
        spoiled(name, &justified(good(), &votes.justify(&target)), error)
    };
    let votes = |voters: &[&'static str]| Votes::of(voters, &target);
    let child = material.relay_header(LAST + 1);
    let parent = material.relay_header(LAST - 1);

    let mut flipped = votes(&VOTERS).justify(&target);
    let mut signature: [u8; 64] =
        flipped.commit.precommits[2].signature.encode().try_into().expect("64");
    signature[10] ^= 1;
    flipped.commit.precommits[2].signature = sp_core::ed25519::Signature::from(signature).into();

    let mut badly_signed_stranger = votes(&["Bob", "Charlie", "Dave", "Alice"]).justify(&target);
    badly_signed_stranger.commit.precommits[3].signature =
        badly_signed_stranger.commit.precommits[0].signature.clone();

    let mut low_stranger = votes(&VOTERS);
    low_stranger.cast.push(("Alice", parent));

    let mut truncated = votes(&VOTERS).justify(&target).encode();
    truncated.truncate(truncated.len() - 20);
    let mut truncated_run = good();
    truncated_run[2].justification = Some(truncated);

    let mut wrong_target = good();
    wrong_target[2].justification.clone_from(&material.relay_run(7..=7)[0].justification);

    let mut above = votes(&["Bob", "Charlie"]);
    above.cast.push(("Dave", child.clone()));
    vec![
        with("2 of 4 votes", &votes(&["Bob", "Charlie"]), "invalid commit in"),
        with(
            "2 voters and 2 strangers",
            &votes(&["Bob", "Charlie", "Alice", "Ferdie"]),
            "invalid commit in",
        ),
        with(
            "2 voters, each twice",
            &votes(&["Bob", "Bob", "Charlie", "Charlie"]),
            "invalid commit in",
        ),
        with("a vote above without its ancestry", &above, "invalid commit in"),
        with(
            "the previous set id",
            &Votes { set_id: SET_ID - 1, ..votes(&VOTERS) },
            "invalid signature for precommit",
        ),
        with(
            "the next set id",
            &Votes { set_id: SET_ID + 1, ..votes(&VOTERS) },
            "invalid signature for precommit",
        ),
        spoiled(
            "one bad signature",
            &justified(good(), &flipped),
            "invalid signature for precommit",
        ),
        spoiled(
            "a stranger's bad signature",
            &justified(good(), &badly_signed_stranger),
            "invalid signature for precommit",
        ),
        with("a stranger's vote below", &low_stranger, "invalid precommit ancestry proof"),
        with(
            "an unused ancestry",
            &Votes { ancestries: vec![child], ..votes(&VOTERS) },
            "with unused headers",
        ),
        spoiled("of another block", &wrong_target, "invalid commit target"),
        spoiled("truncated", &truncated_run, "error decoding justification for header"),
    ]
}

fn payloads(material: &Material) -> Vec<Corruption> {
    let good = sync_header(&material.relay_run(SYNCED + 1..=LAST));
    let mut truncated = good.clone();
    truncated.encoded_headers.truncate(200);
    let undecodable_change =
        proto::HeadersToSync { encoded_authority_set_change: Some(vec![0xff]), ..good };
    vec![
        Corruption::new("truncated headers", &truncated, "DecodeError("),
        Corruption::new("undecodable set change", &undecodable_change, "DecodeError("),
        Corruption { name: "no message at all", bad: vec![0x0a, 0xff], error: "DecodeError(" },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_relay_run_is_refused_and_changes_nothing() {
    let material = Material::load();
    let peer = synced_to(&material, SYNCED).await;
    let mut corruptions = runs(&material);
    corruptions.extend(justifications(&material));
    corruptions.extend(payloads(&material));
    let good = sync_header(&material.relay_run(SYNCED + 1..=LAST));
    check(&peer, "SyncHeader", corruptions, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_with_a_delay_is_refused_although_it_is_justified() {
    let material = Material::load();
    let peer = synced_to(&material, SYNCED).await;
    let mut header = material.relay_header(SYNCED + 1);
    let change = ScheduledChange { next_authorities: Vec::new(), delay: 1u32 };
    let log = ConsensusLog::ScheduledChange(change).encode();
    header.digest.push(DigestItem::Consensus(GRANDPA_ENGINE_ID, log));
    let run = justified(
        vec![HeaderToSync { header: header.clone(), justification: None }],
        &Votes::of(&VOTERS, &header).justify(&header),
    );
    let delayed = spoiled("a delayed change", &run, "scheduled change should not have delay");
    let good = sync_header(&material.relay_run(SYNCED + 1..=SYNCED + 1));
    check(&peer, "SyncHeader", vec![delayed], &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_four_votes_and_votes_above_the_target_are_enough() {
    let material = Material::load();
    let peer = synced_to(&material, SYNCED).await;
    let [six, seven, eight] = [6, 7, 8].map(|number| material.relay_header(number));
    let three = Votes::of(&VOTERS[..3], &six).justify(&six);
    let run = justified(material.relay_run(6..=6), &three);
    super::accepted(peer.call("SyncHeader", &sync_header(&run)).await);
    let mut split = Votes::of(&["Bob", "Charlie"], &seven);
    split.cast.push(("Dave", eight.clone()));
    split.ancestries.push(eight);
    let run = justified(material.relay_run(7..=7), &split.justify(&seven));
    super::accepted(peer.call("SyncHeader", &sync_header(&run)).await);
    assert_eq!(peer.info().await.headernum, 8);
}
