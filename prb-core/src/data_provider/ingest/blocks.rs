//! Parachain blocks with their storage changes, replayed before they are stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::error::{IngestError, Refused};
use super::window::Window;
use super::{Context, EARLY};
use crate::chain::verify::para_state::ParaState;
use crate::chain::{ChainError, ChainSource, Need, Refusal};
use crate::scale::bridge::block_header_with_changes;
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageChangesRef;
use crate::store::{Durability, StoreError};

use super::super::state;
use super::super::status::{Stage, height};

/// Most requests for storage changes in flight, and most bytes they may bring.
const MAX_IN_FLIGHT: usize = 256;
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most blocks verified in one go: while a thread is busy with them the next ones come.
const BATCH: usize = 256;
/// While catching up, blocks are written down at least so often.
const WRITE_DOWN: Duration = Duration::from_secs(5);

/// Fetched blocks that wait to be verified.
const READY: usize = 256;
/// Bytes of fetched blocks that wait to be verified, stored and, if they are due, sealed.
const UNCOMMITTED_BYTES: usize = 64 * 1024 * 1024;

/// A block as fetched.
struct Fetched {
    header: EncodedHeader,
    changes: Result<Bytes, ChainError>,
    source: Arc<dyn ChainSource>,
}

impl Fetched {
    /// What it takes of the room for what is not sealed.
    fn room(&self) -> u32 {
        self.changes.as_ref().map_or(0, Bytes::len).min(UNCOMMITTED_BYTES) as u32
    }
}

