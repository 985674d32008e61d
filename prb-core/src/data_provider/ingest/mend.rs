//! Chunks that a reader found damaged are put aside and fetched anew. Until then nobody is given
//! what they held.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::error::{IngestError, Refused};
use super::history::{self, Finality, Round};
use super::{Context, blocks, headers, position};
use crate::chain::verify::headers::continue_chain;
use crate::chain::{ChainError, Need};
use crate::scale::bridge::block_header_with_changes;
use crate::scale::header::EncodedHeader;
use crate::store::relay::RelaySegments;
use crate::store::{ChunkKind, Hole, StoreError};

use super::super::genesis::Genesis;
use super::super::state;
use super::super::status::Stage;

const IN_FLIGHT: usize = 16;
/// More is not held at once for a chunk.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Mends whatever readers find damaged, until cancelled.
pub(super) async fn run(
    context: &Context,
    genesis: &Genesis,
    segments: &RelaySegments,
) -> Result<(), StoreError> {
    loop {
        tokio::select! {
            () = context.store.damage().found() => {}
            () = context.cancel.cancelled() => return Ok(()),
        }
        if !mend(context, genesis, segments).await? {
            return Ok(());
        }
    }
}

/// Puts damaged chunks aside and fills all holes; `false` when stopping.
pub(super) async fn mend(
    context: &Context,
    genesis: &Genesis,
    segments: &RelaySegments,
) -> Result<bool, StoreError> {
    put_aside(context, Some(segments)).await?;
    while let Some(hole) = segments.hole() {
        let fetch = || relay(context, genesis, segments, hole);
        if context.retry(Stage::Repair, &*context.relay, fetch).await?.is_none() {
            return Ok(false);
        }
        context.progress.repaired();
    }
    while let Some(hole) = context.store.headers.hole()? {
        let fetch = || para_headers(context, hole);
        if context.retry(Stage::Repair, &*context.para, fetch).await?.is_none() {
            return Ok(false);
        }
        context.progress.repaired();
    }
    while let Some(hole) = context.store.blocks.hole()? {
        let fetch = || para_blocks(context, hole);
        if context.retry(Stage::Repair, &*context.para, fetch).await?.is_none() {
            return Ok(false);
        }
        context.progress.repaired();
    }
    Ok(true)
}

/// Puts aside what is damaged. An error if something else has to begin anew because of it.
pub(super) async fn put_aside(
    context: &Context,
    segments: Option<&RelaySegments>,
) -> Result<(), StoreError> {
    let store = &context.store;
    let ends = || (store.headers.next(), store.blocks.next());
    let before = ends();
    let mut anew = None;
    for name in store.damage().take() {
        let damaged = match (name.kind, segments) {
            (ChunkKind::Headers, _) => store.headers.quarantine(name).await?,
            (ChunkKind::Blocks, _) => store.blocks.quarantine(name).await?,
            (ChunkKind::Relay, Some(segments)) => segments.quarantine(name).await?,
            // Its turn comes when the segments are open.
            (ChunkKind::Relay, None) => {
                store.damage().report(name);
                false
            }
            (ChunkKind::Genesis | ChunkKind::State, _) => store.quarantine(name).await?,
        };
        if damaged && segments.is_some() && (name.kind == ChunkKind::Genesis || ends() != before) {
            anew = Some(name);
        }
    }
    match anew {
        None => Ok(()),
        Some(name) => {
            let reason = "put aside, to be fetched anew".to_owned();
            Err(StoreError::Damaged { object: name.to_string(), reason })
        }
    }
}

