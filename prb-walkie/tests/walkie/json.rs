//! JSON as the field's monitor shows it, against bodies it really answered with.

use base64::prelude::*;
use prb_walkie::rpc::{json, message, method};
use serde_json::{Value, json};

use crate::vectors::folder;

fn bodies() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("monitor-json.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The response wrapper that a JavaScript peer sent for this body: all that was set is written.
fn wrapper(name: &str, body: &Value) -> Vec<u8> {
    let mut wrapper = body["meta"].clone();
    if let Some(data) = body.get("data") {
        let encoded = json::encode(method(name).unwrap().output(), data).unwrap();
        wrapper["data"] = BASE64_STANDARD.encode(&encoded).into();
    }
    json::encode(&message("prb.WalkieRpcResponseWrapper").unwrap(), &wrapper).unwrap().to_vec()
}

#[test]
fn bodies_come_out_as_the_monitor_wrote_them() {
    let bodies = bodies();
    assert_eq!(bodies.len(), 9);
    for line in bodies {
        let (name, body) = (line["method"].as_str().unwrap(), &line["body"]);
        let answered = match method(name) {
            Some(method) => json::proxy_answer(method, &wrapper(name, body)).unwrap(),
            None => json::proxy_silence(),
        };
        assert_eq!(&answered, body, "{name}");
    }
}

#[test]
fn requests_are_read_as_the_monitor_sends_them() {
    for line in bodies() {
        let Some(method) = line["method"].as_str().and_then(method) else { continue };
        let encoded = json::encode_request(method, &line["request"]).unwrap();
        let shown = json::decode(method.input(), &encoded).unwrap();
        let again = json::encode_request(method, &shown).unwrap();
        assert_eq!(again, encoded, "{}", method.name());
    }
}

#[test]
fn numbers_may_be_text_and_unknown_fields_are_passed_over() {
    let create = method("CreatePool").unwrap();
    let as_number = json!({ "pools": [{ "pid": 2, "syncOnly": true }] });
    let as_text = json!({ "pools": [{ "pid": "2", "syncOnly": true, "colour": "red" }] });
    let encode = |request: &Value| json::encode_request(create, request).unwrap();
    assert_eq!(encode(&as_number), encode(&as_text));
}

#[test]
fn a_wrong_request_is_refused_with_the_place() {
    let create = method("CreatePool").unwrap();
    let refused = json::encode_request(create, &json!({ "pools": [{ "pid": "many" }] }));
    assert!(refused.unwrap_err().to_string().starts_with("not a prb.lifecycle.CreatePool: "));
}
