use proptest::prelude::*;

use super::*;
use crate::trader::tests::khala;

fn message(sender: Sender, sequence: u64) -> Vec<u8> {
    let message = SignedMessage {
        sender,
        destination: b"phala/mining/report".to_vec(),
        payload: vec![1, 2, 3],
        sequence,
        signature: vec![0; 64],
    };
    message.encode()
}

fn job(action: Action) -> Job {
    Job { pid: 0x0102, action }
}

/// WorkerRegistrationInfo: version · machine id · key · ecdh key · genesis · features · operator.
fn runtime_info() -> Vec<u8> {
    let features = vec![4_u32, 1];
    (2_u32, vec![9_u8; 16], [5_u8; 32], [6_u8; 32], [7_u8; 32], features, Some([8_u8; 32])).encode()
}

/// Attestation and AttestationReport alike: SgxIas { report, signature, certificate }.
fn ias_report() -> Vec<u8> {
    (0_u8, b"{}".to_vec(), vec![1_u8; 4], vec![2_u8; 4]).encode()
}

fn actions() -> Vec<(Action, &'static str, Vec<u8>)> {
    let key = [3; 32];
    let (pid, stake) = (0x0102_u64, 5_u128 << 70);
    let of_pool = [&pid.to_le_bytes()[..], &key].concat();
    let staked = [&of_pool[..], &stake.to_le_bytes()].concat();
    let (one, payload) = (message(Sender::Worker([4; 32]), 7), endpoint());
    let registration = [runtime_info(), ias_report()].concat();
    let info_v2 = [runtime_info(), 2004_u32.encode(), 1_u32.encode()].concat();
    let report_v2 = [vec![1], ias_report()].concat();
    let registration_v2 = [info_v2.clone(), report_v2.clone()].concat();
    let update = [&payload[..], &[64 << 2 | 1, 1], &[9; 64]].concat();
    vec![
        (Action::SyncMessages { messages: vec![one.clone()] }, "85/0", one),
        (
            Action::RegisterWorker { runtime_info: runtime_info(), attestation: ias_report() },
            "86/6",
            registration,
        ),
        (
            Action::RegisterWorkerV2 { runtime_info: info_v2, attestation: report_v2 },
            "86/7",
            registration_v2,
        ),
        (Action::AddWorker { public_key: key }, "93/1", of_pool.clone()),
        (Action::RemoveWorker { public_key: key }, "93/2", of_pool.clone()),
        (Action::StartComputing { public_key: key, stake }, "93/13", staked.clone()),
        (Action::StopComputing { public_key: key }, "93/14", of_pool.clone()),
        (Action::ReclaimWorker { public_key: key }, "93/15", of_pool),
        (Action::RestartComputing { public_key: key, stake }, "93/17", staked),
        (Action::UpdateEndpoint { payload, signature: vec![9; 64] }, "86/8", update),
    ]
}

/// WorkerEndpointPayload: key · V1 endpoints · signing time.
fn endpoint() -> Vec<u8> {
    ([3_u8; 32], 0_u8, vec!["http://host".to_owned()], 1_700_000_000_000_u64).encode()
}

#[test]
fn every_call_is_encoded_as_the_live_network_takes_it() {
    let Some(khala) = khala() else { return };
    for (action, indices, arguments) in actions() {
        let calls = calls_of(&job(action.clone())).unwrap();
        let encoded = calls.calls[0].encode(&khala).unwrap();
        assert_eq!(format!("{}/{}", encoded[0], encoded[1]), indices, "{action:?}");
        assert_eq!(encoded[2..], arguments, "{action:?}");
    }
}

#[test]
fn a_call_the_runtime_does_not_have_or_has_otherwise_is_an_error_that_says_so() {
    let Some(khala) = khala() else { return };
    let unknown = khala.encode_call("PhalaStakePoolv2", "dance", &[]).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the chain's runtime 1251 has no call PhalaStakePoolv2.dance: was it renamed?"
    );
    for (action, _, _) in actions() {
        let mut call = calls_of(&job(action)).unwrap().calls.remove(0);
        call.arguments.push(0);
        let reshaped = call.encode(&khala).unwrap_err();
        assert!(matches!(reshaped, RuntimeError::ReshapedCall { .. }), "{reshaped}");
        call.arguments.truncate(20);
        assert!(call.encode(&khala).is_err());
    }
}

#[test]
fn each_call_names_its_worker() {
    let words: Vec<_> = actions()
        .into_iter()
        .map(|(action, ..)| calls_of(&job(action)).unwrap().calls[0].words.clone())
        .collect();
    assert_eq!(words[0], format!("put message 7 of worker 0x{} on chain", "04".repeat(32)));
    assert_eq!(words[1], format!("register worker 0x{}", "05".repeat(32)));
    assert_eq!(words[2], words[1]);
    assert_eq!(words[3], format!("add worker 0x{} to pool 258", "03".repeat(32)));
    assert!(words[5].ends_with("with a stake of 5902958103587056517120 planck"));
    assert_eq!(words[9], format!("publish the endpoint of worker 0x{}", "03".repeat(32)));
}

#[test]
fn only_the_endpoint_is_never_proxied() {
    for (action, _, _) in actions() {
        let endpoint = matches!(action, Action::UpdateEndpoint { .. });
        assert_eq!(calls_of(&job(action)).unwrap().direct, endpoint);
    }
}

#[test]
fn messages_must_be_of_one_sender_and_in_sequence() {
    let worker = |n| Sender::Worker([n; 32]);
    let calls = |messages: Vec<Vec<u8>>| calls_of(&job(Action::SyncMessages { messages }));
    let good = calls(vec![message(worker(1), 7), message(worker(1), 8)]).unwrap();
    assert_eq!(good.messages, Some((worker(1).encode(), 7)));
    let mixed = calls(vec![message(worker(1), 7), message(worker(2), 8)]).unwrap_err();
    assert!(matches!(mixed, CallsError::SeveralSenders { .. }), "{mixed}");
    let gap = calls(vec![message(worker(1), 7), message(worker(1), 9)]).unwrap_err();
    assert!(gap.to_string().ends_with("not in sequence: 9 follows 7"), "{gap}");
    let last = calls(vec![message(worker(1), u64::MAX), message(worker(1), 0)]).unwrap_err();
    assert!(matches!(last, CallsError::OutOfSequence { .. }), "{last}");
}

#[test]
fn a_long_window_is_cut_to_its_first_messages() {
    let messages: Vec<_> = (0..10).map(|n| message(Sender::Gatekeeper, n)).collect();
    let size = messages[0].len() + 2;
    let all = calls_of(&job(Action::SyncMessages { messages })).unwrap();
    for (max_calls, max_bytes, kept) in
        [(4, usize::MAX, 4), (100, 3 * size, 3), (100, 3 * size - 1, 2), (0, 0, 1)]
    {
        let mut calls = all.clone();
        calls.keep_first(max_calls, max_bytes);
        assert_eq!(calls.calls, all.calls[..kept]);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, more: Vec<u8>) {
        let _ = calls_of(&job(Action::SyncMessages { messages: vec![bytes.clone(), more.clone()] }));
        let _ = calls_of(&job(Action::RegisterWorkerV2 {
            runtime_info: bytes.clone(), attestation: more.clone(),
        }));
        let _ = calls_of(&job(Action::UpdateEndpoint { payload: bytes, signature: more }));
    }
}
