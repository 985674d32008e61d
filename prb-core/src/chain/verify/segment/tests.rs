use parity_scale_codec::DecodeAll;

use super::*;
use crate::scale::bridge::GenesisBlockInfo;
use crate::test_vectors::Vectors;

fn header(number: u32) -> EncodedHeader {
    let bytes = Vectors::load().relay[number as usize].header.clone();
    EncodedHeader::decode(bytes.into()).unwrap()
}

fn start() -> RelayPosition {
    let vectors = Vectors::load();
    let genesis = GenesisBlockInfo::decode_all(&mut &vectors.genesis_info[..]).unwrap();
    RelayPosition {
        number: vectors.relay_genesis,
        hash: genesis.block_header.hash(),
        set: Arc::new(genesis.authority_set),
    }
}

fn candidate(from: u32, to: u32) -> SegmentCandidate {
    SegmentCandidate {
        headers: (from..=to).map(header).collect(),
        justification: Vectors::load().relay[to as usize].justification.clone().into(),
        proof: recorded_proofs().get(&to).cloned().unwrap_or_default(),
    }
}

/// Read proofs of the recorded chain, by relay block: those that were sent with para headers.
fn recorded_proofs() -> &'static std::collections::HashMap<u32, StorageProof> {
    crate::test_vectors::proofs()
}

fn refusal(position: &RelayPosition, candidate: SegmentCandidate) -> SegmentError {
    verify(position, Vectors::load().para_id, candidate).unwrap_err()
}

#[test]
fn a_recorded_segment_is_accepted_with_the_parachains_head() {
    let mut position = start();
    let mut seen = 0;
    for end in 4..=19 {
        if !recorded_proofs().contains_key(&end) {
            continue;
        }
        let given = candidate(position.next(), end);
        let (segment, next) = verify(&position, Vectors::load().para_id, given).unwrap();
        assert_eq!((next.number, next.hash), (end, header(end).hash()));
        let head = segment.para_head.map(|head| head.number());
        assert_eq!(head, Vectors::load().relay[end as usize].para_head);
        assert!(segment.change.is_none());
        position = next;
        seen += 1;
    }
    assert!(seen > 3, "{seen} segments");
}

#[test]
fn what_is_wrong_with_a_segment_is_said() {
    let position = start();
    let end = *recorded_proofs().keys().filter(|n| (6..20).contains(*n)).min().unwrap();
    let good = candidate(4, end);
    verify(&position, Vectors::load().para_id, good.clone()).unwrap();

    let mut headers = good.clone();
    headers.headers.clear();
    assert_eq!(refusal(&position, headers), SegmentError::Empty);
    let gap = SegmentCandidate { headers: good.headers[1..].to_vec(), ..good.clone() };
    assert!(matches!(refusal(&position, gap), SegmentError::Link(_)));
    let unjustified = SegmentCandidate { justification: Bytes::new(), ..good.clone() };
    assert!(matches!(refusal(&position, unjustified), SegmentError::Justification(_)));
    let unproven = SegmentCandidate { proof: Vec::new(), ..good.clone() };
    assert!(matches!(refusal(&position, unproven), SegmentError::Proof(_)));
    let mut stranger = position.clone();
    stranger.set = Arc::new(AuthoritySet { id: position.set.id + 1, ..(*position.set).clone() });
    assert!(matches!(refusal(&stranger, good), SegmentError::Justification(_)));
    // Block 20 changes the set; a segment to 21 would hide that.
    let hidden = candidate(4, 21);
    assert_eq!(refusal(&position, hidden), SegmentError::HiddenChange(20));
    // Without a proof of the new set its change is not believed.
    let change = candidate(4, 20);
    assert!(matches!(refusal(&position, change), SegmentError::Proof(_) | SegmentError::Change(_)));
}

#[test]
fn a_period_ends_at_its_first_change() {
    let headers: Vec<_> = (4..=40).map(header).collect();
    assert_eq!(period_length(&headers), Ok(17));
    assert_eq!(period_length(&headers[17..]), Ok(17));
    assert_eq!(period_length(&headers[..5]), Ok(5));
}
