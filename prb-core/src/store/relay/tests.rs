use std::path::Path;

use parity_scale_codec::{DecodeAll, Encode};

use super::*;
use crate::scale::bridge::{HeaderToSync, header_to_sync};
use crate::store::{Store, StoreConfig};
use crate::test_vectors::Vectors;

async fn open(folder: &Path) -> (Store, RelaySegments) {
    let store = Store::open(folder, &StoreConfig::default()).await.unwrap();
    let relay = store.open_relay(1).await.unwrap();
    (store, relay)
}

fn segment(from: u32, to: u32, change: bool) -> RelaySegment {
    let vectors = Vectors::load();
    let items = (from..=to).map(|number| {
        let header = &vectors.relay[number as usize % vectors.relay.len()].header;
        header_to_sync(header, (number == to).then_some(&b"justified"[..])).into()
    });
    RelaySegment {
        from,
        to,
        items: items.collect(),
        set_id: 7,
        authority_set_change: change.then(|| Bytes::from_static(b"change")),
        para_number: Some(to / 2),
        para_proof: vec![Bytes::from(to.to_string())],
    }
}

/// Every block is in exactly one segment, whose last header alone is justified.
async fn check(relay: &RelaySegments, end: u32) -> usize {
    assert_eq!(relay.next(), end);
    let (mut next, mut segments) = (1, 0);
    while next < end {
        let whole = decode(next, relay.segment(next).await.unwrap().unwrap()).unwrap();
        assert_eq!(whole.from, next);
        assert_eq!(whole.items.len() as u32, whole.to - whole.from + 1);
        for (number, item) in (whole.from..).zip(&whole.items) {
            let item = HeaderToSync::decode_all(&mut &item[..]).unwrap();
            let header = &Vectors::load().relay[number as usize % 64].header;
            assert_eq!(item.header.encode(), *header);
            assert_eq!(item.justification.is_some(), number == whole.to);
            let same = relay.segment(number).await.unwrap().unwrap();
            assert_eq!(decode(number, same).unwrap(), whole);
        }
        assert_eq!(whole.para_number, Some(whole.to / 2));
        assert_eq!(whole.para_proof, [Bytes::from(whole.to.to_string())]);
        next = whole.to + 1;
        segments += 1;
    }
    assert_eq!(next, end);
    assert!(relay.segment(end).await.unwrap().is_none());
    segments
}

#[tokio::test]
async fn tip_segments_merge_as_they_grow_and_into_one_when_the_period_closes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, relay) = open(folder.path()).await;
    for number in 1..=300 {
        relay.append(segment(number, number, false)).await.unwrap();
    }
    let segments = check(&relay, 301).await;
    assert!(segments <= 30, "{segments} segments for 300 blocks");
    drop((store, relay));
    let (store, relay) = open(folder.path()).await;
    assert_eq!(check(&relay, 301).await, segments);
    relay.append(segment(301, 303, true)).await.unwrap();
    assert_eq!(check(&relay, 304).await, 1);
    assert_eq!(store.db.open_tree("relay").unwrap().len(), 0);
    relay.append(segment(304, 310, false)).await.unwrap();
    assert_eq!(relay.last_closed().await.unwrap().unwrap().to, 303);
    assert_eq!(relay.last().await.unwrap().unwrap().to, 310);
    drop((store, relay));
    let (store, relay) = open(folder.path()).await;
    assert_eq!(check(&relay, 311).await, 2);
    assert_eq!(store.heights().borrow().relay, Some(310));
}

#[tokio::test]
async fn a_crash_between_sealing_a_period_and_forgetting_its_tail_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, relay) = open(folder.path()).await;
    for number in 1..=5 {
        relay.append(segment(number, number, false)).await.unwrap();
    }
    let tree = store.db.open_tree("relay").unwrap();
    let tail: Vec<_> = tree.iter().map(Result::unwrap).collect();
    relay.append(segment(6, 6, true)).await.unwrap();
    for (key, body) in tail {
        tree.insert(key, body).unwrap();
    }
    drop((store, relay, tree));
    let (store, relay) = open(folder.path()).await;
    assert_eq!(check(&relay, 7).await, 1);
    assert_eq!(store.db.open_tree("relay").unwrap().len(), 0);
}

#[tokio::test]
async fn a_segment_out_of_order_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, relay) = open(folder.path()).await;
    relay.append(segment(1, 4, false)).await.unwrap();
    for (from, to) in [(1, 4), (4, 6), (6, 7)] {
        let error = relay.append(segment(from, to, false)).await.unwrap_err();
        assert!(matches!(error, StoreError::OutOfOrder { expected: 5, .. }), "{error}");
    }
    check(&relay, 5).await;
}

#[tokio::test]
async fn readers_never_miss_a_block_while_segments_merge() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, relay) = open(folder.path()).await;
    let relay = Arc::new(relay);
    relay.append(segment(1, 1, false)).await.unwrap();
    let reader = tokio::spawn({
        let relay = relay.clone();
        async move {
            let mut reads = 0_u32;
            while relay.next() <= 200 {
                let newest = relay.next() - 1;
                for number in [1, newest / 2 + 1, newest] {
                    assert!(relay.segment(number).await.unwrap().is_some(), "block {number}");
                    reads += 1;
                }
                tokio::task::yield_now().await;
            }
            reads
        }
    });
    for number in 2..=200 {
        relay.append(segment(number, number, number % 90 == 0)).await.unwrap();
    }
    assert!(reader.await.unwrap() > 3);
}
