//! Runs of para headers.

use prb_devnet::pruntime::scale::Header;

use super::{Corruption, accepted, check, para_synced_to, synced_to};
use crate::pruntime::material::{Material, sync_header, sync_para_header};

/// A relay block and the para head in its state.
const RELAY: u32 = 12;
const HEAD: u32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_para_run_is_refused_and_keeps_the_relay_root() {
    let material = Material::load();
    let peer = synced_to(&material, RELAY).await;
    let run = || material.para_run(0..=HEAD);
    let proof = || material.proof(RELAY);
    let spoiled = |name, run: Vec<Header>, proof, error| {
        Corruption::new(name, &sync_para_header(&run, proof), error)
    };
    let without = |index: usize| {
        let mut run = run();
        run.remove(index);
        run
    };
    let mut corruptions = vec![
        spoiled("first header left out", without(0), proof(), "BlockNumberMismatch"),
        spoiled("inner header left out", without(3), proof(), "HeaderHashMismatch"),
        spoiled(
            "last header left out",
            without(6),
            proof(),
            "StorageProofFailed(storage value mismatch)",
        ),
        spoiled(
            "one header too many",
            material.para_run(0..=HEAD + 1),
            proof(),
            "storage value mismatch",
        ),
        spoiled(
            "proof of another relay block",
            run(),
            material.proof(RELAY - 1),
            "InvalidStateRoot",
        ),
        spoiled("no proof", run(), Vec::new(), "InvalidStateRoot"),
    ];
    for index in 0..proof().len() {
        let mut nodes = proof();
        nodes.remove(index);
        corruptions.push(spoiled(
            "a node missing",
            run(),
            nodes,
            "Failed to read value from trie: In",
        ));
    }
    let mut truncated = sync_para_header(&run(), proof());
    truncated.encoded_headers.pop();
    corruptions.push(Corruption::new("truncated headers", &truncated, "DecodeError("));
    check(&peer, "SyncParaHeader", corruptions, &sync_para_header(&run(), proof())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_para_run_needs_a_relay_header_of_its_own() {
    let material = Material::load();
    let peer = para_synced_to(&material, RELAY, HEAD).await;
    let next = sync_para_header(&material.para_run(7..=7), material.proof(13));
    assert_eq!(peer.call("SyncParaHeader", &next).await.error(), "RelaychainHeaderNotSynced");
    accepted(peer.call("SyncHeader", &sync_header(&material.relay_run(13..=13))).await);
    accepted(peer.call("SyncParaHeader", &next).await);
}
