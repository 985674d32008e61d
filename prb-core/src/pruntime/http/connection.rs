//! One request over one connection, in the task that asks.
//!
//! The protocol's state and buffers, some 17 KB, last as long as the request. What rests between
//! two requests is the bare stream.

use std::future::poll_fn;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper::{Request, StatusCode};

/// A connection that nothing is known of but its bytes.
pub(super) type Stream = Box<dyn Bytewise>;

/// Reads and writes.
pub(super) trait Bytewise: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Bytewise for T {}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: BytesMut,
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("longer than {longest} bytes")]
    TooLong { longest: usize },
}

/// Asks, and gives the stream back with the answer if the other end is ready for the next request
/// over it. Given up on the way, it closes the stream.
pub(super) async fn exchange(
    stream: Stream,
    request: Request<Full<Bytes>>,
    longest: usize,
) -> Result<(Answer, Option<Stream>), ExchangeError> {
    let (mut requests, mut connection) = handshake(stream).await?;
    let mut ended = false;
    let answer = {
        let mut asking = pin!(ask(&mut requests, request, longest));
        poll_fn(|context| {
            // An error of the connection reaches whoever asks.
            ended = ended || connection.poll_without_shutdown(context).is_ready();
            asking.as_mut().poll(context)
        })
        .await?
    };
    // Only now can the connection see that the answer was read to its end.
    let ready = poll_fn(|context| {
        ended = ended || connection.poll_without_shutdown(context).is_ready();
        (!ended && requests.is_ready()).into()
    })
    .await;
    let rest = ready.then(|| connection.into_parts());
    let stream = rest.filter(|rest| rest.read_buf.is_empty()).map(|rest| rest.io);
    Ok((answer, stream))
}

async fn ask(
    requests: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    longest: usize,
) -> Result<Answer, ExchangeError> {
    let mut response = requests.send_request(request).await?;
    let mut body = BytesMut::new();
    while let Some(frame) = response.body_mut().frame().await {
        // Trailers mean nothing here.
        let Ok(data) = frame?.into_data() else { continue };
        if body.len() + data.len() > longest {
            return Err(ExchangeError::TooLong { longest });
        }
        body.extend_from_slice(&data);
    }
    Ok(Answer { status: response.status(), body })
}
