//! Requests that were read and not begun yet.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};
use tokio::net::TcpStream;

use crate::blob::BlobRequest;
use crate::blob::frame::{FrameError, RequestFrame};

/// Bytes read at once. Requests are short: this is hundreds of them.
const READ: usize = 8 * 1024;

/// A request, or what is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) id: u64,
    /// None if the key is nothing that is served.
    pub(super) request: Option<BlobRequest>,
}

/// What reading gave.
#[derive(Debug)]
pub(super) enum Read {
    /// Something.
    Some,
    /// Nothing is there now.
    Nothing,
    /// The peer closed.
    End,
}

/// Why reading failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

#[derive(Default)]
pub(super) struct Inbox {
    bytes: BytesMut,
    received: VecDeque<Received>,
}

impl Inbox {
    /// Requests that were not begun yet.
    pub(super) fn len(&self) -> usize {
        self.received.len()
    }

    pub(super) fn next(&mut self) -> Option<Received> {
        self.received.pop_front()
    }

    /// Begun again later, before all others.
    pub(super) fn put_back(&mut self, received: Received) {
        self.received.push_front(received);
    }

    /// A part of a request is there, and its rest is not.
    pub(super) fn has_part(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Reads what is there.
    pub(super) fn read(&mut self, stream: &TcpStream) -> Result<Read, ReadError> {
        self.bytes.reserve(READ);
        match stream.try_read_buf(&mut self.bytes) {
            Ok(0) => Ok(Read::End),
            Ok(_) => {
                self.take()?;
                Ok(Read::Some)
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(Read::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    fn take(&mut self) -> Result<(), FrameError> {
        let mut taken = 0;
        while let Some((frame, bytes)) = RequestFrame::decode(&self.bytes[taken..])? {
            let text = std::str::from_utf8(frame.key).ok();
            let request = text.and_then(|text| text.parse().ok());
            self.received.push_back(Received { id: frame.id, request });
            taken += bytes;
        }
        self.bytes.advance(taken);
        Ok(())
    }
}
