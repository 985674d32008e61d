//! The parachain's full state: restored after a start, kept now and then.

use bytes::Bytes;
use parity_scale_codec::{Compact, Decode, DecodeAll, Encode};
use prb_walkie::proto::data_provider::StatePart;
use prb_walkie::proto::db;
use prost::Message as _;

use super::config::VerifyState;
use super::ingest::repair::{self, Doubt};
use super::ingest::{Context, check_block};
use super::status::Stage;
use crate::chain::verify::para_state::{ChildStates, ParaState};
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageState;
use crate::store::{Durability, Store, StoreError};

/// Bytes in one served part of a full state.
const PART: usize = 4 * 1024 * 1024;
/// Full states kept; older ones go.
const KEPT: usize = 2;

/// What is stored with a full state beside its parts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct StateInfo {
    /// Served parts, which follow.
    pub(super) parts: u32,
    /// Bytes of the whole SCALE StorageState.
    pub(super) bytes: u64,
    /// Child tries' contents, which a StorageState cannot hold.
    children: ChildStates,
}

/// The state after the last stored block, if states are verified at all.
pub(super) struct Held {
    state: Option<ParaState>,
    number: u32,
    kept: u32,
}

impl Held {
    /// Takes the state away to work on it.
    pub(super) fn take(&mut self) -> Option<ParaState> {
        self.state.take()
    }

    /// Puts it back, now after block `number`.
    pub(super) fn put_back(&mut self, state: Option<ParaState>, number: u32) {
        self.state = state;
        self.number = number;
    }
}

/// Rebuilds the state after the last stored block. `None` when stopping.
pub(super) async fn restore(context: &Context) -> Result<Option<Held>, StoreError> {
    let last = context.store.blocks.next() - 1;
    if context.verify_state == VerifyState::Off {
        return Ok(Some(Held { state: None, number: last, kept: last }));
    }
    let Some((state, kept)) = after(context, last).await? else { return Ok(None) };
    tracing::debug!(number = last, from = kept, "parachain state restored");
    Ok(Some(Held { state: Some(state), number: last, kept }))
}

/// The state after stored block `last`, and the block of the kept state it comes from: the newest
/// one, or the genesis, and the stored blocks after it. A stored block that does not replay is
/// fetched anew. `None` when stopping.
pub(super) async fn after(
    context: &Context,
    last: u32,
) -> Result<Option<(ParaState, u32)>, StoreError> {
    let (mut number, mut state) = load_newest(context, last).await?;
    let kept = number;
    while number < last {
        if context.cancel.is_cancelled() {
            return Ok(None);
        }
        let blocks = context.store.blocks.items(number + 1, last - number).await?;
        let headers = context.store.headers.items(number + 1, blocks.len() as u32).await?;
        if headers.is_empty() || blocks.is_empty() {
            return Err(damaged(number + 1, &"it is missing"));
        }
        let replayed = tokio::task::spawn_blocking(move || replay(state, blocks, &headers));
        let (replayed_state, count, failure) =
            replayed.await.map_err(|error| damaged(number + 1, &error))?;
        state = replayed_state;
        number += count;
        if let Some(reason) = failure {
            tracing::warn!(number = number + 1, reason, "a stored block does not replay");
            let refetch = || repair::refetch(context, number + 1, Doubt::Wrong);
            let changed = context.retry(Stage::Repair, &*context.para, refetch).await?;
            match changed {
                None => return Ok(None),
                Some(true) => context.progress.repaired(),
                // Nodes give the same: then it is the state that is wrong.
                Some(false) => return Err(damaged(number + 1, &reason)),
            }
        }
    }
    Ok(Some((state, kept)))
}

/// Replays stored blocks; gives the state, how many were applied, and why not all were.
fn replay(
    mut state: ParaState,
    blocks: Vec<Bytes>,
    headers: &[Bytes],
) -> (ParaState, u32, Option<String>) {
    let mut count = 0;
    for (block, header) in blocks.into_iter().zip(headers) {
        let applied = EncodedHeader::decode(header.clone())
            .map_err(|error| error.to_string())
            .and_then(|header| match block.strip_prefix(&header.bytes()[..]) {
                Some(changes) => check_block(&header, changes, Some(&mut state)),
                None => Err("its header is another".to_owned()),
            });
        match applied {
            Ok(()) => count += 1,
            Err(reason) => return (state, count, Some(reason)),
        }
    }
    (state, count, None)
}

/// The newest readable kept state not above block `last`, or the genesis state where the parachain
/// is kept from there on.
async fn load_newest(context: &Context, last: u32) -> Result<(u32, ParaState), StoreError> {
    for number in context.store.states().await?.into_iter().rev().filter(|n| *n <= last) {
        match stored(&context.store, number).await {
            Ok(state) => return Ok((number, state)),
            Err(error) => tracing::warn!(number, %error, "cannot use the kept state"),
        }
    }
    let unreadable = |reason: String| StoreError::Damaged { object: "genesis".to_owned(), reason };
    let start = context.store.para_start().await;
    if start > 0 {
        let object = "the full states".to_owned();
        let reason = format!("none can be read, and the blocks before {start} are not kept");
        return Err(StoreError::Damaged { object, reason });
    }
    let genesis = context.store.genesis().await?.unwrap_or_default();
    let genesis = db::Genesis::decode(genesis).map_err(|error| unreadable(error.to_string()))?;
    build(genesis.genesis_state.to_vec(), ChildStates::new())
        .await
        .map(|state| (0, state))
        .map_err(unreadable)
}

