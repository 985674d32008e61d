use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{BoxFuture, FutureExt};
use parity_scale_codec::DecodeAll;
use prb_walkie::proto::data_provider::Info;

use super::*;
use crate::pruntime::proto;
use crate::scale::bridge::{BlockHeaderWithChanges, HeaderToSync, header_to_sync};
use crate::scale::header::Header;
use crate::test_vectors::Vectors;

const PER_CHUNK: u32 = 5;

/// A provider of the recorded chain, with segments of the given ends.
struct Recorded {
    ends: Vec<u32>,
    para_tip: u32,
    fork_at: Option<u32>,
    gets: AtomicUsize,
}

impl Recorded {
    fn new(ends: &[u32]) -> Self {
        Self { ends: ends.to_vec(), para_tip: 46, fork_at: None, gets: AtomicUsize::new(0) }
    }

    fn segment(&self, number: u32) -> Option<RelaySegment> {
        let vectors = Vectors::load();
        let to = *self.ends.iter().find(|end| **end >= number)?;
        let from = self
            .ends
            .iter()
            .rfind(|end| **end < number)
            .map_or(vectors.relay_genesis + 1, |end| end + 1);
        let items = (from..=to).map(|number| {
            let block = &vectors.relay[number as usize];
            let justification = (number == to).then_some(&block.justification[..]);
            header_to_sync(&block.header, justification).into()
        });
        let change = vectors.change_blocks.contains(&to).then(|| Bytes::from_static(b"change"));
        Some(RelaySegment {
            from,
            to,
            items: items.collect(),
            set_id: 0,
            authority_set_change: change,
            para_number: vectors.relay[to as usize].para_head,
            para_proof: vec![to.to_le_bytes().to_vec().into()],
        })
    }

    fn chunk(&self, chunk: u32, item: impl Fn(u32) -> Bytes) -> (u32, Vec<Bytes>, bool) {
        let first = chunk * PER_CHUNK;
        let items = (first..first + PER_CHUNK).filter(|number| *number <= self.para_tip).map(item);
        let items: Vec<Bytes> = items.collect();
        let complete = items.len() == PER_CHUNK as usize;
        (first, items, complete)
    }

    fn header(&self, number: u32) -> Bytes {
        let mut bytes = Vectors::load().para[number as usize].header.clone();
        if self.fork_at == Some(number) {
            bytes[0] ^= 1;
        }
        bytes.into()
    }
}

impl BlobSource for Recorded {
    fn get(&self, key: BlobKey, _: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        let found = match key {
            BlobKey::Relay(number) => self.segment(number).map(|it| it.encode_to_vec()),
            BlobKey::Headers(chunk) => {
                let (first, items, complete) = self.chunk(chunk, |number| self.header(number));
                Some(ParaHeaders { first, items, complete }.encode_to_vec())
            }
            BlobKey::Blocks(chunk) => {
                let block = |number: u32| {
                    let block = &Vectors::load().para[number as usize];
                    block.block_header_with_changes.clone().into()
                };
                let (first, items, complete) = self.chunk(chunk, block);
                Some(ParaBlocks { first, items, complete }.encode_to_vec())
            }
            _ => None,
        };
        async move { Ok(found.map(Bytes::from)) }.boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        let info =
            Info { headers_per_chunk: PER_CHUNK, blocks_per_chunk: PER_CHUNK, ..Info::default() };
        async move { Ok(info) }.boxed()
    }

    fn report_bad_block(&self, _: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        async { Ok(()) }.boxed()
    }
}

fn blobs(source: Recorded) -> (Arc<Recorded>, Blobs) {
    let source = Arc::new(source);
    let blobs = Blobs::new(source.clone(), limits(1 << 20));
    let relay = source.ends.last().copied().unwrap();
    blobs.tip.send_replace(Some(Tip { relay, para: Some(source.para_tip) }));
    (source, blobs)
}

fn run(from: u32, to: u32) -> Run {
    Run { from, to }
}

/// The headers in an encoded run, and which of them are justified.
fn headers(encoded: &[u8]) -> Vec<(u32, bool)> {
    let items = Vec::<HeaderToSync>::decode_all(&mut &encoded[..]).unwrap();
    items.iter().map(|it| (it.header.number, it.justification.is_some())).collect()
}

fn limits(bytes: usize) -> CacheLimits {
    CacheLimits { bytes, ..CacheLimits::default() }
}

#[tokio::test]
async fn joined_segments_keep_the_last_justification_alone() {
    let (_, blobs) = blobs(Recorded::new(&[6, 9, 12, 20]));
    let body = blobs.body(Request::Relay { from: 4, to: 12 }).await.unwrap();
    let request = proto::HeadersToSync::decode(body).unwrap();
    let expected: Vec<_> = (4..=12).map(|number| (number, number == 12)).collect();
    assert_eq!(headers(&request.encoded_headers), expected);
    assert_eq!(request.encoded_authority_set_change, None);
    // As one segment it is the same request.
    let (_, whole) = self::blobs(Recorded::new(&[12]));
    let same = whole.body(Request::Relay { from: 4, to: 12 }).await.unwrap();
    assert_eq!(proto::HeadersToSync::decode(same).unwrap(), request);
    // Where segments were merged meanwhile, the plan has to be made anew.
    assert!(blobs.body(Request::Relay { from: 5, to: 12 }).await.is_err());
    assert!(blobs.body(Request::Relay { from: 4, to: 11 }).await.is_err());
}

