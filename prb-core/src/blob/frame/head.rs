//! What stands before an answer's data.

use bytes::BufMut;

use super::{Answer, FAILED, FOUND, ID, MAX_PREFIX, put_length};
use crate::blob::checksum::crc32c;

/// Length, id and checksum of an answer, so that its data need not be copied.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    bytes: [u8; MAX_PREFIX + FOUND],
    length: u8,
}

impl Head {
    /// What stands before the data of this answer. Data of 32 GiB and more cannot be sent.
    pub fn new(id: u64, answer: &Answer) -> Self {
        Self::summed(id, answer, None)
    }

    /// The same where the CRC-32C of what was found may be known already.
    pub(in crate::blob) fn summed(id: u64, answer: &Answer, known: Option<u32>) -> Self {
        let (extra, checksum) = match answer {
            Answer::Missing => (0, None),
            Answer::Found(data) => (data.len(), Some(known.unwrap_or_else(|| crc32c(data)).into())),
            Answer::Failed { code, reason } => {
                (reason.len(), Some(u64::from(FAILED) << 32 | u64::from(code.code())))
            }
        };
        let mut bytes = [0; MAX_PREFIX + FOUND];
        let mut rest = &mut bytes[..];
        let fixed = if checksum.is_some() { FOUND } else { ID };
        put_length(fixed + extra, &mut rest);
        rest.put_u64(id);
        if let Some(checksum) = checksum {
            rest.put_u64(checksum);
        }
        let unused = rest.len();
        Self { bytes, length: (bytes.len() - unused) as u8 }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}
