//! What is on a `/pb` stream: one message each way, with nothing before it, up to its end.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response;
use tokio::sync::OwnedSemaphorePermit;

use super::memory::{Memory, Share};
use super::reply::Reply;

/// The protocol's name.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/pb");

/// Memory is asked for in pieces that begin with this and double.
const FIRST_READ: usize = 1 << 10;
/// `read_to_end` wants this much room to see the end; without it the vector doubles again.
const READ_AHEAD: usize = 32;

/// A message, and the share of the memory for messages that it holds until it is dropped.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    _share: Share,
}

/// A request on a stream.
#[derive(Debug)]
pub(crate) enum Request {
    /// A peer's.
    Received(Frame),
    /// Ours.
    Sent {
        /// The message.
        bytes: Bytes,
        /// Who waits for the answer; when nobody does any more, the stream is given up.
        reply: Reply,
    },
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) enum Response {
    /// A peer's; it went to whoever waits for it.
    Received,
    /// Ours, as soon as its handler has it.
    Sent(Answer),
}

/// A handler at work. It runs in the task of the connection that asked: an answer that is there
/// at once wakes nobody else, and a handler ends with its caller's connection.
pub(crate) struct Answer(pub(crate) BoxFuture<'static, Answered>);

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(..)")
    }
}

/// A handler's answer.
pub(crate) struct Answered {
    bytes: Bytes,
    _place: Option<OwnedSemaphorePermit>,
}

impl Answered {
    /// An answer that holds its place among the calls under way until it is written.
    pub(crate) fn new(bytes: Bytes, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { bytes, _place: place }
    }
}

/// Reads and writes messages within limits.
///
/// libp2p uses one clone for each stream.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    longest: usize,
    patience: Duration,
    /// Who waits for the answer on this stream.
    reply: Option<Reply>,
    /// Apart, so that callers who fill one cannot keep us from our answers.
    requests: Memory,
    answers: Memory,
}

impl Codec {
    /// Messages up to `longest` bytes, `in_flight` bytes of requests together and as many of
    /// answers; a request must be there within `patience`.
    pub(crate) fn new(longest: usize, in_flight: usize, patience: Duration) -> Self {
        let [requests, answers] = [(); 2].map(|()| Memory::new(in_flight));
        Self { longest, patience, reply: None, requests, answers }
    }

    async fn read<T: AsyncRead + Unpin + Send>(
        &self,
        memory: &Memory,
        io: &mut T,
    ) -> io::Result<Frame> {
        let full = || io::Error::other("too many messages in flight");
        let mut message = Vec::new();
        let mut share = Share::default();
        // The room doubles: a caller that sends little holds little.
        let mut room = FIRST_READ;
        loop {
            memory.grow(&mut share, message.len() + room).ok_or_else(full)?;
            message.reserve_exact(room + READ_AHEAD);
            let read = (&mut *io).take(room as u64).read_to_end(&mut message).await?;
            if message.len() > self.longest {
                return Err(io::Error::other(format!("longer than {} bytes", self.longest)));
            }
            if read < room {
                share.shrink(message.len());
                return Ok(Frame { bytes: message.into(), _share: share });
            }
            room = message.len().min(self.longest + 1 - message.len());
        }
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Response;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        tokio::time::timeout(self.patience, self.read(&self.requests, io))
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the request never ended")))
            .map(Request::Received)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        let reply = self.reply.take().ok_or_else(|| io::Error::other("nothing was asked"))?;
        tokio::select! {
            biased;
            () = reply.abandoned() => Err(io::Error::other("nobody waits for the answer")),
            frame = self.read(&self.answers, io) => {
                reply.tell(Ok(frame?));
                Ok(Response::Received)
            }
        }
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Request,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let Request::Sent { bytes, reply } = request else {
            return Err(io::Error::other("a request is not sent back"));
        };
        tokio::select! {
            biased;
            () = reply.abandoned() => return Err(io::Error::other("nobody waits for the answer")),
            written = io.write_all(&bytes) => written?,
        }
        self.reply = Some(reply);
        Ok(())
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        response: Response,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let Response::Sent(answer) = response else {
            return Err(io::Error::other("an answer is not sent back"));
        };
        let answered = answer.0.await;
        io.write_all(&answered.bytes).await
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    fn codec() -> Codec {
        Codec::new(1 << 20, 3 << 19, Duration::from_secs(1))
    }

    async fn read<T: AsyncRead + Unpin + Send>(codec: &Codec, io: &mut T) -> io::Result<Frame> {
        codec.read(&codec.requests, io).await
    }

    #[tokio::test]
    async fn messages_of_any_length_up_to_the_limit_are_read_whole() {
        for length in [0, 1, 1023, 1024, 1025, 100_000, 1 << 20] {
            let sent: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let frame = read(&codec(), &mut Cursor::new(&sent)).await.unwrap();
            assert_eq!(frame.bytes, sent);
        }
        let long = vec![0; (1 << 20) + 1];
        assert!(read(&codec(), &mut Cursor::new(long)).await.is_err());
    }

    #[tokio::test]
    async fn memory_is_held_while_a_message_is_and_given_back() {
        let codec = codec();
        let sent = vec![7; 900_000];
        let first = read(&codec, &mut Cursor::new(&sent)).await.unwrap();
        assert!(read(&codec, &mut Cursor::new(&sent)).await.is_err(), "no room for a second");
        assert!(read(&codec, &mut Cursor::new(&sent[..1000])).await.is_ok());
        drop(first);
        assert!(read(&codec, &mut Cursor::new(&sent)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_is_given_up() {
        use request_response::Codec as _;
        assert!(codec().read_request(&PROTOCOL, &mut Endless).await.is_err());
    }

    /// A stream that says nothing and does not end.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            std::task::Poll::Pending
        }
    }
}
