//! Frames of the blob protocol, as bytes.
//!
//! A frame is its length as an unsigned LEB128 varint, then its body. A request's body is an id of
//! 8 bytes, then a key as UTF-8. An answer's body is the id, then 8 bytes, big-endian, that hold
//! the CRC-32C of the data, then the data; the id alone if there is nothing under the key. Answers
//! come in any order.
//!
//! A checksum has 32 bits, so the upper 4 of the 8 bytes are zero. Where all their bits are set the
//! answer says that the provider failed: the lower 4 hold a [`FailureCode`], the data is the reason
//! as UTF-8. Peers that do not know this see a checksum that does not match, and ask elsewhere.

use bytes::{BufMut, Bytes};

use super::checksum::crc32c;

mod head;

pub use head::Head;

/// Most bytes of a request's body. Keys are short.
pub const MAX_REQUEST: usize = 8 + 256;

const ID: usize = 8;
/// Id and checksum.
pub(super) const FOUND: usize = 16;
const FAILED: u32 = u32::MAX;
/// Of a length: 35 bits.
const MAX_PREFIX: usize = 5;

/// Bytes that are no frame. The connection they came on is of no further use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length does not end.
    #[error("a frame's length has more than {MAX_PREFIX} bytes")]
    Length,
    /// More than the receiver takes.
    #[error("a frame of {length} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes of the body.
        length: u64,
        /// Most that are taken.
        limit: usize,
    },
    /// Less than what every frame has.
    #[error("a frame of {0} bytes is none")]
    TooShort(usize),
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the length.
    pub prefix: usize,
    /// Bytes of the body.
    pub body: usize,
}

impl Extent {
    /// Reads a frame's length; `None` if `bytes` end within it.
    ///
    /// ```
    /// use prb_core::blob::frame::Extent;
    ///
    /// let found = Extent::read(&[0xbc, 0x02, 0x01], 1024);
    /// assert_eq!(found, Ok(Some(Extent { prefix: 2, body: 316 })));
    /// ```
    pub fn read(bytes: &[u8], limit: usize) -> Result<Option<Self>, FrameError> {
        let mut length = 0_u64;
        for (at, byte) in bytes.iter().take(MAX_PREFIX).enumerate() {
            length |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return match usize::try_from(length) {
                    Ok(body) if body < ID => Err(FrameError::TooShort(body)),
                    Ok(body) if body <= limit => Ok(Some(Self { prefix: at + 1, body })),
                    _ => Err(FrameError::TooLong { length, limit }),
                };
            }
        }
        if bytes.len() < MAX_PREFIX { Ok(None) } else { Err(FrameError::Length) }
    }

    /// Bytes of the whole frame.
    pub fn total(self) -> usize {
        self.prefix + self.body
    }
}

fn put_length(mut length: usize, out: &mut impl BufMut) {
    while length >= 0x80 {
        out.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    out.put_u8(length as u8);
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFrame<'a> {
    /// Comes back with the answer.
    pub id: u64,
    /// What is asked for.
    pub key: &'a [u8],
}

impl<'a> RequestFrame<'a> {
    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_length(ID + self.key.len(), out);
        out.put_u64(self.id);
        out.put_slice(self.key);
    }

    /// The first frame of `bytes` and how many bytes it takes; `None` if `bytes` end within it.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let Some(extent) = Extent::read(bytes, MAX_REQUEST)? else { return Ok(None) };
        let Some(body) = bytes.get(extent.prefix..extent.total()) else { return Ok(None) };
        let Some((id, key)) = body.split_first_chunk() else { return Ok(None) };
        Ok(Some((Self { id: u64::from_be_bytes(*id), key }, extent.total())))
    }
}

/// Why a provider cannot answer; another may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureCode {
    /// It could not read its store.
    Store,
    /// It is stopping.
    Stopping,
    /// Too much is asked of it.
    Busy,
    /// One that this version does not know.
    Other(u32),
}

impl FailureCode {
    fn code(self) -> u32 {
        match self {
            Self::Store => 1,
            Self::Stopping => 2,
            Self::Busy => 3,
            Self::Other(code) => code,
        }
    }

    fn from_code(code: u32) -> Self {
        match code {
            1 => Self::Store,
            2 => Self::Stopping,
            3 => Self::Busy,
            code => Self::Other(code),
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is nothing under the key.
    Missing,
    /// What is under the key.
    Found(Bytes),
    /// The provider cannot say.
    Failed {
        /// What kind of failure.
        code: FailureCode,
        /// In words.
        reason: Bytes,
    },
}

/// Data that does not have its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes with CRC-32C {actual:08x} where {announced:x} was announced")]
pub struct Corrupt {
    /// Bytes of the data.
    pub bytes: usize,
    /// The 8 bytes before the data.
    pub announced: u64,
    /// What the data has.
    pub actual: u32,
}

impl Answer {
    /// The data that follows the [`Head`].
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Missing => Bytes::new(),
            Self::Found(data) => data,
            Self::Failed { reason, .. } => reason,
        }
    }

    /// An answer's body: the id, and what is answered unless it is damaged.
    pub fn decode(body: &Bytes) -> Result<(u64, Result<Self, Corrupt>), FrameError> {
        Self::decode_with(body, || crc32c(body.get(FOUND..).unwrap_or_default()))
    }

    /// The same where the checksum of what follows id and checksum may be known already.
    pub(super) fn decode_with(
        body: &Bytes,
        checksum: impl FnOnce() -> u32,
    ) -> Result<(u64, Result<Self, Corrupt>), FrameError> {
        let Some((id, rest)) = body.split_first_chunk() else {
            return Err(FrameError::TooShort(body.len()));
        };
        let id = u64::from_be_bytes(*id);
        if rest.is_empty() {
            return Ok((id, Ok(Self::Missing)));
        }
        let Some((announced, data)) = rest.split_first_chunk() else {
            return Err(FrameError::TooShort(body.len()));
        };
        let announced = u64::from_be_bytes(*announced);
        if (announced >> 32) as u32 == FAILED {
            let code = FailureCode::from_code(announced as u32);
            return Ok((id, Ok(Self::Failed { code, reason: body.slice(FOUND..) })));
        }
        let actual = checksum();
        if announced == u64::from(actual) {
            Ok((id, Ok(Self::Found(body.slice(FOUND..)))))
        } else {
            Ok((id, Err(Corrupt { bytes: data.len(), announced, actual })))
        }
    }
}

#[cfg(test)]
mod tests;
