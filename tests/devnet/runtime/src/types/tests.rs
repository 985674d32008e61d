use parity_scale_codec::Encode;
use sp_core::{H256, Pair, U256, sr25519};

use super::*;

#[test]
fn origins_have_the_live_indices() {
    let index = |origin: MessageOrigin| origin.encode()[0];
    assert_eq!(index(MessageOrigin::Pallet(vec![])), 0);
    assert_eq!(index(MessageOrigin::Worker(sr25519::Public::default())), 2);
    assert_eq!(index(MessageOrigin::Gatekeeper), 5);
    assert_eq!(index(MessageOrigin::Cluster(H256::zero())), 6);
    assert_eq!(index(MessageOrigin::Reserved), 255);
}

#[test]
fn a_message_is_signed_with_its_sequence_and_no_wrapping() {
    let pair = sr25519::Pair::from_seed(&[7; 32]);
    let message =
        Message::new(MessageOrigin::Worker(pair.public()), topic::WORKING_REPORT, &0xabu8);
    let signed = SignedMessage::sign(message.clone(), 3, &pair);
    let mut expected = message.encode();
    expected.extend_from_slice(&3u64.to_le_bytes());
    assert_eq!(SignedMessage::signed_bytes(&message, 3), expected);
    let signature = sr25519::Signature::try_from(signed.signature.as_slice()).unwrap();
    assert!(sr25519::Pair::verify(&signature, &expected, &pair.public()));
}

#[test]
fn topics_are_valid_unless_empty_or_reserved() {
    assert!(Topic(b"phala/x".to_vec()).is_valid());
    assert!(Topic(b"^phala/x".to_vec()).is_valid());
    for bad in [b"".as_slice(), b"_x", b"/x", b"'x"] {
        assert!(!Topic(bad.to_vec()).is_valid(), "{bad:?}");
    }
    assert!(!Topic(b"^phala/x".to_vec()).is_offchain());
}

#[test]
fn the_widest_target_hits_all_and_the_narrowest_only_an_equal_seed() {
    let worker = sr25519::Public::from_raw([9; 32]);
    let all = HeartbeatChallenge { seed: U256::from(5), online_target: U256::MAX };
    assert!(all.hits(&worker));
    let id = U256::from_big_endian(&sp_io::hashing::blake2_256(worker.as_ref()));
    assert!(HeartbeatChallenge { seed: id, online_target: U256::zero() }.hits(&worker));
    assert!(!HeartbeatChallenge { seed: id + 1, online_target: U256::zero() }.hits(&worker));
}

#[test]
fn a_version_packs_into_one_number() {
    assert_eq!(runtime_version_code(2, 2, 1), 0x0002_0201);
}

#[test]
fn signed_content_is_wrapped_by_type() {
    let wrapped = wrap_signed_content(b"abc", SignedContentType::EndpointInfo);
    assert_eq!(wrapped, [0xff, 2, b'a', b'b', b'c']);
}