/// Fetches, verifies and stores blocks whose headers are stored, until cancelled.
pub(super) async fn run(context: &Context) -> Result<(), StoreError> {
    let mut heights = context.store.heights();
    while !context.begun() {
        tokio::select! {
            // The sender lives as long as the store.
            _ = heights.changed() => {}
            () = context.cancel.cancelled() => return Ok(()),
        }
    }
    let Some(mut state) = state::restore(context).await? else { return Ok(()) };
    let mut window = Window::new(MAX_IN_FLIGHT, MAX_BYTES);
    let mut written_down = Instant::now();
    let mut failures = 0;
    while !context.cancel.is_cancelled() {
        let last = heights.borrow_and_update().headers.unwrap_or(0);
        let first = context.store.blocks.next();
        if first > last {
            context.store.blocks.commit(Durability::Now).await?;
            state::keep(context, &mut state).await?;
            tokio::select! {
                // The sender lives as long as the store.
                _ = heights.changed() => {}
                () = context.cancel.cancelled() => {}
            }
            continue;
        }
        let run = fetch_run(context, first, &mut window, &mut state, &mut written_down);
        let result = tokio::select! {
            result = run => result,
            // A block half way through is fetched again after the restart.
            () = context.cancel.cancelled() => return Ok(()),
        };
        let wait = match result {
            Ok(()) => {
                failures = 0;
                context.progress.went_on(Stage::Blocks);
                continue;
            }
            Err(IngestError::Store(error)) => return Err(error),
            Err(IngestError::NotYet(reason)) => {
                context.progress.problem(Stage::Blocks, reason);
                EARLY
            }
            Err(error) => {
                if context.store.blocks.next() > first {
                    failures = 0;
                }
                failures += 1;
                context.failed(Stage::Blocks, &*context.para, &error, failures - 1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.cancel.cancelled() => {}
        }
    }
    Ok(())
}

/// Blocks from `first` on whose headers are stored: verified and stored while further ones are
/// fetched and others are sealed.
async fn fetch_run(
    context: &Context,
    first: u32,
    window: &mut Window,
    state: &mut state::Held,
    written_down: &mut Instant,
) -> Result<(), IngestError> {
    let (fetched, mut ready) = mpsc::channel(READY);
    let (stored, to_commit) = mpsc::channel(READY);
    let room = Semaphore::new(UNCOMMITTED_BYTES);
    let fetching = fetch_ahead(context, first, window, &room, fetched);
    let storing = async {
        let mut batch = Vec::with_capacity(BATCH);
        while ready.recv_many(&mut batch, BATCH).await > 0 {
            let bytes = batch.iter().map(Fetched::room).sum();
            store(context, std::mem::take(&mut batch), state).await?;
            if stored.send(bytes).await.is_err() {
                break;
            }
            state::keep(context, state).await?;
        }
        drop(stored);
        Ok::<_, IngestError>(())
    };
    let storing = async {
        let (mut fetching, mut storing) = (std::pin::pin!(fetching), std::pin::pin!(storing));
        tokio::select! {
            stored = &mut storing => stored,
            fetched = &mut fetching => {
                storing.await?;
                Ok(fetched?)
            }
        }
    };
    let committing = commit(context, to_commit, &room, written_down);
    let (mut storing, mut committing) = (std::pin::pin!(storing), std::pin::pin!(committing));
    tokio::select! {
        biased;
        stored = &mut storing => {
            committing.await?;
            stored
        }
        committed = &mut committing => {
            committed?;
            storing.await
        }
    }
}

/// Seals what is due and writes the rest down now and then, until nothing more comes.
async fn commit(
    context: &Context,
    mut stored: mpsc::Receiver<u32>,
    room: &Semaphore,
    written_down: &mut Instant,
) -> Result<(), StoreError> {
    let mut sizes = Vec::new();
    while stored.recv_many(&mut sizes, READY).await > 0 {
        let durability = if written_down.elapsed() >= WRITE_DOWN {
            *written_down = Instant::now();
            Durability::Now
        } else {
            Durability::WhenSealed
        };
        context.store.blocks.commit(durability).await?;
        room.add_permits(sizes.drain(..).map(|bytes| bytes as usize).sum());
    }
    Ok(())
}

/// Fetches blocks in order, with as many requests in flight as the window allows, until one fails
/// or there are no more headers.
async fn fetch_ahead(
    context: &Context,
    first: u32,
    window: &mut Window,
    room: &Semaphore,
    ready: mpsc::Sender<Fetched>,
) -> Result<(), StoreError> {
    let mut in_flight = FuturesOrdered::new();
    let mut asked = 0;
    let mut headers: VecDeque<EncodedHeader> = VecDeque::new();
    let mut next_header = first;
    loop {
        while asked < window.limit() {
            let end = context.store.headers.next();
            if headers.is_empty() && next_header < end {
                headers = read_headers(context, next_header, end - 1).await?.into();
                next_header += headers.len() as u32;
            }
            let together = window.together().min(headers.len());
            if together == 0 {
                break;
            }
            asked += together;
            in_flight.push_back(fetch(context, headers.drain(..together).collect()));
        }
        let Some(fetched) = in_flight.next().await else { return Ok(()) };
        for fetched in fetched {
            asked -= 1;
            let failed = fetched.changes.is_err();
            match &fetched.changes {
                Ok(changes) => window.answered(changes.len()),
                Err(_) => window.failed(),
            }
            // It is not closed as long as anybody may wait for it.
            if let Ok(taken) = room.acquire_many(fetched.room()).await {
                taken.forget();
            }
            if ready.send(fetched).await.is_err() || failed {
                return Ok(());
            }
        }
    }
}

/// Stored headers from `first` to at most `last`, out of one unit.
pub(super) async fn read_headers(
    context: &Context,
    first: u32,
    last: u32,
) -> Result<Vec<EncodedHeader>, StoreError> {
    let items = context.store.headers.items(first, last - first + 1).await?;
    let headers: Result<Vec<_>, _> = items.into_iter().map(EncodedHeader::decode).collect();
    let headers = headers.map_err(|error| error.to_string());
    match headers {
        Ok(headers) if headers.first().is_some_and(|header| header.number() == first) => {
            Ok(headers)
        }
        other => Err(StoreError::Damaged {
            object: format!("parachain header {first}"),
            reason: other.err().unwrap_or_else(|| "it is missing".to_owned()),
        }),
    }
}

async fn fetch(context: &Context, headers: Vec<EncodedHeader>) -> Vec<Fetched> {
    let source = context.para.clone().pinned(Need::State);
    let changes = source.storage_changes(headers.iter().map(EncodedHeader::hash).collect()).await;
    let fetched = headers.into_iter().zip(changes);
    fetched.map(|(header, changes)| Fetched { header, changes, source: source.clone() }).collect()
}

/// Verifies blocks in order and stores those before the first that is wrong.
async fn store(
    context: &Context,
    batch: Vec<Fetched>,
    state: &mut state::Held,
) -> Result<(), IngestError> {
    let Some(first) = batch.first().map(|fetched| fetched.header.number()) else { return Ok(()) };
    let held = state.take();
    let checked = tokio::task::spawn_blocking(move || check(batch, held));
    let (good, held, outcome) =
        checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
    let last = first + good.len() as u32 - 1;
    state.put_back(held, last);
    context.store.blocks.append(first, good)?;
    context.progress.update(|info| info.para_processed_height = height(last));
    outcome.map_err(|(number, failure)| match failure {
        // The relay chain may know of a block before the parachain's node does.
        Failure::Fetch(error) if error.refusal() == Some(Refusal::UnknownBlock) => {
            IngestError::NotYet(format!("parachain block {number}: {error}"))
        }
        Failure::Fetch(error) => error.into(),
        Failure::Wrong(source, reason) => {
            Refused::by(&*source, format!("parachain block {number}"), &reason).into()
        }
    })
}

enum Failure {
    Fetch(ChainError),
    Wrong(Arc<dyn ChainSource>, String),
}

type Checked = (Vec<Bytes>, Option<ParaState>, Result<(), (u32, Failure)>);

/// Replays blocks; gives those before the first failure ready to be stored.
fn check(batch: Vec<Fetched>, mut state: Option<ParaState>) -> Checked {
    let mut good = Vec::with_capacity(batch.len());
    for Fetched { header, changes, source } in batch {
        let number = header.number();
        let changes = match changes {
            Ok(changes) => changes,
            Err(error) => return (good, state, Err((number, Failure::Fetch(error)))),
        };
        if let Err(reason) = check_block(&header, &changes, state.as_mut()) {
            return (good, state, Err((number, Failure::Wrong(source, reason))));
        }
        good.push(block_header_with_changes(header.bytes(), &changes).into());
    }
    (good, state, Ok(()))
}

/// Checks that storage changes decode to the last byte and give the header's state root.
pub(in crate::data_provider) fn check_block(
    header: &EncodedHeader,
    changes: &[u8],
    state: Option<&mut ParaState>,
) -> Result<(), String> {
    let changes = StorageChangesRef::decode_all(changes)
        .map_err(|error| format!("its storage changes do not decode: {error}"))?;
    match state {
        None => Ok(()),
        Some(state) => {
            state.apply(&changes, header.header().state_root).map_err(|error| error.to_string())
        }
    }
}
