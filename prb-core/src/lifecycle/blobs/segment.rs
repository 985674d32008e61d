//! A run of relay headers, ready to be sent or joined with the next.

use bytes::{Bytes, BytesMut};
use parity_scale_codec::{Decode, Encode};
use prb_walkie::proto::data_provider::RelaySegment;

use crate::lifecycle::sync::plan::Segment;
use crate::scale::bridge::HeaderToSync;

/// A segment as a provider serves it.
#[derive(Debug)]
pub(crate) struct StoredSegment {
    plan: Segment,
    /// SCALE HeaderToSync of all blocks but the last.
    inner: Bytes,
    /// SCALE HeaderToSync of the last block, without the justification.
    last_bare: Bytes,
    /// SCALE HeaderToSync of the last block.
    last: Bytes,
    /// SCALE AuthoritySetChange.
    pub(super) authority_set_change: Option<Bytes>,
    /// Trie nodes that prove the parachain head at the last block.
    pub(super) para_proof: Vec<Bytes>,
}

/// Why a segment cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SegmentError {
    /// Not one item for each block.
    #[error("relay blocks {from} to {to} come with {items} headers")]
    Count {
        /// First block.
        from: u32,
        /// Last block.
        to: u32,
        /// Headers.
        items: usize,
    },
    /// The last header is not what it should be.
    #[error("the last header of relay blocks {from} to {to} {what}")]
    Last {
        /// First block.
        from: u32,
        /// Last block.
        to: u32,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl StoredSegment {
    pub(super) fn new(segment: RelaySegment) -> Result<Self, SegmentError> {
        let RelaySegment { from, to, mut items, authority_set_change, .. } = segment;
        let expected = to.checked_sub(from).map(|length| length as usize + 1);
        let last = match items.pop() {
            Some(last) if expected == Some(items.len() + 1) => last,
            Some(_) | None => return Err(SegmentError::Count { from, to, items: items.len() }),
        };
        let wrong = |what| SegmentError::Last { from, to, what };
        let decoded = HeaderToSync::decode(&mut &last[..]).map_err(|_| wrong("does not decode"))?;
        if decoded.header.number != to {
            return Err(wrong("has another number"));
        }
        if decoded.justification.is_none() {
            return Err(wrong("has no justification"));
        }
        let last_bare = Bytes::from(HeaderToSync { justification: None, ..decoded }.encode());
        let inner = concatenated(&items);
        let plan = Segment {
            from,
            to,
            changes_set: authority_set_change.is_some(),
            para_head: segment.para_number,
            bytes: inner.len() + last_bare.len(),
        };
        let para_proof = segment.para_proof;
        Ok(Self { plan, inner, last_bare, last, authority_set_change, para_proof })
    }

    /// What plans need to know of it.
    pub(crate) fn plan(&self) -> Segment {
        self.plan
    }

    /// Bytes it keeps in memory.
    pub(super) fn size(&self) -> usize {
        let proof: usize = self.para_proof.iter().map(Bytes::len).sum();
        let change = self.authority_set_change.as_ref().map_or(0, Bytes::len);
        self.inner.len() + self.last_bare.len() + self.last.len() + change + proof
    }
}

/// SCALE HeadersToSync of segments that follow each other; only the last keeps its justification.
pub(super) fn join(segments: &[std::sync::Arc<StoredSegment>]) -> Vec<u8> {
    let Some((last, before)) = segments.split_last() else { return Vec::new() };
    let count: u32 = segments.iter().map(|it| it.plan.to - it.plan.from + 1).sum();
    let mut joined = parity_scale_codec::Compact(count).encode();
    for segment in before {
        joined.extend_from_slice(&segment.inner);
        joined.extend_from_slice(&segment.last_bare);
    }
    joined.extend_from_slice(&last.inner);
    joined.extend_from_slice(&last.last);
    joined
}

fn concatenated(items: &[Bytes]) -> Bytes {
    let mut all = BytesMut::with_capacity(items.iter().map(Bytes::len).sum());
    for item in items {
        all.extend_from_slice(item);
    }
    all.freeze()
}
