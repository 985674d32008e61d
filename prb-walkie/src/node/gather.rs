//! One packet for what a connection's task writes in one turn.
//!
//! Multiplexers flush after each frame, and a call has several: the protocol's name in two, the
//! request, its end. Each would be a packet of its own, and each packet wakes the other side.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use futures::{AsyncRead, AsyncWrite};

/// Longer writes go out as they are.
const MOST: usize = 16 << 10;

/// Keeps what is flushed until it is read from: a task that reads has written all it had to, and
/// multiplexers read last. The task is woken for the case that one does not: whatever is still
/// there when it is flushed again goes out.
pub(super) struct Gather<T> {
    io: T,
    waiting: BytesMut,
    /// It was flushed after the last write.
    flushed: bool,
}

impl<T: AsyncWrite + Unpin> Gather<T> {
    pub(super) fn new(io: T) -> Self {
        Self { io, waiting: BytesMut::new(), flushed: false }
    }

    /// Writes what waits.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(context, &self.waiting))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.waiting.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gather<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Err(error)) = self.drain(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gather<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        if self.waiting.len() + bytes.len() > MOST {
            ready!(self.drain(context))?;
            if bytes.len() > MOST {
                return Pin::new(&mut self.io).poll_write(context, bytes);
            }
        }
        self.waiting.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() || self.flushed {
            ready!(self.drain(context))?;
            return Pin::new(&mut self.io).poll_flush(context);
        }
        self.flushed = true;
        context.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        Pin::new(&mut self.io).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};

    use futures::AsyncWriteExt;
    use futures::task::noop_waker_ref;

    use super::*;

    /// Notes each write, and reads nothing.
    #[derive(Default)]
    struct Packets {
        sent: Vec<Vec<u8>>,
        closed: bool,
    }

    impl AsyncRead for Packets {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Packets {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.sent.push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.closed = true;
            Poll::Ready(Ok(()))
        }
    }

    async fn write(gather: &mut Gather<Packets>, frames: &[&[u8]]) {
        for frame in frames {
            gather.write_all(frame).await.unwrap();
            gather.flush().await.unwrap();
        }
    }

    #[tokio::test]
    async fn frames_of_a_turn_go_together_when_it_is_read() {
        let mut gather = Gather::new(Packets::default());
        write(&mut gather, &[b"one", b"two"]).await;
        assert!(gather.io.sent.is_empty());
        let mut context = Context::from_waker(noop_waker_ref());
        assert!(Pin::new(&mut gather).poll_read(&mut context, &mut [0]).is_pending());
        assert_eq!(gather.io.sent, [b"onetwo"]);
    }

    #[tokio::test]
    async fn what_is_not_followed_by_a_read_goes_with_the_next_flush() {
        let mut gather = Gather::new(Packets::default());
        write(&mut gather, &[b"one"]).await;
        gather.flush().await.unwrap();
        assert_eq!(gather.io.sent, [b"one"]);
        write(&mut gather, &[b"two"]).await;
        gather.close().await.unwrap();
        assert_eq!(gather.io.sent, [b"one", b"two"]);
        assert!(gather.io.closed);
    }

    #[tokio::test]
    async fn long_writes_go_at_once_and_after_what_waits() {
        let mut gather = Gather::new(Packets::default());
        let long = vec![7; MOST + 1];
        write(&mut gather, &[b"one", &long]).await;
        assert_eq!(gather.io.sent, [b"one".to_vec(), long]);
    }

    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_flush_wakes_its_task() {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut gather = Gather::new(Packets::default());
        assert!(Pin::new(&mut gather).poll_write(&mut context, b"one").is_ready());
        assert!(Pin::new(&mut gather).poll_flush(&mut context).is_ready());
        assert!(woken.0.load(Ordering::SeqCst));
    }
}