/// The kept state of block `number`, its root checked.
pub(super) async fn stored(store: &Store, number: u32) -> Result<ParaState, StoreError> {
    let unreadable = |reason: String| StoreError::Damaged {
        object: format!("the state of parachain block {number}"),
        reason,
    };
    let info = info(store, number).await?.ok_or_else(|| unreadable("no info".to_owned()))?;
    let mut encoded = Vec::with_capacity(info.bytes as usize);
    for part in 0..info.parts {
        let body = store.state_part(number, part + 1).await?.unwrap_or_default();
        let part = StatePart::decode(body).map_err(|error| unreadable(error.to_string()))?;
        encoded.extend_from_slice(&part.data);
    }
    let state = build(encoded, info.children).await.map_err(unreadable)?;
    let header = store.headers.item(number).await?;
    let header = header.and_then(|bytes| EncodedHeader::decode(bytes).ok());
    match header {
        Some(header) if header.header().state_root == state.root() => Ok(state),
        _ => Err(unreadable("its root is not the header's".to_owned())),
    }
}

async fn build(encoded: Vec<u8>, children: ChildStates) -> Result<ParaState, String> {
    let building = tokio::task::spawn_blocking(move || {
        let pairs = StorageState::decode_all(&mut &encoded[..]).map_err(|e| e.to_string())?;
        ParaState::new(pairs, children).map_err(|error| error.to_string())
    });
    building.await.map_err(|error| error.to_string())?
}

async fn info(store: &Store, number: u32) -> Result<Option<StateInfo>, StoreError> {
    let body = store.state_part(number, 0).await?;
    Ok(body.and_then(|body| StateInfo::decode_all(&mut &body[..]).ok()))
}

/// Keeps the state if enough blocks have passed since the last kept one.
pub(super) async fn keep(context: &Context, held: &mut Held) -> Result<(), StoreError> {
    let number = held.number;
    if number < held.kept.saturating_add(context.state_interval) {
        return Ok(());
    }
    let Some(state) = held.take() else { return Ok(()) };
    // What the kept state is of must be stored too.
    context.store.blocks.commit(Durability::Now).await?;
    let taken = tokio::task::spawn_blocking(move || (parts(number, &state), state)).await;
    let (parts, state) = taken.map_err(|error| damaged(number, &error))?;
    held.put_back(Some(state), number);
    context.store.put_state(number, parts).await?;
    held.kept = number;
    tracing::info!(number, "kept the parachain's full state");
    let mut states = context.store.states().await?;
    states.truncate(states.len().saturating_sub(KEPT));
    for old in states {
        context.store.delete_state(old).await?;
    }
    Ok(())
}

/// The state as it is stored: its info, then its parts as they are served.
pub(super) fn parts(number: u32, state: &ParaState) -> Vec<Bytes> {
    let mut count = 0_u32;
    state.visit(|_, _| count += 1);
    let mut stored = vec![Bytes::new()];
    let mut bytes = 0;
    let mut buffer = Compact(count).encode();
    let mut flush = |buffer: &mut Vec<u8>, at_least: usize| {
        while buffer.len() >= at_least.max(1) {
            let rest = buffer.split_off(buffer.len().min(PART));
            let data = Bytes::from(std::mem::replace(buffer, rest));
            bytes += data.len() as u64;
            let part = StatePart { number, part: stored.len() as u32 - 1, data };
            stored.push(part.encode_to_vec().into());
        }
    };
    state.visit(|key, value| {
        key.encode_to(&mut buffer);
        value.encode_to(&mut buffer);
        flush(&mut buffer, PART);
    });
    flush(&mut buffer, 0);
    let info = StateInfo { parts: stored.len() as u32 - 1, bytes, children: state.children() };
    stored[0] = info.encode().into();
    stored
}

fn damaged(number: u32, reason: &impl ToString) -> StoreError {
    StoreError::Damaged { object: format!("parachain block {number}"), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_vectors::Vectors;

    #[test]
    fn a_state_in_parts_is_the_same_state() {
        let pairs = StorageState::decode_all(&mut &Vectors::load().genesis_state[..]).unwrap();
        let mut pairs = pairs;
        pairs.extend((0..3_u8).map(|n| (vec![255, n], vec![n; PART / 2])));
        let state = ParaState::new(pairs, ChildStates::new()).unwrap();
        let stored = parts(7, &state);
        let info = StateInfo::decode_all(&mut &stored[0][..]).unwrap();
        assert_eq!(info.parts as usize, stored.len() - 1);
        assert!(info.parts > 1);
        let mut encoded = Vec::new();
        for (index, part) in stored[1..].iter().enumerate() {
            let part = StatePart::decode(part.clone()).unwrap();
            assert_eq!((part.number, part.part as usize), (7, index));
            encoded.extend_from_slice(&part.data);
        }
        assert_eq!(encoded.len() as u64, info.bytes);
        let pairs = StorageState::decode_all(&mut &encoded[..]).unwrap();
        assert_eq!(ParaState::new(pairs, info.children).unwrap().root(), state.root());
    }
}
