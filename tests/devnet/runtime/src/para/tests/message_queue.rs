use sp_core::Pair as _;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

use super::{
    super::*,
    Fixture,
    worker::{MqCall, Worker},
};
use crate::types::{Message, MessageOrigin, SignedMessage, topic};

fn call(signed_message: SignedMessage) -> MqCall {
    MqCall::sync_offchain_message { signed_message }
}

#[test]
fn an_accepted_message_advances_the_sequence_and_is_out_for_one_block() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    let signed = worker.sign(b"phala/x", &1u8);
    let origin = MessageOrigin::Worker(worker.key());
    fixture.result(Bob, call(signed.clone())).unwrap();
    assert_eq!(fixture.read(|| phala_mq::OffchainIngress::<Runtime>::get(&origin)), Some(1));
    let out = fixture.read(phala_mq::OutboundMessages::<Runtime>::get);
    assert_eq!(out, [signed.message]);
    fixture.blocks(1);
    assert!(fixture.read(phala_mq::OutboundMessages::<Runtime>::get).is_empty());
    worker.sequence = 1;
    fixture.result(Bob, call(worker.sign(b"^phala/x", &2u8))).unwrap();
    let out = fixture.read(phala_mq::OutboundMessages::<Runtime>::get);
    assert!(out.is_empty(), "a topic for the chain alone");
}

#[test]
fn sender_topic_sequence_and_signature_are_checked_in_this_order() {
    use phala_mq::Error as Mq;
    use phala_registry::Error as Registry;

    let mut fixture = Fixture::new();
    let pair = Worker::new(1, Alice).pair;
    // Each is wrong in all that is checked later, too.
    let bad = |sender: MessageOrigin, destination: &[u8], sequence, length| {
        let message = Message::new(sender, destination, &());
        let mut signed = SignedMessage::sign(message, sequence + 100, &pair);
        signed.sequence = sequence;
        signed.signature.resize(length, 0);
        call(signed)
    };
    let worker = MessageOrigin::Worker(pair.public());
    let account = MessageOrigin::AccountId(sp_core::H256::zero());
    let pallet = MessageOrigin::Pallet(vec![]);
    let utility =
        |call: MqCall| pallet_utility::Call::<Runtime>::batch_all { calls: vec![call.into()] };
    let cases: [(MqCall, sp_runtime::DispatchError); 9] = [
        (bad(account, b"", 9, 1), Mq::<Runtime>::BadSender.into()),
        (bad(pallet, b"", 9, 1), Mq::<Runtime>::BadSender.into()),
        (bad(worker.clone(), b"", 9, 1), Mq::<Runtime>::BadDestination.into()),
        (bad(worker.clone(), b"?x", 9, 1), Mq::<Runtime>::BadDestination.into()),
        (bad(worker.clone(), b"x", 9, 1), Mq::<Runtime>::BadSequence.into()),
        (bad(worker.clone(), b"x", 0, 63), Registry::<Runtime>::InvalidSignatureLength.into()),
        (bad(worker, b"x", 0, 64), Registry::<Runtime>::InvalidSignature.into()),
        (
            bad(MessageOrigin::Contract(sp_core::H256::zero()), b"x", 0, 64),
            Registry::<Runtime>::UnknownContract.into(),
        ),
        (
            bad(MessageOrigin::Gatekeeper, b"x", 0, 64),
            Registry::<Runtime>::MasterKeyUninitialized.into(),
        ),
    ];
    for (call, expected) in cases {
        // Within a batch: at top level a wrong sequence is not even included.
        assert_eq!(fixture.error(Bob, utility(call)), expected);
    }
}

#[test]
fn gatekeepers_speak_with_the_key_they_share() {
    let [master, stranger] = [1, 2].map(|seed| Worker::new(seed, Alice).pair);
    let config = GenesisConfig {
        gatekeeper_master_key: Some(master.public()),
        heartbeat_interval: 0,
        ..Default::default()
    };
    let mut fixture = Fixture::with(&config);
    let signed = |pair| {
        let message = Message::new(MessageOrigin::Gatekeeper, topic::SETTLEMENT, &());
        call(SignedMessage::sign(message, 0, pair))
    };
    let refused = fixture.error(Bob, signed(&stranger));
    assert_eq!(refused, phala_registry::Error::<Runtime>::InvalidSignature.into());
    fixture.result(Bob, signed(&master)).unwrap();
}

#[test]
fn the_pool_refuses_a_taken_sequence_and_parks_a_later_one() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.send(&mut fixture, b"phala/x", &());
    let origin = MessageOrigin::Worker(worker.key());
    let mut validity = |sequence| {
        worker.sequence = sequence;
        let signed = worker.sign(b"phala/x", &());
        let nonce = fixture.nonce(Bob);
        let extrinsic = fixture.sign(Bob, nonce, call(signed).into());
        fixture.validate(&extrinsic)
    };
    let stale = TransactionValidityError::Invalid(InvalidTransaction::Stale);
    assert_eq!(validity(0), Err(stale));
    let tag = |sequence| phala_mq::sequence_tag(&origin, sequence);
    let next = validity(1).unwrap();
    assert!(next.provides.contains(&tag(1)) && next.requires.is_empty());
    let later = validity(5).unwrap();
    assert!(later.provides.contains(&tag(5)));
    assert_eq!(later.requires, [tag(4)]);
}

#[test]
fn a_block_does_not_include_messages_out_of_sequence() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.send(&mut fixture, b"phala/x", &());
    let nonce = fixture.nonce(Bob);
    for (sequence, expected) in [(0, InvalidTransaction::Stale), (2, InvalidTransaction::Future)] {
        worker.sequence = sequence;
        let signed = worker.sign(b"phala/x", &());
        let extrinsic = fixture.sign(Bob, nonce, call(signed).into());
        let results = fixture.build(&[extrinsic]);
        assert_eq!(results, [Err(expected.into())]);
    }
}

#[test]
fn what_a_consumer_refuses_is_a_success_all_the_same() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.send(&mut fixture, topic::REGISTRY_EVENT, &"not an event");
    worker.send(&mut fixture, topic::WORKING_REPORT, &super::worker::heartbeat(0, 1));
    let origin = MessageOrigin::Worker(worker.key());
    assert_eq!(fixture.read(|| phala_mq::OffchainIngress::<Runtime>::get(&origin)), Some(2));
}
