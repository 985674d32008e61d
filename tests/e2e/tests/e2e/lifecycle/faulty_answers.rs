//! Workers that answer what they should not, late, or never. Each goes on by itself as soon as it
//! answers as it should, and the others notice nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use prb_core::lifecycle::{Phase, WorkerChange};
use prb_core::pruntime::{Deadlines, proto};
use prb_devnet::pruntime::{Fault, Method};
use prost::Message as _;

use super::bridge::{Bridge, PHA, double, network};

/// What a worker is fed by.
const FEEDING: [Method; 4] = [
    Method::SyncHeader,
    Method::SyncParaHeader,
    Method::SyncCombinedHeaders,
    Method::DispatchBlocks,
];

/// What pRuntime says when it refuses what it is fed.
const REFUSALS: [&str; 17] = [
    "RCU in progress, please try the request again later",
    "This RPC is disabled in safe mode",
    "Runtime not initialized",
    "System is uninitialized",
    "Runtime is uninitialized",
    "RpcError(BlockNumberMismatch)",
    "RpcError(EmptyRequest)",
    "RpcError(MissingJustification)",
    "RpcError(HeaderHashMismatch)",
    "RpcError(RelaychainHeaderNotSynced)",
    "RpcError(NoStateRoot)",
    "RpcError(ChainModeMismatch)",
    "HeaderValidateFailed(bad justification for header: invalid signature for precommit in grandpa \
     justification)",
    "HeaderValidateFailed(invalid ancestry proof)",
    "StorageProofFailed(storage value mismatch)",
    "StorageProofFailed(Failed to read value from trie: InvalidStateRoot(0x00))",
    "StateRootMismatch block=1 expected=0x00 actual=0x01",
];

/// Some workers that all compute, with others that nothing is done to.
async fn computing(names: &[&str]) -> Bridge {
    let bridge = Bridge::start_with(network(), |settings| {
        settings.lifecycle.skip_attestation = true;
        let deadlines = &mut settings.lifecycle.deadlines;
        *deadlines = Deadlines::new(Duration::from_secs(2));
        // A thirtieth of the real one, and so is the slow worker's time.
        deadlines.heavy = Duration::from_secs(6);
    })
    .await;
    bridge.pool(1, "//Alice", "").await;
    for name in names.iter().chain(&["steady"]) {
        bridge.worker(name, 1, double(), 5_000 * PHA).await;
    }
    for name in names.iter().chain(&["steady"]) {
        bridge.until(name, Phase::Computing, "").await;
    }
    bridge
}

/// Lets a worker answer so until its report says `told`, and then as it should until it moves on.
async fn while_it_answers(
    bridge: &Bridge,
    name: &str,
    methods: &[Method],
    fault: Fault,
    told: &str,
) {
    let double = bridge.double(name);
    for method in methods {
        double.answer_with(*method, Some(fault.clone()));
    }
    bridge.until_told(name, told).await;
    for method in methods {
        double.answer_with(*method, None);
    }
    bridge.until_block(name, bridge.report(name).para_block.unwrap() + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_every_wording_are_told_and_overcome() {
    let bridge = computing(&["refusing", "cut off"]).await;
    let since = bridge.report("steady");
    let refusing = async {
        for text in REFUSALS {
            let refusal = Fault::Refusal(text.to_owned());
            while_it_answers(&bridge, "refusing", &FEEDING, refusal, text).await;
        }
    };
    let cut_off = async {
        let plain: [(u16, &str); 4] = [
            (400, "DecodeError(unexpected end)"),
            (404, "<html>404: Not Found</html>"),
            (503, "Read body failed"),
            (413, "Entity too large"),
        ];
        for (status, text) in plain {
            let fault = Fault::Raw(status, text.as_bytes().to_vec());
            while_it_answers(&bridge, "cut off", &FEEDING, fault, text).await;
        }
        // Messages and registrations are not what it is fed: it stays at the tip meanwhile.
        let refusal = Fault::Refusal("System is uninitialized".to_owned());
        let egress = [Method::GetEgressMessages];
        while_it_answers(&bridge, "cut off", &egress, refusal, "uninitialized").await;
    };
    tokio::join!(refusing, cut_off);
    for name in ["refusing", "cut off"] {
        bridge.until(name, Phase::Computing, "computing").await;
        bridge.roots_agree(name).await;
    }
    undisturbed(&bridge, since).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_silence_and_slowness_are_told_and_overcome() {
    let bridge = computing(&["garbled", "silent", "slow"]).await;
    let since = bridge.report("steady");
    let garbled = async {
        let garbage = Fault::Raw(200, b"\xff\xfe\x00 no answer".to_vec());
        while_it_answers(&bridge, "garbled", &FEEDING, garbage.clone(), "malformed").await;
        let all = [&FEEDING[..], &[Method::GetInfo]].concat();
        while_it_answers(&bridge, "garbled", &all, garbage, "malformed answer to GetInfo").await;
        // Of a counter that is still 0 it tells the number before.
        let none = proto::SyncedTo { synced_to: u32::MAX }.encode_to_vec();
        let told = "does not have relay block 0";
        while_it_answers(&bridge, "garbled", &FEEDING, Fault::Raw(200, none), told).await;
        let empty = Fault::Raw(200, Vec::new());
        while_it_answers(&bridge, "garbled", &FEEDING, empty, "for nothing").await;
    };
    let silent = async {
        let all = [&FEEDING[..], &[Method::GetInfo]].concat();
        let told = "did not answer GetInfo within 2s";
        while_it_answers(&bridge, "silent", &all, Fault::Silence, told).await;
    };
    let slow = async {
        let mut changes = bridge.lifecycle.subscribe();
        bridge.double("slow").delay_dispatch(Duration::from_secs(2));
        bridge.until_block("slow", bridge.report("slow").para_block.unwrap() + 40).await;
        while let Ok(WorkerChange::Updated(report)) = changes.try_recv() {
            let fails = report.name == "slow" && report.phase == Phase::Failing;
            assert!(!fails, "{report:?}");
        }
        bridge.double("slow").delay_dispatch(Duration::ZERO);
    };
    tokio::join!(garbled, silent, slow);
    for name in ["garbled", "silent", "slow"] {
        bridge.until(name, Phase::Computing, "computing").await;
        bridge.roots_agree(name).await;
    }
    undisturbed(&bridge, since).await;
    bridge.stop().await;
}

/// The steady worker computed all along, and the chain had all its heartbeats.
async fn undisturbed(bridge: &Bridge, before: std::sync::Arc<prb_core::lifecycle::WorkerReport>) {
    assert_eq!(bridge.report("steady").since, before.since);
    let missed = bridge.missed_heartbeats(&["steady"], before.para_block.unwrap()).await;
    assert!(missed.is_empty(), "missed at {missed:?}");
}
