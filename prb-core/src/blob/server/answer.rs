//! From a request to an answer that is paid for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::accept::Shared;
use super::inbox::Received;
use super::memory::Reserved;
use super::outbox::Ready;
use super::status::count;
use crate::blob::frame::{Answer, FailureCode};
use crate::blob::{Blob, BlobError, BlobKey, BlobRequest};

/// Answers of so few bytes are not accounted for: their number is bounded.
const FREE: usize = 64;
/// Longest reason told to a peer.
const REASON: usize = 512;

/// A get for what does not exist yet.
pub(super) struct Waiting {
    id: u64,
    key: BlobKey,
    wait: Duration,
}

/// What became of a request.
pub(super) enum Begun {
    Ready(Ready),
    Wait(Waiting),
}

/// What became of a get that waited.
pub(super) enum Waited {
    Ready(Ready),
    /// What it waited for is there, and there is no memory for it now.
    Again(Received),
}

/// Reads what is asked for. What is read is held only with memory reserved for it, or by one of
/// the few that read at once.
pub(super) async fn read(shared: Arc<Shared>, received: Received) -> Begun {
    let Received { id, request } = received;
    let Some(mut request) = request else { return Begun::Ready(ready(&shared, id, Ok(None))) };
    let wait = request.wait().min(shared.config.max_wait);
    match &mut request {
        BlobRequest::Get { wait, .. } => *wait = Duration::ZERO,
        BlobRequest::BadBlock(_) if !shared.reports.take() => {
            return Begun::Ready(ready(&shared, id, Ok(Some((Bytes::new().into(), None)))));
        }
        BlobRequest::Info | BlobRequest::BadBlock(_) => {}
    }
    let begun = Instant::now();
    let found = paid(&shared, request).await;
    match (&found, request) {
        (Ok(None), BlobRequest::Get { key, .. }) if !wait.is_zero() => {
            return Begun::Wait(Waiting { id, key, wait });
        }
        (_, BlobRequest::Get { .. }) => shared.counters.serve_time.add(begun.elapsed()),
        _ => {}
    }
    Begun::Ready(ready(&shared, id, found))
}

/// Waits for what does not exist yet. Many may wait for the same: who finds no memory holds nothing
/// of it until its turn to read.
pub(super) async fn wait(shared: Arc<Shared>, waiting: Waiting) -> Waited {
    let Waiting { id, key, wait } = waiting;
    let found = match shared.source.get_blob(key, wait).await {
        Ok(Some(blob)) => {
            let Some(reserved) = shared.memory.try_reserve(blob.data.len()) else {
                let request = Some(BlobRequest::Get { key, wait: Duration::ZERO });
                return Waited::Again(Received { id, request });
            };
            Ok(Some((blob, Some(reserved))))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    Waited::Ready(ready(&shared, id, found))
}

type Paid = (Blob, Option<Reserved>);

async fn paid(shared: &Shared, request: BlobRequest) -> Result<Option<Paid>, BlobError> {
    // Nobody closes the semaphore.
    let _turn = shared.lookups.acquire().await.map_err(|_| BlobError::Stopping)?;
    let Some(blob) = request.answer(&*shared.source).await? else { return Ok(None) };
    if blob.data.len() <= FREE {
        return Ok(Some((blob, None)));
    }
    let reserved = shared.memory.reserve(blob.data.len()).await;
    Ok(Some((blob, reserved)))
}

fn ready(shared: &Shared, id: u64, found: Result<Option<Paid>, BlobError>) -> Ready {
    let mut checksum = None;
    let (answer, reserved) = match found {
        Ok(Some((blob, reserved))) => {
            checksum = blob.checksum;
            (Answer::Found(blob.data), reserved)
        }
        Ok(None) => {
            count(&shared.counters.missing);
            (Answer::Missing, None)
        }
        Err(error) => {
            count(&shared.counters.failed);
            tracing::debug!(%error, "cannot answer");
            (failed(&error), None)
        }
    };
    Ready { id, answer, checksum, reserved }
}

/// A store that fails is no store without the blob.
fn failed(error: &BlobError) -> Answer {
    let code = match error {
        BlobError::Stopping => FailureCode::Stopping,
        _ => FailureCode::Store,
    };
    let mut reason = error.to_string();
    let mut end = reason.len().min(REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.truncate(end);
    Answer::Failed { code, reason: reason.into() }
}