/// Fetches the first period of a hole.
async fn relay(
    context: &Context,
    genesis: &Genesis,
    segments: &RelaySegments,
    hole: Hole,
) -> Result<(), IngestError> {
    let round = Round::new(&context.relay);
    let closed = segments.closed_before(hole.from).await?;
    let mut position = position::after(genesis, closed.as_ref())?;
    let mut parts = Vec::new();
    loop {
        let next = position.next();
        let justified = match history::prove(&round, next).await? {
            Finality::Proven(justified) => Some(justified),
            Finality::Unproven => None,
            Finality::Unable => history::scan(&round, &position, hole.to).await?,
        };
        let justified = justified.ok_or_else(|| {
            let endpoint = round.node.endpoint();
            IngestError::NotYet(format!("{endpoint} does not prove relay block {next} any more"))
        })?;
        let candidate = history::complete(&round, genesis.para_id, justified).await?;
        let (segment, after) = round.verify(&position, genesis.para_id, candidate).await?;
        if after.number > hole.to {
            let reason = format!("its period goes beyond block {}", hole.to);
            return Err(round.refuse(next, &reason).into());
        }
        let is_last = segment.change.is_some();
        parts.push(headers::message(segment));
        position = after;
        if is_last {
            return Ok(segments.fill(parts).await?);
        }
    }
}

/// Fetches the headers of a hole: they must lead to the header after it.
async fn para_headers(context: &Context, hole: Hole) -> Result<(), IngestError> {
    let chain = context.para.clone().pinned(Need::Anything);
    let refused =
        |reason: String| Refused::by(&*chain, format!("parachain header {}", hole.from), &reason);
    let after = context.store.headers.item(hole.to + 1).await?;
    let after = after.and_then(|bytes| EncodedHeader::decode(bytes).ok());
    let after = after.ok_or_else(|| StoreError::Damaged {
        object: format!("parachain header {}", hole.to + 1),
        reason: "it is missing".to_owned(),
    })?;
    let mut found = headers::by_number(&*chain, hole.from, hole.to).await?;
    let items: Vec<Bytes> = found.iter().map(|header| header.bytes().clone()).collect();
    found.push(after);
    let Some((first, rest)) = found.split_first() else { return Ok(()) };
    if first.number() != hole.from {
        return Err(refused(format!("its header has number {}", first.number())).into());
    }
    continue_chain(first.hash(), hole.from + 1, rest)
        .map_err(|error| refused(format!("not the relay chain's view: {error}")))?;
    Ok(context.store.headers.fill(hole.from, &items).await?)
}

/// Fetches the blocks of a hole: they must be those that were sealed or, where that is not known,
/// lead from state root to state root.
async fn para_blocks(context: &Context, hole: Hole) -> Result<(), IngestError> {
    let mut wanted: Vec<EncodedHeader> = Vec::new();
    while let Some(first) = Some(hole.from + wanted.len() as u32).filter(|n| *n <= hole.to) {
        wanted.extend(blocks::read_headers(context, first, hole.to).await?);
    }
    let source = context.para.clone().pinned(Need::State);
    let chain = &*source;
    let fetched = futures::stream::iter(wanted).map(|header| async move {
        let changes = chain.storage_changes_at(header.hash()).await?;
        Ok::<_, ChainError>((header, changes))
    });
    let mut fetched = fetched.buffered(IN_FLIGHT);
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some((header, changes)) = fetched.try_next().await? {
        bytes += changes.len();
        let unit_ends = (header.number() + 1).is_multiple_of(context.store.blocks.per_unit());
        found.push((header, changes));
        if bytes >= MOST_BYTES && unit_ends {
            break;
        }
    }
    let item = |(header, changes): &(EncodedHeader, Bytes)| {
        Bytes::from(block_header_with_changes(header.bytes(), changes))
    };
    let items: Vec<Bytes> = found.iter().map(item).collect();
    if context.store.blocks.were_sealed(hole.from, &items)? != Some(true) {
        let Some((mut state, _)) = state::after(context, hole.from - 1).await? else {
            return Err(IngestError::NotYet("stopping".to_owned()));
        };
        let checked = tokio::task::spawn_blocking(move || {
            found.iter().try_for_each(|(header, changes)| {
                blocks::check_block(header, changes, Some(&mut state))
                    .map_err(|reason| (header.number(), reason))
            })
        });
        let checked = checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
        checked.map_err(|(number, reason)| {
            Refused::by(chain, format!("parachain block {number}"), &reason)
        })?;
    }
    Ok(context.store.blocks.fill(hole.from, &items).await?)
}
