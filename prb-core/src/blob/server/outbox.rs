//! Answers that wait to be taken.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::net::TcpStream;

use super::memory::Reserved;
use crate::blob::frame::{Answer, Head};

/// Slices given to one system call; it takes no more than 1,024.
const SLICES: usize = 256;

/// An answer that is paid for.
pub(super) struct Ready {
    pub(super) id: u64,
    pub(super) answer: Answer,
    /// Of what was found, where it is at hand.
    pub(super) checksum: Option<u32>,
    /// None for what has next to no bytes.
    pub(super) reserved: Option<Reserved>,
}

struct Entry {
    head: Head,
    data: Bytes,
    _reserved: Option<Reserved>,
}

/// Answers in the order in which they became ready. Their data is shared with where it came from.
#[derive(Default)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    /// Of the first entry.
    written: usize,
    /// Of all entries, less what is written.
    bytes: usize,
    taken: u64,
}

impl Outbox {
    pub(super) fn push(&mut self, ready: Ready) {
        let Ready { id, answer, checksum, reserved } = ready;
        let head = Head::summed(id, &answer, checksum);
        let data = answer.into_data();
        self.bytes += head.as_slice().len() + data.len();
        self.entries.push_back(Entry { head, data, _reserved: reserved });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes not yet taken.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes taken since the beginning.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Writes until all is written or the peer takes no more.
    pub(super) fn write(&mut self, stream: &TcpStream) -> io::Result<()> {
        while !self.is_empty() {
            match self.write_some(stream) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_some(&mut self, stream: &TcpStream) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let (mut count, mut skip) = (0, self.written);
        for entry in self.entries.iter().take(SLICES / 2) {
            for part in [entry.head.as_slice(), &entry.data] {
                let rest = part.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(part.len());
                if !rest.is_empty() {
                    slices[count] = IoSlice::new(rest);
                    count += 1;
                }
            }
        }
        let written = stream.try_write_vectored(&slices[..count])?;
        self.advance(written);
        Ok(())
    }

    fn advance(&mut self, written: usize) {
        self.bytes -= written;
        self.taken += written as u64;
        self.written += written;
        while let Some(first) = self.entries.front() {
            let length = first.head.as_slice().len() + first.data.len();
            if self.written < length {
                break;
            }
            self.written -= length;
            self.entries.pop_front();
        }
    }
}
