//! Request sequences with the answers that real verification code gave to them.

use std::path::{Path, PathBuf};

use prb_devnet::pruntime::{DoubleExit, proto};
use serde_json::{Value, json};

use crate::pruntime::client::{Peer, Reply};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors/pruntime")
}

/// The hex bytes of a request's field; none where the field is absent.
fn optional(request: &Value, field: &str) -> Option<Vec<u8>> {
    request[field].as_str().map(|text| hex::decode(text).expect("hex"))
}

fn bytes(request: &Value, field: &str) -> Vec<u8> {
    optional(request, field).unwrap_or_default()
}

fn proof(request: &Value) -> Vec<Vec<u8>> {
    let nodes = request["proof"].as_array().expect("a proof");
    nodes.iter().map(|node| hex::decode(node.as_str().expect("hex")).expect("hex")).collect()
}

async fn send(peer: &Peer, op: &str, request: &Value) -> (Reply, fn(&Reply) -> Value) {
    let synced_to: fn(&Reply) -> Value =
        |reply| json!({ "synced_to": reply.ok::<proto::SyncedTo>().synced_to });
    match op {
        "init_runtime" => {
            let message = proto::InitRuntimeRequest {
                encoded_genesis_info: bytes(request, "encoded_genesis_info"),
                encoded_genesis_state: bytes(request, "encoded_genesis_state"),
                debug_set_key: optional(request, "debug_set_key"),
                encoded_operator: optional(request, "encoded_operator"),
                is_parachain: request["is_parachain"].as_bool().expect("is_parachain"),
                attestation_provider: optional(request, "attestation_provider"),
                ..proto::InitRuntimeRequest::default()
            };
            (peer.call("InitRuntime", &message).await, |reply| {
                let answer: proto::InitRuntimeResponse = reply.ok();
                json!({ "genesis_block_hash": hex::encode(answer.encoded_genesis_block_hash) })
            })
        }
        "sync_header" => {
            let message = proto::HeadersToSync {
                encoded_headers: bytes(request, "encoded_headers"),
                encoded_authority_set_change: optional(request, "encoded_authority_set_change"),
            };
            (peer.call("SyncHeader", &message).await, synced_to)
        }
        "sync_para_header" => {
            let message = proto::ParaHeadersToSync {
                encoded_headers: bytes(request, "encoded_headers"),
                proof: proof(request),
            };
            (peer.call("SyncParaHeader", &message).await, synced_to)
        }
        "sync_combined_headers" => {
            let message = proto::CombinedHeadersToSync {
                encoded_relaychain_headers: bytes(request, "encoded_relaychain_headers"),
                authority_set_change: optional(request, "authority_set_change"),
                encoded_parachain_headers: bytes(request, "encoded_parachain_headers"),
                proof: proof(request),
            };
            (peer.call("SyncCombinedHeaders", &message).await, |reply| {
                let answer: proto::HeadersSyncedTo = reply.ok();
                json!({
                    "relaychain_synced_to": answer.relaychain_synced_to,
                    "parachain_synced_to": answer.parachain_synced_to,
                })
            })
        }
        "dispatch_blocks" => {
            let message = proto::Blocks { encoded_blocks: bytes(request, "encoded_blocks") };
            (peer.call("DispatchBlocks", &message).await, synced_to)
        }
        "load_chain_state" => {
            let number = request["block_number"].as_u64().expect("block_number");
            let message = proto::ChainState {
                block_number: u32::try_from(number).expect("a block number"),
                encoded_state: bytes(request, "encoded_state"),
            };
            (peer.call("LoadChainState", &message).await, |reply| {
                let _: proto::Empty = reply.ok();
                json!({})
            })
        }
        other => panic!("unknown operation {other}"),
    }
}

/// Compares one answer; what differs.
fn difference(reply: &Reply, answer: fn(&Reply) -> Value, expect: &Value) -> Option<String> {
    let matches = if let Some(ok) = expect.get("ok") {
        let mut ok = ok.clone();
        // The para id is not part of the answer.
        ok.as_object_mut().expect("an object").remove("para_id");
        matches!(reply, Reply::Ok(_)) && answer(reply) == ok
    } else if let Some(text) = expect.get("err_contains") {
        let wanted = text.as_str().expect("a text");
        matches!(reply, Reply::Refused { status: 500, text } if text.contains(wanted))
    } else if expect.get("decode_error").is_some() {
        matches!(reply, Reply::Refused { status: 400, text } if text.starts_with("DecodeError("))
    } else {
        *reply == Reply::Broken
    };
    (!matches).then(|| format!("answered {reply:?}, expected {expect}"))
}

async fn counters(peer: &Peer) -> Value {
    let info = peer.info().await;
    json!({
        "initialized": info.initialized,
        "headernum": info.headernum,
        "para_headernum": info.para_headernum,
        "blocknum": info.blocknum,
        "waiting_for_paraheaders": info.waiting_for_paraheaders,
        "state_root": info.state_root,
        "can_load_chain_state": info.can_load_chain_state,
        "genesis_block": info.system.map_or(0, |system| system.genesis_block),
    })
}

/// Replays one sequence against a fresh double; the differences.
async fn replay(scenario: &Value) -> Vec<String> {
    let peer = Peer::fresh().await;
    let mut differences = Vec::new();
    for (index, op) in scenario["ops"].as_array().expect("ops").iter().enumerate() {
        let name = op["op"].as_str().expect("an operation");
        let expect = &op["expect"];
        let (reply, answer) = send(&peer, name, &op["request"]).await;
        let at = format!("{}[{index}] {name}", scenario["name"].as_str().unwrap_or("?"));
        if let Some(difference) = difference(&reply, answer, expect) {
            differences.push(format!("{at}: {difference}"));
        }
        if expect.get("abort").is_some() {
            if !matches!(peer.double.wait().await, DoubleExit::Aborted(_)) {
                differences.push(format!("{at}: still alive"));
            }
            let again = peer.call("GetInfo", &proto::Empty {}).await;
            if again != Reply::Broken {
                differences.push(format!("{at}: answers after its end"));
            }
            return differences;
        }
        let seen = counters(&peer).await;
        if seen != expect["counters"] {
            differences.push(format!("{at}: {seen}, expected {}", expect["counters"]));
        }
    }
    peer.double.shutdown().await;
    differences
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_sequences_are_answered_as_real_verification_code_does() {
    let mut scenarios = 0;
    let mut differences = Vec::new();
    let mut files: Vec<_> = folder()
        .read_dir()
        .expect("the vectors")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    for path in files {
        let json = path.extension().is_some_and(|extension| extension == "json");
        if !json || path.file_stem().is_some_and(|stem| stem == "chain") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let scenario: Value = serde_json::from_str(&text).expect("JSON");
        scenarios += 1;
        differences.extend(replay(&scenario).await);
    }
    assert!(scenarios >= 75, "only {scenarios} sequences found");
    assert!(differences.is_empty(), "of {scenarios} sequences:\n{}", differences.join("\n"));
}
