//! The format of a chunk: an index, then frames, each one unit of what is served.
//!
//! ```text
//! "PRBCHUNK" · version u16 · kind u8 · 0u8 · from u32 · to u32 · units u32
//! units × { first u32 · last u32 · offset u64 · stored u32 · raw u32 · blake2_128 of the raw bytes }
//! blake2_128 of all of the above
//! frames: zstd, each with a checksum of its own
//! ```
//! All numbers are little-endian; offsets count from the beginning of the object. The bytes of a
//! unit are the very answer given for it, so that serving it is reading and decompressing. Then
//! the frame's checksum is looked at, which costs next to nothing; hashing again would take longer
//! than everything else. Whoever checks or takes in a whole chunk does look at the hashes.

use bytes::Bytes;
use sp_crypto_hashing::blake2_128;

use super::names::{ChunkKind, ChunkName};
use crate::hashes::blake2_128_of_each;

const MAGIC: &[u8; 8] = b"PRBCHUNK";
const VERSION: u16 = 1;
const HEADER: usize = 24;
const ENTRY: usize = 40;
const CHECKSUM: usize = 16;
/// A damaged count must not make anybody read gigabytes.
const MAX_UNITS: usize = 1 << 16;

/// Enough of an object's beginning to hold most indices.
pub(crate) const INDEX_GUESS: usize = HEADER + 96 * ENTRY + CHECKSUM;

/// One unit to be stored.
pub(crate) struct Unit {
    /// First block in it.
    pub(crate) first: u32,
    /// Last block in it.
    pub(crate) last: u32,
    /// Its bytes.
    pub(crate) body: Bytes,
}

/// Of everything a chunk holds, whatever it is compressed with.
pub(crate) type Digest = [u8; CHECKSUM];

/// The digest of these units.
pub(crate) fn digest(units: &[Unit]) -> Digest {
    blake2_128(hashes_of(units).as_flattened())
}

fn hashes_of(units: &[Unit]) -> Vec<Digest> {
    let bodies: Vec<&[u8]> = units.iter().map(|unit| &unit.body[..]).collect();
    blake2_128_of_each(&bodies)
}

/// Where a unit stands in its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) offset: u64,
    pub(crate) stored: u32,
    pub(crate) raw: u32,
    hash: [u8; CHECKSUM],
}

/// A chunk's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkIndex {
    pub(crate) name: ChunkName,
    pub(crate) units: Vec<Entry>,
}

/// What is wrong with a chunk.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkError {
    /// More of the object is needed to read its index.
    #[error("its index is cut off, {0} bytes are needed")]
    Short(usize),
    #[error("it is no chunk")]
    Magic,
    #[error("it has format version {0}, this version knows {VERSION}")]
    Version(u16),
    #[error("its index does not match its checksum")]
    Index,
    #[error("it holds {0}")]
    Name(String),
    #[error("blocks {0} to {1} do not match their checksum")]
    Unit(u32, u32),
    #[error("it cannot be compressed: {0}")]
    Compress(String),
}

/// The object that holds `units`, compressed with zstd's `level`, and their digest.
pub(crate) fn encode(
    name: ChunkName,
    units: &[Unit],
    level: i32,
) -> Result<(Vec<u8>, Digest), ChunkError> {
    let too_large = |_| ChunkError::Compress("larger than 4 GiB".to_owned());
    let mut index = Vec::with_capacity(HEADER + units.len() * ENTRY + CHECKSUM);
    index.extend_from_slice(MAGIC);
    index.extend_from_slice(&VERSION.to_le_bytes());
    index.extend_from_slice(&[name.kind.code(), 0]);
    index.extend_from_slice(&name.from.to_le_bytes());
    index.extend_from_slice(&name.to.to_le_bytes());
    index.extend_from_slice(&u32::try_from(units.len()).map_err(too_large)?.to_le_bytes());
    let hashes = hashes_of(units);
    let mut frames = Vec::new();
    let failed = |error: std::io::Error| ChunkError::Compress(error.to_string());
    let mut compressor = zstd::bulk::Compressor::new(level).map_err(failed)?;
    compressor.include_checksum(true).map_err(failed)?;
    for (unit, hash) in units.iter().zip(&hashes) {
        let frame = compressor.compress(&unit.body).map_err(failed)?;
        let offset = HEADER + units.len() * ENTRY + CHECKSUM + frames.len();
        index.extend_from_slice(&unit.first.to_le_bytes());
        index.extend_from_slice(&unit.last.to_le_bytes());
        index.extend_from_slice(&(offset as u64).to_le_bytes());
        index.extend_from_slice(&u32::try_from(frame.len()).map_err(too_large)?.to_le_bytes());
        index.extend_from_slice(&u32::try_from(unit.body.len()).map_err(too_large)?.to_le_bytes());
        index.extend_from_slice(hash);
        frames.extend_from_slice(&frame);
    }
    index.extend_from_slice(&blake2_128(&index));
    index.extend_from_slice(&frames);
    Ok((index, blake2_128(hashes.as_flattened())))
}

