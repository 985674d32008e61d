//! What pRuntime knows of the two chains: the counters, the light client, the queue of para state
//! roots and the para state itself.

mod dispatch;
mod para_headers;
mod relay_headers;

use std::collections::VecDeque;

use parity_scale_codec::{Decode, Encode};
use sp_core::H256;

use super::chain_state::ChainState;
use super::config::Mode;
use super::light_client::{FinalityError, GenesisError, LightClient, ProofError};
use super::scale::{GenesisBlockInfo, Header};

/// The next wanted numbers, as GetInfo shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Of the relay header.
    pub(crate) headernum: u32,
    /// Of the para header; 0 on a chain of its own.
    pub(crate) para_headernum: u32,
    /// Of the para block whose changes are wanted.
    pub(crate) blocknum: u32,
    /// Whether a relay state root waits for the para headers it commits to.
    pub(crate) waiting_for_paraheaders: bool,
}

/// Why a run of headers or a block is refused. The texts are pRuntime's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error("MissingJustification")]
    MissingJustification,
    #[error("HeaderValidateFailed({0})")]
    HeaderValidateFailed(#[from] FinalityError),
    #[error("StorageProofFailed({0})")]
    StorageProofFailed(String),
    #[error("RelaychainHeaderNotSynced")]
    RelaychainHeaderNotSynced,
    #[error("HeaderHashMismatch")]
    HeaderHashMismatch,
    #[error("BlockNumberMismatch")]
    BlockNumberMismatch,
    #[error("NoStateRoot")]
    NoStateRoot,
    #[error("StateRootMismatch block={block} expected={expected:?} actual={actual:?}")]
    StateRootMismatch { block: u32, expected: H256, actual: H256 },
    #[error("ChainModeMismatch")]
    ChainModeMismatch,
    #[error("CannotLoadStateAfterSyncing")]
    CannotLoadStateAfterSyncing,
}

impl From<ProofError> for SyncError {
    fn from(error: ProofError) -> Self {
        Self::StorageProofFailed(error.to_string())
    }
}

/// How para state roots become known.
#[derive(Clone, Debug, Encode, Decode)]
enum Link {
    /// A chain with its own GRANDPA: its headers hold the roots.
    Solo,
    /// A parachain: its headers are proven against the state of the relay chain.
    Para {
        para_id: u32,
        /// The next wanted para header.
        next_header: u32,
        /// State root of the last accepted relay header, until para headers use it up.
        waiting_root: Option<H256>,
    },
}

/// Both chains as far as they are verified.
#[derive(Clone, Encode, Decode)]
pub(crate) struct Chain {
    light_client: LightClient,
    link: Link,
    /// The next wanted relay header (of a solo chain: header).
    next_header: u32,
    /// The next wanted block.
    next_block: u32,
    /// Roots of the accepted para headers that are not dispatched yet.
    state_roots: VecDeque<H256>,
    /// Whether the state was seen to be that of the block before `next_block`.
    state_validated: bool,
    state: ChainState,
}

impl Chain {
    /// Starts from a proven authority set and a state that is proven later.
    pub(crate) fn new(
        genesis: GenesisBlockInfo,
        state: ChainState,
        is_parachain: bool,
        mode: Mode,
    ) -> Result<Self, GenesisError> {
        let relay_genesis = genesis.block_header.number;
        let light_client = LightClient::new(genesis)?;
        // Version 0.2.x begins after the genesis block and never proves the genesis state.
        let first = match mode {
            Mode::V2 => 0,
            Mode::V0_2 => 1,
        };
        let (link, next_header) = if is_parachain {
            let para_id = state.para_id();
            let link = Link::Para { para_id, next_header: first, waiting_root: None };
            (link, relay_genesis.wrapping_add(1))
        } else {
            (Link::Solo, first)
        };
        Ok(Self {
            light_client,
            link,
            next_header,
            next_block: 1,
            state_roots: VecDeque::new(),
            state_validated: mode == Mode::V0_2,
            state,
        })
    }

    /// What is wanted next.
    pub(crate) fn counters(&self) -> Counters {
        let (para_headernum, waiting) = match &self.link {
            Link::Solo => (0, false),
            Link::Para { next_header, waiting_root, .. } => (*next_header, waiting_root.is_some()),
        };
        Counters {
            headernum: self.next_header,
            para_headernum,
            blocknum: self.next_block,
            waiting_for_paraheaders: waiting,
        }
    }

    /// Whether the first dispatch has proven the loaded state.
    pub(crate) fn state_validated(&self) -> bool {
        self.state_validated
    }

    /// The state after the last dispatched block.
    pub(crate) fn state(&self) -> &ChainState {
        &self.state
    }

    /// Takes the state of block `number` instead of the genesis state. The relay chain still has
    /// to be followed from its start.
    pub(crate) fn load_state(&mut self, number: u32, state: ChainState) -> Result<(), SyncError> {
        let next_header = match &mut self.link {
            Link::Solo => &mut self.next_header,
            Link::Para { next_header, .. } => next_header,
        };
        if self.next_block > 1 || *next_header > 1 {
            return Err(SyncError::CannotLoadStateAfterSyncing);
        }
        if let Link::Para { next_header, .. } = &mut self.link {
            *next_header = number;
        }
        self.next_block = number.wrapping_add(1);
        self.state_validated = false;
        self.state = state;
        Ok(())
    }
}

/// Whether each header of a run names the one before it as its parent.
fn linked<'a>(mut run: impl Iterator<Item = &'a Header>) -> bool {
    let Some(mut parent) = run.next() else { return true };
    run.all(|header| {
        let linked = header.parent_hash == parent.hash();
        parent = header;
        linked
    })
}
