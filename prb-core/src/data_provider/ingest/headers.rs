//! Parachain headers up to the head each relay chain segment proves; then the segment itself.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use parity_scale_codec::Encode;
use prb_walkie::proto::data_provider::RelaySegment;
use tokio::sync::{mpsc, watch};

use super::Context;
use super::begin::{self, Begun};
use super::error::{IngestError, Refused};
use super::position::last_header;
use super::tip::Tip;
use crate::chain::verify::headers::continue_chain;
use crate::chain::verify::segment::Segment;
use crate::chain::verify::storage_proof::{Proof, para_head};
use crate::chain::{ChainSource, Need};
use crate::scale::bridge::header_to_sync;
use crate::scale::header::EncodedHeader;
use crate::store::relay::RelaySegments;
use crate::store::{Durability, StoreError};

use super::super::status::{Stage, height};

/// Hashes asked for in one request, and runs of as many headers that are fetched at the same time.
const HASHES: usize = 256;
const RUNS_IN_FLIGHT: usize = 2;
/// Segments whose headers are fetched at the same time.
const AHEAD: usize = 4;
/// Segments that wait for the next stage.
const READY: usize = 8;

/// Headers fetched ahead, and who gave them.
type Ahead = Option<(Arc<dyn ChainSource>, Vec<EncodedHeader>)>;

/// Stores segments in order, each after its parachain headers, until cancelled.
pub(super) async fn run(
    context: &Context,
    para_id: u32,
    segments: Arc<RelaySegments>,
    news: watch::Receiver<Tip>,
    mut verified: mpsc::Receiver<Segment>,
) -> Result<(), StoreError> {
    if context.begun()
        && let Some(head) = stored_head(&segments, para_id).await?
    {
        if !up_to(context, &head, None).await? {
            return Ok(());
        }
        context.store.headers.commit(Durability::Now).await?;
    }
    let mut fetched_to = context.store.headers.next();
    let segments_to_come = futures::stream::poll_fn(|task| verified.poll_recv(task));
    let mut with_headers = segments_to_come
        .map(|segment| {
            let from = fetched_to.max(context.store.headers.next());
            if let Some(head) = &segment.para_head {
                fetched_to = fetched_to.max(head.number().saturating_add(1));
            }
            fetch_ahead(context, segment, from)
        })
        .buffered(AHEAD);
    let (fetched, to_store) = mpsc::channel(READY);
    let (with_their_headers, mut to_append) = mpsc::channel(READY);
    let fetching = async move {
        loop {
            let next = tokio::select! {
                next = with_headers.next() => next,
                () = context.cancel.cancelled() => None,
            };
            let Some(next) = next else { return Ok(()) };
            if fetched.send(next).await.is_err() {
                return Ok(());
            }
        }
    };
    let appending = async {
        while let Some(segment) = to_append.recv().await {
            segments.append(message(segment)).await?;
        }
        Ok(())
    };
    tokio::try_join!(fetching, store(context, news, to_store, with_their_headers), appending)
        .map(drop)
}

/// Stores headers and hands on their segments, those of several by one write while catching up.
async fn store(
    context: &Context,
    mut news: watch::Receiver<Tip>,
    mut fetched: mpsc::Receiver<(Segment, Ahead)>,
    with_their_headers: mpsc::Sender<Segment>,
) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(READY);
    let mut stored = Vec::with_capacity(READY);
    while fetched.recv_many(&mut batch, READY).await > 0 {
        for (segment, headers) in batch.drain(..) {
            if let Some(head) = &segment.para_head {
                if headers.is_none() {
                    // These may take long, those before them do not wait for it.
                    hand_on(context, &mut stored, &with_their_headers).await?;
                }
                match begin::begin(context, &mut news, relay_end(&segment), head).await? {
                    Begun::Yes if up_to(context, head, headers).await? => {}
                    Begun::Later => {}
                    Begun::Yes | Begun::Stopping => return Ok(()),
                }
            }
            stored.push(segment);
        }
        hand_on(context, &mut stored, &with_their_headers).await?;
    }
    Ok(())
}

fn relay_end(segment: &Segment) -> u32 {
    segment.headers.last().map_or(0, EncodedHeader::number)
}

/// Writes down the headers stored so far, then hands on their segments: a segment survives a crash
/// only with its headers.
async fn hand_on(
    context: &Context,
    stored: &mut Vec<Segment>,
    with_their_headers: &mpsc::Sender<Segment>,
) -> Result<(), StoreError> {
    context.store.headers.commit(Durability::Now).await?;
    for segment in stored.drain(..) {
        // It is only closed when appending has failed, which ends all of this.
        let _ = with_their_headers.send(segment).await;
    }
    Ok(())
}

/// Headers of a segment fetched while those before it are stored; they are only looked at when it
/// is this segment's turn, and where they are of no use they are fetched then.
async fn fetch_ahead(context: &Context, segment: Segment, from: u32) -> (Segment, Ahead) {
    let to = segment.para_head.as_ref().and_then(|head| head.number().checked_sub(1));
    let Some(to) = to.filter(|_| context.begun()) else {
        return (segment, None);
    };
    let chain = context.para.clone().pinned(Need::Anything);
    let headers = by_number(&*chain, from, to).await.ok();
    (segment, headers.map(|headers| (chain, headers)))
}

