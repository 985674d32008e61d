//! What is on a `/pb` stream: one message each way, with nothing before it, up to its end.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;

use super::answering::Answering;
use super::call::Call;
use super::config::Limits;
use super::error::{NoAnswer, cause};
use super::memory::{Memory, Share};
use crate::access::Caller;

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

/// Reads and writes messages within limits, which all clones share.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    longest: usize,
    /// A request must be there within this.
    patience: Duration,
    /// A request must be received and answered within this.
    deadline: Duration,
    /// Apart, so that callers who fill one cannot keep us from our answers.
    requests: Memory,
    answers: Memory,
}

impl Streams {
    pub(super) fn new(limits: &Limits) -> Self {
        let [requests, answers] = [(); 2].map(|()| Memory::new(limits.bytes_in_flight));
        Self {
            longest: limits.message_bytes,
            patience: limits.request,
            deadline: limits.request + 2 * limits.handler,
            requests,
            answers,
        }
    }

    /// Makes a call. When nobody waits for the answer any more, the stream is given up.
    pub(super) async fn ask<T>(self, mut io: T, call: Call)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Call { request, mut reply } = call;
        let exchange = async {
            io.write_all(&request).await?;
            io.close().await?;
            self.read(&self.answers, &mut io).await
        };
        let answer = tokio::select! {
            biased;
            () = reply.abandoned() => return,
            answer = exchange => answer,
        };
        reply.tell(answer.map_err(|error| NoAnswer::Unreachable(cause(&error))));
    }

    /// Answers a peer's call. The handler runs in the task of the connection that asked: an
    /// answer that is there at once wakes nobody else, and a handler ends with its caller's
    /// connection.
    pub(super) async fn answer<T>(self, mut io: T, caller: Caller, answering: Answering)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let exchange = async {
            let request = self.read_request(&mut io).await?;
            let answer = answering.answer(caller.clone(), &request.bytes).await;
            io.write_all(&answer.bytes).await?;
            io.close().await
        };
        let late = || io::Error::other("the caller does not take its answer");
        let done = tokio::time::timeout(self.deadline, exchange).await;
        if let Err(error) = done.unwrap_or_else(|_| Err(late())) {
            tracing::debug!(%caller, %error, "could not answer a call");
        }
    }

    async fn read_request<T: AsyncRead + Unpin + Send>(&self, io: &mut T) -> io::Result<Frame> {
        tokio::time::timeout(self.patience, self.read(&self.requests, io))
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the request never ended")))
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

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    fn streams() -> Streams {
        Streams::new(&Limits {
            message_bytes: 1 << 20,
            bytes_in_flight: 3 << 19,
            request: Duration::from_secs(1),
            ..Limits::default()
        })
    }

    async fn read<T: AsyncRead + Unpin + Send>(streams: &Streams, io: &mut T) -> io::Result<Frame> {
        streams.read(&streams.requests, io).await
    }

    #[tokio::test]
    async fn messages_of_any_length_up_to_the_limit_are_read_whole() {
        for length in [0, 1, 1023, 1024, 1025, 100_000, 1 << 20] {
            let sent: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let frame = read(&streams(), &mut Cursor::new(&sent)).await.unwrap();
            assert_eq!(frame.bytes, sent);
        }
        let long = vec![0; (1 << 20) + 1];
        assert!(read(&streams(), &mut Cursor::new(long)).await.is_err());
    }

    #[tokio::test]
    async fn memory_is_held_while_a_message_is_and_given_back() {
        let streams = streams();
        let sent = vec![7; 900_000];
        let first = read(&streams, &mut Cursor::new(&sent)).await.unwrap();
        assert!(read(&streams, &mut Cursor::new(&sent)).await.is_err(), "no room for a second");
        assert!(read(&streams, &mut Cursor::new(&sent[..1000])).await.is_ok());
        drop(first);
        assert!(read(&streams, &mut Cursor::new(&sent)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_is_given_up() {
        assert!(streams().read_request(&mut Endless).await.is_err());
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
