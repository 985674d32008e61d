//! Bytes of the field's peers: each file holds one message as a JavaScript peer wrote it.

use std::path::{Path, PathBuf};

use prb_walkie::proto::{self, data_provider, db, lifecycle};
use prb_walkie::rpc::{json, message};
use prost::Message;
use serde_json::Value;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors")
}

struct Vector {
    name: String,
    message: String,
    bytes: Vec<u8>,
    described: Value,
}

/// Every vector that is a protobuf message of the protocol.
fn messages() -> Vec<Vector> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let described = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let described: Value = serde_json::from_str(&described).unwrap();
        let Some(message) = described["type"].as_str().filter(|name| name.starts_with("prb."))
        else {
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        found.push(Vector {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            message: message.to_owned(),
            bytes: hex::decode(text.trim()).unwrap(),
            described: described["decodedWithDefaults"].clone(),
        });
    }
    assert_eq!(found.len(), 25, "the protocol's vectors");
    found
}

/// `shown` holds what was on the wire; `full` has the rest too, as zeros.
fn assert_same(at: &str, shown: &Value, full: &Value) {
    match (shown, full) {
        (Value::Object(shown), Value::Object(full)) => {
            for (key, value) in shown {
                let expected = full.get(key).unwrap_or_else(|| panic!("{at}.{key} is extra"));
                assert_same(&format!("{at}.{key}"), value, expected);
            }
            for (key, value) in full.iter().filter(|(key, _)| !shown.contains_key(*key)) {
                let names_a_choice = value.as_str().is_some_and(|name| shown.contains_key(name));
                assert!(is_zero(value) || names_a_choice, "{at}.{key} = {value} was lost");
            }
        }
        (Value::Array(shown), Value::Array(full)) => {
            assert_eq!(shown.len(), full.len(), "{at}");
            for (shown, full) in shown.iter().zip(full) {
                assert_same(at, shown, full);
            }
        }
        _ => assert_eq!(shown, full, "{at}"),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => {
            ["", "0", "AS_NONE", "WR_CLIENT", "S_IDLE", "S_UNKNOWN"].contains(&text.as_str())
        }
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_zero),
    }
}

#[test]
fn every_vector_shows_as_described_and_encodes_back() {
    for Vector { name, message: type_name, bytes, described } in messages() {
        let descriptor = message(&type_name).unwrap_or_else(|| panic!("{name}: {type_name}"));
        let shown = json::decode(&descriptor, &bytes).unwrap();
        assert_same(&name, &shown, &described);

        let decoded =
            prost_reflect::DynamicMessage::decode(descriptor.clone(), &bytes[..]).unwrap();
        let encoded = decoded.encode_to_vec();
        assert_eq!(decoded.unknown_fields().count(), 0, "{name} has fields we do not know");
        assert_eq!(encoded.len(), bytes.len(), "{name}: the same fields");
        let again =
            prost_reflect::DynamicMessage::decode(descriptor.clone(), &encoded[..]).unwrap();
        assert_eq!(again, decoded, "{name}");

        let from_json = json::encode(&descriptor, &shown).unwrap();
        let from_json = prost_reflect::DynamicMessage::decode(descriptor, from_json).unwrap();
        assert_eq!(from_json, decoded, "{name}: through JSON");
    }
}

/// Whoever adds a vector says here where it is tried.
#[test]
fn every_vector_is_tried_somewhere() {
    let messages: Vec<_> = messages().into_iter().map(|vector| vector.name).collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = hex::decode(std::fs::read_to_string(&path).unwrap().trim()).unwrap();
        match name.as_str() {
            // Beside the code of identities and sealed operators, from the same bytes.
            "identity" | "enc_pool_operator" => {
                assert_eq!(std::fs::read(path.with_extension("bin")).unwrap(), bytes, "{name}");
            }
            // Beside the code of the older multicast DNS.
            _ if name.starts_with("mdns_") => {}
            // Beside the blob server, which is not part of this crate.
            _ if name.starts_with("blob_") => {}
            _ => assert!(messages.contains(&name), "{name} is tried nowhere"),
        }
    }
}

fn round_trip<M: Message + Default + PartialEq + std::fmt::Debug>(name: &str, bytes: &[u8]) {
    let decoded = M::decode(bytes).unwrap();
    assert_eq!(M::decode(&decoded.encode_to_vec()[..]).unwrap(), decoded, "{name}");
    assert_ne!(decoded, M::default(), "{name} decodes to nothing");
}

#[test]
fn every_vector_is_one_of_the_generated_types() {
    for Vector { name, message, bytes, .. } in messages() {
        match message.as_str() {
            "prb.WalkieRpcRequestWrapper" => {
                round_trip::<proto::WalkieRpcRequestWrapper>(&name, &bytes);
            }
            "prb.WalkieRpcResponseWrapper" => {
                round_trip::<proto::WalkieRpcResponseWrapper>(&name, &bytes);
            }
            "prb.WalkieSystemInfo" => round_trip::<proto::WalkieSystemInfo>(&name, &bytes),
            "prb.WorkerStateUpdate" => round_trip::<proto::WorkerStateUpdate>(&name, &bytes),
            "prb.data_provider.GetBlobByKey" => {
                round_trip::<data_provider::GetBlobByKey>(&name, &bytes);
            }
            "prb.data_provider.Info" => round_trip::<data_provider::Info>(&name, &bytes),
            "prb.data_provider.RawBlob" => round_trip::<data_provider::RawBlob>(&name, &bytes),
            "prb.db.Genesis" => round_trip::<db::Genesis>(&name, &bytes),
            "prb.db.ParaBlock" => round_trip::<db::ParaBlock>(&name, &bytes),
            "prb.db.ParentBlock" => round_trip::<db::ParentBlock>(&name, &bytes),
            "prb.db.Pool" => round_trip::<db::Pool>(&name, &bytes),
            "prb.db.RangeMeta" => round_trip::<db::RangeMeta>(&name, &bytes),
            "prb.db.Window" => round_trip::<db::Window>(&name, &bytes),
            "prb.db.Worker" => round_trip::<db::Worker>(&name, &bytes),
            "prb.lifecycle.CreatePool" => round_trip::<lifecycle::CreatePool>(&name, &bytes),
            "prb.lifecycle.PoolList" => round_trip::<lifecycle::PoolList>(&name, &bytes),
            "prb.lifecycle.UpdatePool" => round_trip::<lifecycle::UpdatePool>(&name, &bytes),
            "prb.lifecycle.UpdateWorker" => round_trip::<lifecycle::UpdateWorker>(&name, &bytes),
            "prb.lifecycle.UuidQueryRequest" => {
                round_trip::<lifecycle::UuidQueryRequest>(&name, &bytes);
            }
            other => panic!("{name}: {other} has no generated type here"),
        }
    }
}