/// The parachain's head at the last stored segment.
async fn stored_head(
    segments: &RelaySegments,
    para_id: u32,
) -> Result<Option<EncodedHeader>, StoreError> {
    let Some(last) = segments.last().await? else { return Ok(None) };
    let Some(number) = last.para_number else { return Ok(None) };
    let header = last_header(&last)?;
    let nodes = last.para_proof.iter().map(|node| node.to_vec());
    let proof = Proof::new(header.header().state_root, nodes);
    match para_head(&proof, para_id) {
        Ok(Some(head)) if head.number() == number => Ok(Some(head)),
        other => Err(StoreError::Damaged {
            object: format!("relay segment {}-{}", last.from, last.to),
            reason: format!("its parachain head is not proven: {other:?}"),
        }),
    }
}

/// Has all headers up to `head` stored, not yet written down; `false` when stopping.
async fn up_to(context: &Context, head: &EncodedHeader, ahead: Ahead) -> Result<bool, StoreError> {
    let number = height(head.number());
    context.progress.update(|info| info.para_target = info.para_target.max(number));
    // Only the first attempt has them.
    let ahead = Mutex::new(ahead);
    let fetch = || {
        let ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        fetch(context, head, ahead)
    };
    let Some(headers) = context.retry(Stage::Headers, &*context.para, fetch).await? else {
        return Ok(false);
    };
    if let Some(first) = headers.first() {
        let items = headers.iter().map(|header| header.bytes().clone()).collect();
        context.store.headers.append(first.number(), items)?;
    }
    Ok(true)
}

/// The headers after the stored ones up to `head`, which is proven: they must lead to it.
async fn fetch(
    context: &Context,
    head: &EncodedHeader,
    ahead: Ahead,
) -> Result<Vec<EncodedHeader>, IngestError> {
    let next = context.store.headers.next();
    // Without a gap they have the right length.
    let whole = |headers: &[EncodedHeader]| {
        headers.first().map_or(head.number(), EncodedHeader::number) == next
            && next.checked_add(headers.len() as u32) == Some(head.number())
    };
    let (chain, ahead) = match ahead.filter(|(_, headers)| whole(headers)) {
        Some((chain, headers)) => (chain, Some(headers)),
        None => (context.para.clone().pinned(Need::Anything), None),
    };
    let wrong = |number: u32, reason: &str| {
        Refused::by(&*chain, format!("parachain header {number}"), &reason)
    };
    let Some(last) = next.checked_sub(1) else {
        return Err(IngestError::NotYet("parachain header 0 is not stored".to_owned()));
    };
    if head.number() < context.store.para_start().await {
        return Ok(Vec::new());
    }
    if head.number() <= last {
        let stored = context.store.headers.item(head.number()).await?;
        return match stored {
            Some(stored) if stored == head.bytes() => Ok(Vec::new()),
            _ => {
                Err(wrong(head.number(), "the relay chain's head differs from the stored one")
                    .into())
            }
        };
    }
    let mut headers = match ahead {
        Some(headers) => headers,
        None => by_number(&*chain, next, head.number() - 1).await?,
    };
    headers.push(head.clone());
    let parent = context.store.headers.item(last).await?;
    let parent = parent.and_then(|bytes| EncodedHeader::decode(bytes).ok());
    let parent = parent.ok_or_else(|| StoreError::Damaged {
        object: format!("parachain header {last}"),
        reason: "it does not decode".to_owned(),
    })?;
    continue_chain(parent.hash(), next, &headers)
        .map_err(|error| wrong(next, &format!("not the relay chain's view: {error}")))?;
    let number = height(head.number());
    context.progress.update(|info| info.para_fetched_height = info.para_fetched_height.max(number));
    Ok(headers)
}

/// Headers `from..=to` of the best chain, by number; none where `from` is above `to`.
pub(super) async fn by_number(
    chain: &dyn ChainSource,
    from: u32,
    to: u32,
) -> Result<Vec<EncodedHeader>, IngestError> {
    let wanted: Vec<u32> = (from..=to).collect();
    let runs: Vec<Vec<u32>> = wanted.chunks(HASHES).map(<[u32]>::to_vec).collect();
    let fetched = futures::stream::iter(runs).map(|numbers| async move {
        let hashes = chain.block_hashes(numbers).await?;
        let known: Option<Vec<_>> = hashes.into_iter().collect();
        let known = known.ok_or_else(|| {
            IngestError::NotYet(format!("{} lacks parachain block {to}", chain.endpoint()))
        })?;
        Ok(chain.headers(known).await?)
    });
    fetched.buffered(RUNS_IN_FLIGHT).try_concat().await
}

/// The segment as it is stored and served.
pub(in crate::data_provider) fn message(segment: Segment) -> RelaySegment {
    let from = segment.headers.first().map_or(0, EncodedHeader::number);
    let to = relay_end(&segment);
    let items = segment.headers.iter().map(|header| {
        let justification = (header.number() == to).then_some(&segment.justification[..]);
        Bytes::from(header_to_sync(header.bytes(), justification))
    });
    RelaySegment {
        from,
        to,
        items: items.collect(),
        set_id: segment.set_id,
        authority_set_change: segment.change.map(|change| change.encode().into()),
        para_number: segment.para_head.map(|head| head.number()),
        para_proof: segment.para_proof.into_iter().map(Bytes::from).collect(),
    }
}
