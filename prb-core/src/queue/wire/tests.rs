use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::queue::job::Action;

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..64)
}

pub(in crate::queue) fn any_job() -> impl Strategy<Value = Job> {
    let action = prop_oneof![
        vec(any_bytes(), 1..4).prop_map(|messages| Action::SyncMessages { messages }),
        (any_bytes(), any_bytes()).prop_map(|(runtime_info, attestation)| {
            Action::RegisterWorker { runtime_info, attestation }
        }),
        (any_bytes(), any_bytes()).prop_map(|(runtime_info, attestation)| {
            Action::RegisterWorkerV2 { runtime_info, attestation }
        }),
        any::<[u8; 32]>().prop_map(|public_key| Action::AddWorker { public_key }),
        any::<[u8; 32]>().prop_map(|public_key| Action::RemoveWorker { public_key }),
        any::<([u8; 32], u128)>()
            .prop_map(|(public_key, stake)| Action::StartComputing { public_key, stake }),
        any::<[u8; 32]>().prop_map(|public_key| Action::StopComputing { public_key }),
        any::<([u8; 32], u128)>()
            .prop_map(|(public_key, stake)| Action::RestartComputing { public_key, stake }),
        any::<[u8; 32]>().prop_map(|public_key| Action::ReclaimWorker { public_key }),
        (any_bytes(), any_bytes())
            .prop_map(|(payload, signature)| Action::UpdateEndpoint { payload, signature }),
    ];
    (any::<u64>(), action).prop_map(|(pid, action)| Job { pid, action })
}

fn key() -> JobKey {
    JobKey::new([7; 32])
}

fn add_worker() -> Job {
    Job { pid: 2, action: Action::AddWorker { public_key: [1; 32] } }
}

/// Changes one digit or letter somewhere in a JSON value, keeping it well-formed.
fn tamper(value: &mut Value, at: usize) {
    match value {
        Value::String(text) => {
            let index = at % text.len().max(1);
            let old = text.as_bytes().get(index).copied().unwrap_or(b'0');
            let new = if old == b'1' { '2' } else { '1' };
            text.replace_range(index..(index + 1).min(text.len()), &new.to_string());
        }
        Value::Array(items) => {
            let index = at % items.len();
            tamper(&mut items[index], at / 7);
        }
        Value::Object(fields) => {
            let index = at % fields.len();
            tamper(fields.values_mut().nth(index).expect("within the length"), at / 7);
        }
        _ => *value = json!("1"),
    }
}

proptest! {
    #[test]
    fn a_job_survives_the_wire(job in any_job()) {
        let bytes = encode(&job, &key());
        prop_assert_eq!(claimed(&bytes), Ok(job.clone()));
        prop_assert_eq!(decode(&bytes, &key(), false), Ok(job));
    }

    #[test]
    fn an_altered_job_is_refused(job in any_job(), at in any::<usize>()) {
        let mut value: Value = serde_json::from_slice(&encode(&job, &key())).unwrap();
        tamper(&mut value, at);
        let answer = decode(value.to_string().as_bytes(), &key(), true);
        prop_assert_eq!(answer, Err(WireError::WrongMac));
    }

    #[test]
    fn the_order_of_keys_and_white_space_do_not_matter(job in any_job()) {
        let value: Value = serde_json::from_slice(&encode(&job, &key())).unwrap();
        let pretty = format!(
            "{{ \"payload\": {:#}, \"mac\": {},\n \"action\": {} }}",
            value["payload"], value["mac"], value["action"]
        );
        prop_assert_eq!(decode(pretty.as_bytes(), &key(), false), Ok(job));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes, &key(), true).is_err());
    }
}

#[test]
fn a_job_of_another_identity_is_refused() {
    let bytes = encode(&add_worker(), &JobKey::new([8; 32]));
    assert_eq!(decode(&bytes, &key(), true), Err(WireError::WrongMac));
}

#[test]
fn an_unsigned_job_is_taken_only_if_allowed() {
    let bytes = json!({
        "action": "ADD_WORKER",
        "payload": { "pid": "2", "publicKey": format!("0x{}", "01".repeat(32)) },
    })
    .to_string();
    assert_eq!(decode(bytes.as_bytes(), &key(), false), Err(WireError::Unsigned));
    assert_eq!(decode(bytes.as_bytes(), &key(), true), Ok(add_worker()));
}

#[test]
fn a_pid_may_be_a_number() {
    let bytes = json!({
        "action": "ADD_WORKER", "payload": { "pid": 2, "publicKey": "01".repeat(32) },
    });
    assert_eq!(decode(bytes.to_string().as_bytes(), &key(), true), Ok(add_worker()));
}

#[test]
fn what_is_wrong_is_named() {
    let refuse = |value: Value| decode(value.to_string().as_bytes(), &key(), true).unwrap_err();
    assert_eq!(
        refuse(json!({ "action": "DANCE", "payload": { "pid": 1 } })),
        WireError::UnknownAction { action: "DANCE".to_owned() }
    );
    assert_eq!(
        refuse(json!({ "action": "ADD_WORKER", "payload": { "pid": 1 } })),
        WireError::MissingField { field: "publicKey" }
    );
    assert_eq!(
        refuse(json!({ "action": "ADD_WORKER", "payload": { "pid": 1, "publicKey": "0x12" } }))
            .to_string(),
        "\"publicKey\" in the job's payload is wrong: 1 bytes, a worker's key has 32"
    );
    assert!(matches!(
        refuse(
            json!({ "action": "BATCH_SYNC_MQ_MESSAGE", "payload": { "pid": 1, "messages": [] } })
        ),
        WireError::WrongField { field: "messages", .. }
    ));
    assert!(matches!(refuse(json!({ "action": "ADD_WORKER" })), WireError::Json { .. }));
    assert!(matches!(
        refuse(json!({
            "action": "STOP_COMPUTING",
            "payload": { "pid": -1, "publicKey": "00".repeat(32) },
        })),
        WireError::WrongField { field: "pid", .. }
    ));
}

#[test]
fn the_key_is_not_printed() {
    assert_eq!(format!("{:?}", key()), "JobKey(..)");
}
