//! Settings of a store.

use super::bucket::Bucket;

/// How a store is laid out and how much memory it may use.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Where sealed chunks lie; without it in the folder `chunks` beside the records.
    pub bucket: Option<Bucket>,
    /// Only what another provider puts into the bucket is read, and nothing is written there.
    pub read_only: bool,
    /// Parachain headers in one served unit. A store keeps the sizes it was made with.
    pub headers_per_unit: u32,
    /// Parachain blocks in one served unit.
    pub blocks_per_unit: u32,
    /// Units in one chunk,
    pub units_per_chunk: u32,
    /// unless they reach this many bytes first.
    pub chunk_bytes: usize,
    /// zstd's level, 1 to 22.
    pub compression_level: i32,
    /// Decoded units kept for further readers, in bytes.
    pub cache_bytes: usize,
    /// Nothing is written that would leave less room on the disk, in bytes.
    pub min_free_bytes: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            bucket: None,
            read_only: false,
            headers_per_unit: 1024,
            blocks_per_unit: 16,
            units_per_chunk: 64,
            chunk_bytes: 8 * 1024 * 1024,
            compression_level: 3,
            cache_bytes: 48 * 1024 * 1024,
            min_free_bytes: 64 * 1024 * 1024,
        }
    }
}
