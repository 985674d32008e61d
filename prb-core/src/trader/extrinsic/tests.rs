use parity_scale_codec::Decode;
use subxt_signer::sr25519::Keypair;

use super::*;
use crate::trader::tests::{khala, khala_bytes, runtime_of};

const BIRTH: u32 = 1_234;

fn terms() -> Terms {
    Terms { nonce: 300, era: Era::new(BIRTH, H256([6; 32]), 64), tip: 1_000_000 }
}

fn operator(proxied: Option<AccountId32>) -> Operator {
    Operator::new(2, &[7; 32], proxied).unwrap()
}

#[test]
fn a_wrapped_call_is_what_the_chain_reads_back() {
    let Some(khala) = khala() else { return };
    let remark = |byte: u8| khala.encode_call("System", "remark", &[4, byte]).unwrap();
    assert_eq!(wrap(&khala, vec![remark(1)], None).unwrap(), remark(1));
    let batch = wrap(&khala, vec![remark(1), remark(2)], None).unwrap();
    assert_eq!(batch, [&[3, 4, 2 << 2][..], &remark(1), &remark(2)].concat());
    let real = AccountId32([8; 32]);
    let proxied = wrap(&khala, vec![remark(1)], Some(&real)).unwrap();
    assert_eq!(proxied, [&[5, 0, 0][..], &[8; 32], &[0], &remark(1)].concat());
}

#[test]
fn the_parts_of_an_extrinsic_stand_where_they_must() {
    let Some(khala) = khala() else { return };
    let call = khala.encode_call("System", "remark", &[4, 9]).unwrap();
    let signed = sign(&khala, &call, &terms(), &operator(None)).unwrap();
    let body = Vec::<u8>::decode(&mut &signed.bytes[..]).unwrap();
    assert_eq!(body[..2], [0x84, 0]);
    assert_eq!(body[2..34], operator(None).signer().0);
    assert_eq!(body[34], 1);
    // era · nonce 300 · tip 1,000,000
    let extra = [&terms().era.encode()[..], &[0xb1, 0x04], &[0x02, 0x09, 0x3d, 0x00]].concat();
    assert_eq!(body[99..], [&extra[..], &call].concat());
    let additional =
        [&1251_u32.to_le_bytes()[..], &6_u32.to_le_bytes(), &khala.genesis_hash.0, &[6; 32]];
    let payload = [&call[..], &extra, &additional.concat()].concat();
    assert!(payload.len() <= 256);
    let signature = subxt_signer::sr25519::Signature(body[35..99].try_into().unwrap());
    let public = Keypair::from_secret_key([7; 32]).unwrap().public_key();
    assert!(subxt_signer::sr25519::verify(&signature, &payload, &public));
    assert_eq!(signed.hash.0, blake2_256(&signed.bytes));
}

#[test]
fn a_long_payload_is_hashed_before_it_is_signed() {
    let Some(khala) = khala() else { return };
    let call = khala.encode_call("System", "remark", &vec![7_u8; 400].encode()).unwrap();
    let signed = sign(&khala, &call, &terms(), &operator(None)).unwrap();
    let body = Vec::<u8>::decode(&mut &signed.bytes[..]).unwrap();
    let (extra, additional) = extensions(&khala, &terms()).unwrap();
    let payload = blake2_256(&[&call[..], &extra, &additional].concat());
    let signature = subxt_signer::sr25519::Signature(body[35..99].try_into().unwrap());
    let public = Keypair::from_secret_key([7; 32]).unwrap().public_key();
    assert!(subxt_signer::sr25519::verify(&signature, payload, &public));
}

/// The live network's metadata with one extension under another name.
fn with_other_extension(name: &[u8], other: &[u8]) -> Option<Runtime> {
    assert_eq!(name.len(), other.len());
    let mut bytes = khala_bytes()?;
    let mut at = 0;
    // The name of the type and the identifier of the extension.
    while let Some(found) = bytes[at..].windows(name.len()).position(|window| window == name) {
        at += found;
        bytes[at..at + name.len()].copy_from_slice(other);
    }
    Some(runtime_of(&bytes))
}

#[test]
fn an_unknown_extension_is_refused_by_name() {
    let Some(other) = with_other_extension(b"CheckMqSequence", b"CheckMrSequence") else { return };
    let refused = sign(&other, &[0, 1], &terms(), &operator(None)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the chain's runtime 1251 has a transaction extension that this version of prb does not \
         know, so nothing is signed: CheckMrSequence"
    );
}

#[test]
fn a_known_extension_with_other_content_is_refused() {
    let Some(other) = with_other_extension(b"CheckMortality", b"CheckTxVersion") else { return };
    let refused = sign(&other, &[0, 1], &terms(), &operator(None)).unwrap_err();
    assert!(matches!(refused, ExtrinsicError::ReshapedExtension { .. }), "{refused}");
}
