//! Reading a request's body within a limit.

use axum::body::Body;
use futures::StreamExt;

/// How much of a body that is too long is still read, so that its sender gets to see the answer.
const MAX_DISCARDED: usize = 1024 * 1024;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum BodyError {
    /// Longer than the limit; holds what fits.
    TooLarge(Vec<u8>),
    /// The connection broke.
    Broken,
}

/// The body, if it is at most `limit` bytes long.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut discarded = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        let room = limit.saturating_sub(bytes.len());
        let (fitting, surplus) = chunk.split_at(room.min(chunk.len()));
        bytes.extend_from_slice(fitting);
        discarded += surplus.len();
        if discarded > MAX_DISCARDED {
            break;
        }
    }
    if discarded > 0 { Err(BodyError::TooLarge(bytes)) } else { Ok(bytes) }
}
