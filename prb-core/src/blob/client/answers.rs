//! Reads answers from a connection.

use std::io::ErrorKind;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::net::TcpStream;

use super::failure::Failure;
use crate::blob::checksum::Crc32c;
use crate::blob::frame::{Answer, Corrupt, Extent, FOUND, FrameError};

/// Bytes read at once where answers are small.
const SCRATCH: usize = 32 * 1024;
/// Larger answers are read right into memory of their own, so that they are copied once. Smaller
/// ones are copied, so that one that is kept does not keep its neighbours.
const SMALL: usize = SCRATCH / 2;
/// Most bytes of a large answer read at once.
const PART: usize = 256 * 1024;

/// An answer by its id.
pub(super) type Numbered = (u64, Result<Answer, Corrupt>);

pub(super) struct Answers {
    limit: usize,
    scratch: Box<[u8]>,
    filled: usize,
    large: Option<Large>,
}

/// An answer whose checksum is reckoned as it comes, as long as what came is in the processor's
/// cache.
struct Large {
    body: BytesMut,
    length: usize,
    checksum: Crc32c,
    /// Bytes of the body that are in the checksum, or stand before what it is of.
    summed: usize,
}

impl Large {
    fn new(length: usize, begun: &[u8]) -> Self {
        let mut body = BytesMut::with_capacity(length);
        body.extend_from_slice(begun);
        Self { body, length, checksum: Crc32c::new(), summed: FOUND }
    }

    fn sum(&mut self) {
        if let Some(data) = self.body.get(self.summed..) {
            self.checksum.update(data);
            self.summed = self.body.len();
        }
    }

    fn is_complete(&self) -> bool {
        self.body.len() == self.length
    }

    fn finish(self) -> Result<Numbered, FrameError> {
        Answer::decode_with(&self.body.freeze(), || self.checksum.value())
    }
}

impl Answers {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, scratch: vec![0; SCRATCH].into(), filled: 0, large: None }
    }

    /// Reads once, and adds the answers that are now complete to `complete`. How many bytes came;
    /// `None` if there are none now.
    pub(super) fn read(
        &mut self,
        stream: &TcpStream,
        complete: &mut Vec<Numbered>,
    ) -> Result<Option<usize>, Failure> {
        let read = match &mut self.large {
            Some(large) => {
                let missing = large.length - large.body.len();
                stream.try_read_buf(&mut (&mut large.body).limit(missing.min(PART)))
            }
            None => stream.try_read(&mut self.scratch[self.filled..]),
        };
        let bytes = match read {
            Ok(0) => return Err(Failure::Ended("closed by the provider".to_owned())),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(Failure::Ended(error.to_string())),
        };
        if let Some(large) = &mut self.large {
            large.sum();
        } else {
            self.filled += bytes;
            self.take(complete)?;
        }
        if let Some(large) = self.large.take_if(|large| large.is_complete()) {
            complete.push(large.finish()?);
        }
        Ok(Some(bytes))
    }

    fn take(&mut self, complete: &mut Vec<Numbered>) -> Result<(), Failure> {
        let mut rest = &self.scratch[..self.filled];
        while let Some(extent) = Extent::read(rest, self.limit)? {
            if let Some(body) = rest.get(extent.prefix..extent.total()) {
                complete.push(Answer::decode(&Bytes::copy_from_slice(body))?);
                rest = &rest[extent.total()..];
            } else if extent.body > SMALL {
                self.large = Some(Large::new(extent.body, &rest[extent.prefix..]));
                rest = &[];
            } else {
                break;
            }
        }
        let (start, left) = (self.filled - rest.len(), rest.len());
        self.scratch.copy_within(start..self.filled, 0);
        self.filled = left;
        Ok(())
    }
}