impl ChunkIndex {
    /// Reads the index at the beginning of an object.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ChunkError> {
        let header = bytes.get(..HEADER).ok_or(ChunkError::Short(INDEX_GUESS))?;
        if &header[..8] != MAGIC {
            return Err(ChunkError::Magic);
        }
        let version = u16::from_le_bytes([header[8], header[9]]);
        if version != VERSION {
            return Err(ChunkError::Version(version));
        }
        let kind = ChunkKind::from_code(header[10]).ok_or(ChunkError::Magic)?;
        let count = u32_at(header, 20) as usize;
        if count > MAX_UNITS {
            return Err(ChunkError::Index);
        }
        let end = HEADER + count * ENTRY;
        let checksum = bytes.get(end..end + CHECKSUM).ok_or(ChunkError::Short(end + CHECKSUM))?;
        if blake2_128(&bytes[..end]) != *checksum {
            return Err(ChunkError::Index);
        }
        let name = ChunkName { kind, from: u32_at(header, 12), to: u32_at(header, 16) };
        let units = bytes[HEADER..end].chunks_exact(ENTRY).map(Entry::decode).collect();
        Ok(Self { name, units })
    }

    /// The unit that holds a block.
    pub(crate) fn unit(&self, block: u32) -> Option<&Entry> {
        self.units.iter().find(|unit| (unit.first..=unit.last).contains(&block))
    }
}

/// The units of a whole object, each checked.
pub(crate) fn decode(name: ChunkName, object: &[u8]) -> Result<Vec<Unit>, ChunkError> {
    let index = ChunkIndex::decode(object)?;
    if index.name != name {
        return Err(ChunkError::Name(index.name.to_string()));
    }
    let open = |entry: &Entry| {
        let frame = object.get(entry.offset as usize..).unwrap_or_default();
        let frame = frame.get(..entry.stored as usize).unwrap_or_default();
        let body = entry.decompress(frame)?;
        if blake2_128(&body) != entry.hash {
            return Err(entry.damaged());
        }
        Ok(Unit { first: entry.first, last: entry.last, body })
    };
    index.units.iter().map(open).collect()
}

impl Entry {
    /// Where its frame stands in the object.
    pub(crate) fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset + u64::from(self.stored)
    }

    fn decode(bytes: &[u8]) -> Self {
        let mut hash = [0; CHECKSUM];
        hash.copy_from_slice(&bytes[24..ENTRY]);
        Self {
            first: u32_at(bytes, 0),
            last: u32_at(bytes, 4),
            offset: u64::from(u32_at(bytes, 8)) | u64::from(u32_at(bytes, 12)) << 32,
            stored: u32_at(bytes, 16),
            raw: u32_at(bytes, 20),
            hash,
        }
    }

    /// The unit's bytes, from its frame in the object.
    pub(crate) fn open(&self, frame: &[u8]) -> Result<Bytes, ChunkError> {
        let body = self.decompress(frame)?;
        if has_checksum(frame) || blake2_128(&body) == self.hash {
            Ok(body)
        } else {
            Err(self.damaged())
        }
    }

    fn decompress(&self, frame: &[u8]) -> Result<Bytes, ChunkError> {
        match zstd::bulk::decompress(frame, self.raw as usize) {
            Ok(raw) if raw.len() == self.raw as usize => Ok(raw.into()),
            _ => Err(self.damaged()),
        }
    }

    fn damaged(&self) -> ChunkError {
        ChunkError::Unit(self.first, self.last)
    }
}

/// Whether zstd has checked what it decompressed. Frames of earlier versions have no checksum.
fn has_checksum(frame: &[u8]) -> bool {
    const DESCRIPTOR: usize = 4;
    const CHECKSUM_FLAG: u8 = 1 << 2;
    frame.get(DESCRIPTOR).is_some_and(|descriptor| descriptor & CHECKSUM_FLAG != 0)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
