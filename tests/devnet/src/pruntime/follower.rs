//! One interface over following the chains with and without verification.

mod light;

use parity_scale_codec::{Decode, Encode};
use sp_core::H256;

use super::chain::{Chain, Counters, SyncError};
use super::chain_state::ChainState;
use super::scale::{BlockHeaderWithChanges, Header, HeaderToSync, StorageProof};
use super::worker::{BlockView, WorkerKeys};
pub(crate) use light::LightChain;

/// The chains as a worker follows them.
#[derive(Clone, Encode, Decode)]
pub(crate) enum Follower {
    /// Verifies all it is given and holds the whole para state.
    Verifying(Box<Chain>),
    /// Believes all it is given and keeps next to nothing.
    Light(LightChain),
}

impl Follower {
    /// What is wanted next.
    pub(crate) fn counters(&self) -> Counters {
        match self {
            Self::Verifying(chain) => chain.counters(),
            Self::Light(chain) => chain.counters(),
        }
    }

    /// Root of the para state; zero if there is none.
    pub(crate) fn state_root(&self) -> H256 {
        match self {
            Self::Verifying(chain) => chain.state().root(),
            Self::Light(_) => H256::zero(),
        }
    }

    /// Whether the first dispatch has proven the loaded state.
    pub(crate) fn state_validated(&self) -> bool {
        match self {
            Self::Verifying(chain) => chain.state_validated(),
            Self::Light(chain) => chain.counters().blocknum > 1,
        }
    }

    /// Accepts relay headers; the last accepted number.
    pub(crate) fn sync_relay_headers(
        &mut self,
        headers: Vec<HeaderToSync>,
    ) -> Result<u32, SyncError> {
        match self {
            Self::Verifying(chain) => chain.sync_relay_headers(headers),
            Self::Light(chain) => chain.sync_relay_headers(&headers),
        }
    }

    /// Accepts para headers; the last accepted number.
    pub(crate) fn sync_para_headers(
        &mut self,
        headers: Vec<Header>,
        proof: StorageProof,
    ) -> Result<u32, SyncError> {
        match self {
            Self::Verifying(chain) => chain.sync_para_headers(headers, proof),
            Self::Light(chain) => chain.sync_para_headers(&headers),
        }
    }

    /// Takes the state of another block than the genesis.
    pub(crate) fn load_state(&mut self, number: u32, state: ChainState) -> Result<(), SyncError> {
        match self {
            Self::Verifying(chain) => chain.load_state(number, state),
            Self::Light(chain) => chain.load_state(number),
        }
    }

    /// Applies one block and shows what the worker with these keys reads in the state after it.
    pub(crate) fn feed_block(
        &mut self,
        block: &BlockHeaderWithChanges,
        keys: &WorkerKeys,
    ) -> Result<BlockView, SyncError> {
        match self {
            Self::Verifying(chain) => {
                chain.feed_block(block)?;
                Ok(BlockView::of_state(block.block_header.number, chain.state(), keys))
            }
            Self::Light(chain) => chain.feed_block(block, keys),
        }
    }
}
