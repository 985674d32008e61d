use proptest::prelude::*;

use super::*;
use crate::trader::extrinsic::wrap;
use crate::trader::tests::{khala, khala_bytes, runtime_of};
use parity_scale_codec::Compact;
use subxt::utils::AccountId32;

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
fn what_no_job_asks_for_is_encoded_as_well() {
    let Some(khala) = khala() else { return };
    let account = [8; 32];
    let unbind = khala.encode_call("PhalaComputation", "unbind", &account).unwrap();
    assert_eq!(unbind, [&[87, 1][..], &account].concat());
    for (call, index) in [("batch", 0), ("batch_all", 2), ("force_batch", 4)] {
        let arguments = [&[2 << 2][..], &unbind, &unbind].concat();
        let batch = khala.encode_call("Utility", call, &arguments).unwrap();
        assert_eq!(batch, [&[3, index][..], &arguments].concat());
    }
}

/// Utility.force_batch in Proxy.proxy(MultiAddress::Id(real), None, call).
#[test]
fn all_calls_in_one_proxied_batch_are_the_bytes_one_after_the_other() {
    let Some(khala) = khala() else { return };
    let mut by_hand = [&[5, 0, 0][..], &[8; 32], &[0, 3, 4, 10 << 2]].concat();
    let mut calls = Vec::new();
    for (action, indices, arguments) in actions() {
        let (pallet, call) = indices.split_once('/').unwrap();
        by_hand.extend([pallet, call].map(|index| index.parse::<u8>().unwrap()));
        by_hand.extend(arguments);
        calls.push(calls_of(&job(action)).unwrap().calls[0].encode(&khala).unwrap());
    }
    assert_eq!(wrap(&khala, calls, Some(&AccountId32([8; 32]))).unwrap(), by_hand);
}

/// Replaces what follows `after` in the network's metadata.
fn altered(after: &[u8], old: &[u8], new: &[u8]) -> Option<Runtime> {
    assert_eq!(old.len(), new.len());
    let mut bytes = khala_bytes()?;
    let old = [after, old].concat();
    let found = bytes.windows(old.len()).position(|window| window == old).unwrap();
    let at = found + after.len();
    bytes[at..at + new.len()].copy_from_slice(new);
    Some(runtime_of(&bytes))
}

#[test]
fn a_renamed_call_is_not_sent() {
    let Some(renamed) = altered(b"", b"\x38stop_computing", b"\x38halt_computing") else { return };
    let stop = calls_of(&job(Action::StopComputing { public_key: [3; 32] })).unwrap();
    assert_eq!(
        stop.calls[0].encode(&renamed).unwrap_err().to_string(),
        "the chain's runtime 1251 has no call PhalaStakePoolv2.stop_computing: was it renamed?"
    );
}

#[test]
fn parameters_in_another_order_are_not_sent() {
    let Some(khala) = khala() else { return };
    let (_, _, types) = khala.call("PhalaStakePoolv2", "add_worker").unwrap();
    let [pid, key] = [0, 1].map(|at| Compact(types[at]).encode());
    let call = b"\x28add_worker\x08\x01\x0cpid";
    // The second parameter is found behind the first one's type name "u64" and no documentation.
    let between = b"\x01\x0cu64\x00\x01\x18pubkey";
    let parameters = |first: &[u8], second: &[u8]| [first, between, second].concat();
    let swapped = altered(call, &parameters(&pid, &key), &parameters(&key, &pid)).unwrap();
    let add = calls_of(&job(Action::AddWorker { public_key: [3; 32] })).unwrap().calls.remove(0);
    assert!(add.encode(&khala).is_ok());
    assert_eq!(
        add.encode(&swapped).unwrap_err().to_string(),
        "the arguments do not fit PhalaStakePoolv2.add_worker of the chain's runtime 1251: it \
         takes (32 bytes, u64), not (u64, 32 bytes)"
    );
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
