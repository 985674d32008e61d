use std::path::Path;

use proptest::prelude::*;

use super::*;

/// A recorded frame of the field's server or client.
fn recorded(name: &str) -> Bytes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors");
    let text = std::fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
    hex::decode(text.trim()).unwrap().into()
}

const ID_OF_VECTORS: u64 = 0x0102_0304_0506_0708;

fn encoded(id: u64, answer: &Answer) -> Bytes {
    let head = Head::new(id, answer);
    [head.as_slice(), &answer.clone().into_data()].concat().into()
}

fn decoded(frame: &Bytes) -> (u64, Result<Answer, Corrupt>) {
    let extent = Extent::read(frame, usize::MAX).unwrap().unwrap();
    assert_eq!(extent.total(), frame.len());
    Answer::decode(&frame.slice(extent.prefix..)).unwrap()
}

#[test]
fn speaks_as_the_peers_in_the_field() {
    let request = recorded("blob_request");
    let (frame, taken) = RequestFrame::decode(&request).unwrap().unwrap();
    assert_eq!(taken, request.len());
    assert_eq!(frame, RequestFrame { id: ID_OF_VECTORS, key: b"rangeByParentBlock:100:pb" });
    let mut again = Vec::new();
    frame.encode(&mut again);
    assert_eq!(again, request);

    for (name, answer) in [
        ("blob_response_found", Answer::Found(Bytes::from_static(b"hello blob server"))),
        ("blob_response_found_300", Answer::Found(vec![0xee; 300].into())),
        ("blob_response_missing", Answer::Missing),
    ] {
        let frame = recorded(name);
        assert_eq!(encoded(ID_OF_VECTORS, &answer), frame, "{name}");
        assert_eq!(decoded(&frame), (ID_OF_VECTORS, Ok(answer)), "{name}");
    }
}

#[test]
fn a_failure_is_no_answer_to_those_who_do_not_know_it() {
    let reason = Bytes::from_static(b"the disk is gone");
    let failed = Answer::Failed { code: FailureCode::Store, reason: reason.clone() };
    let frame = encoded(7, &failed);
    // Length, id, checksum, data: a checksum of 64 bits matches no CRC of 32.
    assert!(u64::from_be_bytes(frame[9..17].try_into().unwrap()) > u64::from(u32::MAX));
    assert_eq!(decoded(&frame), (7, Ok(failed)));
}

#[test]
fn lengths_that_cannot_be_are_refused_before_the_body_comes() {
    assert_eq!(RequestFrame::decode(&[7]), Err(FrameError::TooShort(7)));
    assert_eq!(RequestFrame::decode(&[0x80, 0x80]), Ok(None));
    let endless = RequestFrame::decode(&[0x80; 6]);
    assert_eq!(endless, Err(FrameError::Length));
    let long = RequestFrame::decode(&[0x89, 0x02]);
    assert_eq!(long, Err(FrameError::TooLong { length: 265, limit: MAX_REQUEST }));
    let longest = RequestFrame::decode(&[0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert!(matches!(longest, Err(FrameError::TooLong { .. })));
    let half = Answer::decode(&Bytes::from_static(&[0; 12]));
    assert_eq!(half, Err(FrameError::TooShort(12)));
}

fn answers() -> impl Strategy<Value = Answer> {
    let data = prop::collection::vec(any::<u8>(), 0..40_000).prop_map(Bytes::from);
    prop_oneof![
        Just(Answer::Missing),
        data.clone().prop_map(Answer::Found),
        (4..=u32::MAX, data)
            .prop_map(|(code, reason)| Answer::Failed { code: FailureCode::Other(code), reason }),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(id: u64, answer in answers()) {
        prop_assert_eq!(decoded(&encoded(id, &answer)), (id, Ok(answer)));
    }

    #[test]
    fn requests_decode_one_by_one(
        requests in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..256)), 1..20),
        cut: prop::sample::Index,
    ) {
        let mut bytes = Vec::new();
        for (id, key) in &requests {
            RequestFrame { id: *id, key }.encode(&mut bytes);
        }
        let mut rest = &bytes[..];
        for (id, key) in &requests {
            let (frame, taken) = RequestFrame::decode(rest).unwrap().unwrap();
            prop_assert_eq!(frame, RequestFrame { id: *id, key });
            rest = &rest[taken..];
        }
        prop_assert!(rest.is_empty());
        // A part of a frame is no frame, and no error.
        let first = Extent::read(&bytes, MAX_REQUEST).unwrap().unwrap().total();
        prop_assert_eq!(RequestFrame::decode(&bytes[..cut.index(first)]), Ok(None));
    }

    #[test]
    fn damaged_data_is_never_taken(
        data in prop::collection::vec(any::<u8>(), 1..5_000),
        at: prop::sample::Index,
        bit in 0..8_u8,
    ) {
        let mut frame = encoded(1, &Answer::Found(data.into())).to_vec();
        let prefix = Extent::read(&frame, usize::MAX).unwrap().unwrap().prefix;
        let guarded = prefix + ID;
        let at = guarded + at.index(frame.len() - guarded);
        frame[at] ^= 1 << bit;
        let (_, answer) = Answer::decode(&Bytes::from(frame).slice(prefix..)).unwrap();
        prop_assert!(!matches!(answer, Ok(Answer::Found(_))));
    }

    #[test]
    fn any_bytes_are_frames_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut rest = &bytes[..];
        while let Ok(Some((_, taken))) = RequestFrame::decode(rest) {
            prop_assert!(taken > ID && taken <= rest.len());
            rest = &rest[taken..];
        }
        let _decoded = Answer::decode(&Bytes::from(bytes));
    }
}