#[tokio::test]
async fn what_comes_next_is_at_hand_when_it_is_asked_for() {
    let (source, blobs) = blobs(Recorded::new(&[6, 9, 12, 20]));
    let gets = || source.gets.load(Ordering::SeqCst);
    blobs.fetch_after(Request::Blocks(run(1, PER_CHUNK - 1))).await;
    blobs.fetch_after(Request::Relay { from: 1, to: 6 }).await;
    assert_eq!(gets(), 2);
    assert!(!blobs.block_sizes(PER_CHUNK).await.unwrap().is_empty());
    assert!(blobs.segment(9).await.unwrap().is_some());
    assert_eq!(gets(), 2, "nothing is fetched twice");
    // There is nothing after the tip.
    blobs.fetch_after(Request::Blocks(run(46, 46))).await;
    blobs.fetch_after(Request::Combined { relay: run(13, 20), para: run(1, 46) }).await;
    assert_eq!(gets(), 2);
}

#[tokio::test]
async fn a_combined_request_carries_change_headers_and_proof_of_its_end() {
    let (_, blobs) = blobs(Recorded::new(&[12, 20]));
    let head = Vectors::load().relay[20].para_head.unwrap();
    let request = Request::Combined { relay: run(13, 20), para: run(3, head) };
    let body = blobs.body(request).await.unwrap();
    let request = proto::CombinedHeadersToSync::decode(body).unwrap();
    assert_eq!(headers(&request.encoded_relaychain_headers).last(), Some(&(20, true)));
    assert_eq!(request.authority_set_change.unwrap(), &b"change"[..]);
    assert_eq!(request.proof, [&20_u32.to_le_bytes()[..]]);
    let para = Vec::<Header>::decode_all(&mut &request.encoded_parachain_headers[..]).unwrap();
    let numbers: Vec<u32> = para.iter().map(|header| header.number).collect();
    assert_eq!(numbers, (3..=head).collect::<Vec<_>>());
}

#[tokio::test]
async fn blocks_are_carried_as_they_are() {
    let (_, blobs) = blobs(Recorded::new(&[20]));
    let body = blobs.body(Request::Blocks(run(3, 8))).await.unwrap();
    let request = proto::Blocks::decode(body).unwrap();
    let encoded: Vec<u8> = (3..=8)
        .flat_map(|number| Vectors::load().para[number].block_header_with_changes.clone())
        .collect();
    assert_eq!(request.encoded_blocks[1..], encoded);
    let blocks =
        Vec::<BlockHeaderWithChanges>::decode_all(&mut &request.encoded_blocks[..]).unwrap();
    assert_eq!(blocks.len(), 6);
    assert_eq!(blobs.block_sizes(7).await.unwrap().len(), 3);
    let missing = blobs.body(Request::Blocks(run(46, 47))).await.unwrap_err();
    assert!(missing.to_string().contains("parachain block 47"), "{missing}");
}

#[tokio::test]
async fn headers_of_another_fork_go_to_no_worker() {
    for fork_at in [7, 8, 11] {
        let (_, blobs) = blobs(Recorded { fork_at: Some(fork_at), ..Recorded::new(&[20]) });
        let request = Request::Para { at: 20, run: run(8, 12) };
        let error = blobs.body(request).await.unwrap_err();
        assert!(matches!(error, BodyError::Unlinked(_)), "{fork_at}: {error}");
    }
}

#[tokio::test]
async fn many_who_need_the_same_fetch_and_encode_it_once() {
    let (source, blobs) = blobs(Recorded::new(&[20]));
    let request = Request::Blocks(run(5, 9));
    let bodies = futures::future::join_all((0..100).map(|_| blobs.body(request))).await;
    assert_eq!(source.gets.load(Ordering::SeqCst), 1);
    let first = bodies[0].as_ref().unwrap();
    assert!(bodies.iter().all(|body| body.as_ref().unwrap().as_ptr() == first.as_ptr()));
    for number in [4, 12, 20] {
        assert_eq!(blobs.segment(number).await.unwrap().unwrap().plan().to, 20);
    }
    assert_eq!(source.gets.load(Ordering::SeqCst), 2);
    assert!(blobs.segment(21).await.unwrap().is_none());
    assert_eq!(source.gets.load(Ordering::SeqCst), 2, "beyond the tip nobody is asked");
    blobs.forget(request).await;
    blobs.body(request).await.unwrap();
    assert_eq!(source.gets.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_merged_segment_takes_the_place_of_its_parts() {
    let source = Arc::new(Recorded::new(&[6, 9, 12, 20]));
    let blobs = Blobs::new(source, limits(1 << 20));
    blobs.tip.send_replace(Some(Tip { relay: 20, para: None }));
    for number in [5, 8, 11] {
        blobs.segment(number).await.unwrap();
    }
    let merged = Recorded::new(&[12]).segment(7).unwrap().encode_to_vec();
    blobs.keep_segment(BlobKey::Relay(7), merged.into()).unwrap();
    for number in 4..=12 {
        let plan = blobs.segment(number).await.unwrap().unwrap().plan();
        assert_eq!((plan.from, plan.to), (4, 12), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_two_keys_of_a_body_wait_for_each_other() {
    // Nothing is kept, so that every body is encoded from chunks that are fetched for it.
    let blobs = Blobs::new(Arc::new(Recorded::new(&[20])), limits(0));
    for from in 0..=46 {
        for to in from..=46 {
            let body = blobs.body(Request::Blocks(run(from, to)));
            let encoded = tokio::time::timeout(Duration::from_mins(1), body).await;
            assert!(encoded.is_ok_and(|body| body.is_ok()), "blocks {from} to {to}");
        }
    }
}
