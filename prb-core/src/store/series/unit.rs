//! Units as they are served.

use bytes::Bytes;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders};
use prost::Message;

use super::super::Heights;
use super::super::names::ChunkKind;

/// A unit as it is served: items from `first`, aligned to the unit's size.
pub(crate) trait UnitMessage: Message + Default {
    const KIND: ChunkKind;
    /// Number of the first item in a store that begins with block 0: that block's changes are
    /// the genesis state.
    const FIRST: u32;
    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self;
    fn into_items(self) -> (u32, Vec<Bytes>);
    fn height(heights: &mut Heights) -> &mut Option<u32>;
}

impl UnitMessage for ParaHeaders {
    const KIND: ChunkKind = ChunkKind::Headers;
    const FIRST: u32 = 0;

    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self {
        Self { first, items, complete }
    }

    fn into_items(self) -> (u32, Vec<Bytes>) {
        (self.first, self.items)
    }

    fn height(heights: &mut Heights) -> &mut Option<u32> {
        &mut heights.headers
    }
}

impl UnitMessage for ParaBlocks {
    const KIND: ChunkKind = ChunkKind::Blocks;
    const FIRST: u32 = 1;

    fn new(first: u32, items: Vec<Bytes>, complete: bool) -> Self {
        Self { first, items, complete }
    }

    fn into_items(self) -> (u32, Vec<Bytes>) {
        (self.first, self.items)
    }

    fn height(heights: &mut Heights) -> &mut Option<u32> {
        &mut heights.blocks
    }
}
