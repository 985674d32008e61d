//! Blobs of three sizes.

use anyhow::{Context as _, Result};
use prb_core::blob::BlobKey;

/// Blobs of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The folder of its chunks.
    pub(super) folder: &'static str,
    /// Its parachain blocks.
    pub(super) first: u32,
    pub(super) last: u32,
    /// How many of them make up what is hot: together less than the provider's cache.
    pub(super) hot: u32,
    /// Hot gets in a round.
    pub(super) gets: u32,
}

/// Parachain blocks in the stock.
pub(super) const BLOCKS: u32 = LARGE.last + MEDIUM_BLOCKS;
const MEDIUM_BLOCKS: u32 = 2048;

/// About 200 B: the headers of all blocks.
const SMALL: Kind =
    Kind { name: "small", folder: "headers", first: 1, last: 2048, hot: 2048, gets: 400_000 };
const LARGE: Kind =
    Kind { name: "large", folder: "blocks", first: 1, last: 128, hot: 16, gets: 1_000 };
const MEDIUM: Kind = Kind {
    name: "medium",
    folder: "blocks",
    first: LARGE.last + 1,
    last: BLOCKS,
    hot: 320,
    gets: 16_000,
};

pub(super) const KINDS: [Kind; 3] = [SMALL, MEDIUM, LARGE];

/// Bytes of changes in a block.
pub(super) fn changes(number: u32) -> usize {
    if number <= LARGE.last { 2 << 20 } else { 100 << 10 }
}

impl Kind {
    pub(super) fn named(name: &str) -> Result<Self> {
        KINDS.into_iter().find(|kind| kind.name == name).context("no such kind")
    }

    pub(super) fn count(self) -> usize {
        (self.last - self.first + 1) as usize
    }

    /// Every chunk that is served holds one item.
    pub(super) fn key(self, number: u32) -> BlobKey {
        if self.folder == "headers" { BlobKey::Headers(number) } else { BlobKey::Blocks(number) }
    }

    /// The block of a get, counted from 0.
    pub(super) fn block(self, get: u32, hot: bool) -> u32 {
        self.first + if hot { get % self.hot } else { get }
    }

    pub(super) fn gets(self, hot: bool) -> u32 {
        if hot { self.gets } else { self.count() as u32 }
    }
}
