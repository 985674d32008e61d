//! Reads answers from a connection.

use std::io::ErrorKind;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::net::TcpStream;

use super::failure::Failure;
use crate::blob::frame::{Answer, Corrupt, Extent};

/// Bytes read at once where answers are small.
const SCRATCH: usize = 32 * 1024;
/// Larger answers are read right into memory of their own, so that they are copied once. Smaller
/// ones are copied, so that one that is kept does not keep its neighbours.
const SMALL: usize = SCRATCH / 2;

/// An answer by its id.
pub(super) type Numbered = (u64, Result<Answer, Corrupt>);

pub(super) struct Answers {
    limit: usize,
    scratch: Box<[u8]>,
    filled: usize,
    large: Option<Large>,
}

struct Large {
    body: BytesMut,
    length: usize,
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
            Some(Large { body, length }) => {
                let missing = *length - body.len();
                stream.try_read_buf(&mut body.limit(missing))
            }
            None => stream.try_read(&mut self.scratch[self.filled..]),
        };
        let bytes = match read {
            Ok(0) => return Err(Failure::Ended("closed by the provider".to_owned())),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(Failure::Ended(error.to_string())),
        };
        match self.large.take_if(|large| large.body.len() == large.length) {
            Some(Large { body, .. }) => complete.push(Answer::decode(&body.freeze())?),
            None if self.large.is_none() => {
                self.filled += bytes;
                self.take(complete)?;
            }
            None => {}
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
                let mut body = BytesMut::with_capacity(extent.body);
                body.extend_from_slice(&rest[extent.prefix..]);
                self.large = Some(Large { body, length: extent.body });
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
