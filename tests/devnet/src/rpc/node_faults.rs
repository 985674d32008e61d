//! A node that lacks something or gets it wrong, as some of the field's nodes do.

use std::sync::Arc;

use parity_scale_codec::Encode;

use super::{Context, RpcError};
use crate::engine::chain::{ChainError, StoredBlock};
use crate::engine::changes::StorageChanges;
use crate::engine::{BlockNumber, Hash, Header};
use crate::grandpa::{FinalityProof, FinalityProofError};

/// What one node lacks and gets wrong; by default nothing. Other nodes of the same chain are well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFaults {
    /// It knows no block above this height: it lags, or has stopped following the chain.
    pub stuck_at: Option<BlockNumber>,
    /// It has discarded the states of blocks below this height.
    pub pruned_below: Option<BlockNumber>,
    /// It was warp-synced: it knows no authority set of blocks up to this height.
    pub warp_synced_at: Option<BlockNumber>,
    /// What is wrong with its finality proofs.
    pub proofs: ProofFault,
    /// Its justifications carry a bad signature.
    pub bad_justifications: bool,
    /// Its headers from this height on are of a fork nobody else has seen.
    pub forked_from: Option<BlockNumber>,
    /// Its storage changes of this block hold one key more than the block wrote.
    pub wrong_changes_at: Option<BlockNumber>,
}

/// What is wrong with finality proofs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofFault {
    /// Nothing.
    #[default]
    None,
    /// There are none.
    Null,
    /// They are of an older block than the one asked about.
    Older,
}

impl NodeFaults {
    /// Whether the node has heard of a block.
    pub(super) fn knows(&self, number: BlockNumber) -> bool {
        self.stuck_at.is_none_or(|last| number <= last)
    }

    /// The header as this node has it.
    pub(super) fn header(&self, header: &Header) -> Header {
        let mut header = header.clone();
        if self.is_forked(header.number) {
            header.extrinsics_root = Hash::repeat_byte(0xf0);
        }
        header
    }

    fn is_forked(&self, number: BlockNumber) -> bool {
        self.forked_from.is_some_and(|first| number >= first)
    }

    /// A SCALE justification as this node gives it.
    pub(super) fn justification(&self, mut justification: Vec<u8>) -> Vec<u8> {
        // In the middle of the first vote's signature.
        const IN_SIGNATURE: usize = 8 + 36 + 1 + 36 + 32;
        if self.bad_justifications
            && let Some(byte) = justification.get_mut(IN_SIGNATURE)
        {
            *byte ^= 1;
        }
        justification
    }

    /// What `grandpa_proveFinality` answers where the truth is `proof`.
    pub(super) fn proof(
        &self,
        context: &Context,
        number: BlockNumber,
        proof: Result<Option<FinalityProof>, FinalityProofError>,
    ) -> Result<Option<FinalityProof>, RpcError> {
        if !self.knows(number) {
            return Err(FinalityProofError::BlockNotYetFinalized.into());
        }
        if self.warp_synced_at.is_some_and(|last| number <= last) {
            return Err(FinalityProofError::BlockNotInAuthoritySetChanges.into());
        }
        let Some(mut proof) = proof? else { return Ok(None) };
        let target = number + proof.unknown_headers.len() as BlockNumber;
        match self.proofs {
            ProofFault::Null => return Ok(None),
            ProofFault::None if !self.knows(target) => return Ok(None),
            ProofFault::None => {}
            ProofFault::Older => return Ok(older(context, number)),
        }
        proof.justification = self.justification(proof.justification);
        proof.unknown_headers = proof.unknown_headers.iter().map(|h| self.header(h)).collect();
        Ok(Some(proof))
    }

    /// The SCALE storage changes of a block as this node gives them.
    pub(super) fn changes(&self, block: &StoredBlock) -> Vec<u8> {
        if self.wrong_changes_at != Some(block.number()) {
            return block.changes.bytes().to_vec();
        }
        let mut changes: StorageChanges = block.changes.decode();
        changes.main_storage_changes.push((b"nobody wrote this".to_vec(), Some(Vec::new())));
        changes.encode()
    }
}

/// The justification of some block before `number`.
fn older(context: &Context, number: BlockNumber) -> Option<FinalityProof> {
    let finality = context.finality.as_ref()?.finality.read();
    let (target, justification) =
        (1..number).rev().find_map(|n| Some((n, finality.justification(n)?.to_vec())))?;
    let block = context.node.chain().block_at(target)?.hash;
    Some(FinalityProof { block, justification, unknown_headers: Vec::new() })
}

impl Context {
    /// The best block the node knows.
    pub(super) fn best(&self) -> Arc<StoredBlock> {
        self.up_to_date(self.node.chain().best())
    }

    /// The newest final block the node knows.
    pub(super) fn finalized(&self) -> Arc<StoredBlock> {
        self.up_to_date(self.node.chain().finalized())
    }

    fn up_to_date(&self, block: Arc<StoredBlock>) -> Arc<StoredBlock> {
        let stuck = self.faults.of_node().stuck_at.filter(|last| *last < block.number());
        stuck.and_then(|last| self.node.chain().block_at(last)).unwrap_or(block)
    }

    /// The canonical block at this height, if the node knows it.
    pub(super) fn block_at(&self, number: BlockNumber) -> Option<Arc<StoredBlock>> {
        if self.faults.of_node().knows(number) { self.node.chain().block_at(number) } else { None }
    }

    /// The node's hash of the block at this height.
    pub(super) fn hash_at(&self, number: BlockNumber) -> Option<Hash> {
        let faults = self.faults.of_node();
        let block = self.block_at(number)?;
        Some(if faults.is_forked(number) {
            faults.header(&block.header).hash()
        } else {
            block.hash
        })
    }

    /// The header with this hash, if the node knows it.
    pub(super) fn header(&self, hash: Hash) -> Option<Header> {
        if let Ok(block) = self.block(hash) {
            return Some(block.header.clone());
        }
        let faults = self.faults.of_node();
        let blocks = (faults.forked_from?..).map_while(|number| self.block_at(number));
        blocks.map(|block| faults.header(&block.header)).find(|header| header.hash() == hash)
    }

    /// The block with this hash, if the node knows it.
    pub(super) fn block(&self, hash: Hash) -> Result<Arc<StoredBlock>, ChainError> {
        let block = self.node.chain().block(hash)?;
        if self.faults.of_node().knows(block.number()) {
            Ok(block)
        } else {
            Err(ChainError::UnknownBlock(hash))
        }
    }

    /// The block with this hash, if the node still has its state.
    pub(super) fn block_with_state(&self, hash: Hash) -> Result<Arc<StoredBlock>, ChainError> {
        let block = self.block(hash)?;
        let pruned = self.faults.of_node().pruned_below;
        if pruned.is_some_and(|first| block.number() < first) {
            return Err(ChainError::StateDiscarded(hash));
        }
        Ok(block)
    }
}
