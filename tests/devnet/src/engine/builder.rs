//! Building a block the way a collator does, and checking one the way everybody else does.

use parity_scale_codec::{Decode, Encode};
use sp_runtime::generic::Digest;
use sp_runtime::traits::{BlakeTwo256, Hash as _, Header as _};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionValidityError, UnknownTransaction,
};
use sp_runtime::{ApplyExtrinsicResult, DigestItem};

use super::archive::State;
use super::execution::{Execution, ExecutionError, Written};
use super::{Block, Extrinsic, Hash, Header, NativeRuntime};

/// After so many extrinsics that no longer fit, a block counts as full.
const MAX_SKIPPED: usize = 8;

/// What a new block is made of, besides the pool's transactions.
pub struct Proposal<'a> {
    /// Header the block is built on.
    pub parent: &'a Header,
    /// Items the author puts into the digest before execution.
    pub digest: Digest,
    /// SCALE inherent data, from which the runtime makes the inherent extrinsics.
    pub inherents: &'a [u8],
}

/// A block made and executed, not yet sealed nor imported.
pub struct Built {
    /// The header without a seal.
    pub header: Header,
    /// Inherents first, then the pool's transactions.
    pub extrinsics: Vec<Extrinsic>,
    /// The block's writes.
    pub written: Written,
    /// Candidates the runtime refused for good.
    pub refused: Vec<(Hash, TransactionValidityError)>,
}

/// Why a block could not be built or is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The runtime failed.
    #[error("block on top of #{parent}: {source}")]
    Execution {
        /// Height of the parent.
        parent: u32,
        /// The runtime's failure.
        source: ExecutionError,
    },
    /// The runtime refused its own inherent.
    #[error("block on top of #{parent}: inherent {index} was refused: {reason}")]
    Inherent {
        /// Height of the parent.
        parent: u32,
        /// Place of the inherent in the block.
        index: usize,
        /// Why.
        reason: String,
    },
    /// The runtime answered something undecodable.
    #[error("block on top of #{parent}: {method} answered bytes that do not decode: {source}")]
    Answer {
        /// Height of the parent.
        parent: u32,
        /// The runtime API method.
        method: &'static str,
        /// What is wrong with them.
        source: parity_scale_codec::Error,
    },
}

/// Builds a block on `state`, taking as many of `candidates` as fit, in their order.
pub fn build<'a>(
    runtime: &NativeRuntime,
    state: State,
    proposal: Proposal<'_>,
    candidates: impl IntoIterator<Item = (Hash, &'a Extrinsic)>,
) -> Result<Built, BuildError> {
    let parent = proposal.parent.number;
    let failed = |source| BuildError::Execution { parent, source };
    let mut execution = Execution::new(runtime, state);
    let header = Header::new(
        parent + 1,
        Hash::default(),
        Hash::default(),
        proposal.parent.hash(),
        proposal.digest,
    );
    execution.call("Core_initialize_block", &header.encode()).map_err(failed)?;

    let method = "BlockBuilder_inherent_extrinsics";
    let answer = execution.call(method, proposal.inherents).map_err(failed)?;
    let mut extrinsics = Vec::<Extrinsic>::decode(&mut &answer[..])
        .map_err(|source| BuildError::Answer { parent, method, source })?;
    for (index, inherent) in extrinsics.iter().enumerate() {
        let refused = |reason| BuildError::Inherent { parent, index, reason };
        match apply(&mut execution, inherent) {
            Applied::Included => {}
            Applied::Later => return Err(refused("the block is full".to_owned())),
            Applied::Refused(error) => return Err(refused(format!("{error:?}"))),
        }
    }

    let mut refused = Vec::new();
    let mut skipped = 0;
    for (hash, extrinsic) in candidates {
        match apply(&mut execution, extrinsic) {
            Applied::Included => extrinsics.push(extrinsic.clone()),
            Applied::Later => skipped += 1,
            Applied::Refused(error) => refused.push((hash, error)),
        }
        if skipped >= MAX_SKIPPED {
            break;
        }
    }

    let method = "BlockBuilder_finalize_block";
    let answer = execution.call(method, &[]).map_err(failed)?;
    let header = Header::decode(&mut &answer[..]).map_err(|source| BuildError::Answer {
        parent,
        method,
        source,
    })?;
    let written = execution.finish().map_err(failed)?;
    Ok(Built { header, extrinsics, written, refused })
}

/// Executes a block on its parent's state, as an importing node does.
///
/// The runtime panics, and so this fails, unless the header commits to exactly this execution. A
/// seal is taken off first: the runtime never sees it.
pub fn execute(
    runtime: &NativeRuntime,
    state: State,
    header: &Header,
    extrinsics: &[Extrinsic],
) -> Result<Written, BuildError> {
    let parent = header.number.saturating_sub(1);
    let failed = |source| BuildError::Execution { parent, source };
    let mut unsealed = header.clone();
    unsealed.digest.logs.retain(|item| !matches!(item, DigestItem::Seal(..)));
    let block = Block { header: unsealed, extrinsics: extrinsics.to_vec() };
    let mut execution = Execution::new(runtime, state);
    execution.call("Core_execute_block", &block.encode()).map_err(failed)?;
    execution.finish().map_err(failed)
}

/// Hash under which the pool and clients know an extrinsic.
pub fn extrinsic_hash(extrinsic: &Extrinsic) -> Hash {
    extrinsic.using_encoded(BlakeTwo256::hash)
}

enum Applied {
    Included,
    /// Not now: the nonce is ahead or the block is full.
    Later,
    Refused(TransactionValidityError),
}

fn apply(execution: &mut Execution<'_>, extrinsic: &Extrinsic) -> Applied {
    let call = |execution: &mut Execution<'_>| {
        let answer = execution
            .call("BlockBuilder_apply_extrinsic", &extrinsic.encode())
            .map_err(|_panicked| UnknownTransaction::CannotLookup)?;
        // A dispatch error is an included extrinsic that failed: it has paid its fee.
        ApplyExtrinsicResult::decode(&mut &answer[..])
            .map_err(|_undecodable| UnknownTransaction::CannotLookup)?
            .map(|_dispatched| ())
    };
    match execution.transactional(call, Result::is_ok) {
        Ok(()) => Applied::Included,
        Err(TransactionValidityError::Invalid(
            InvalidTransaction::Future | InvalidTransaction::ExhaustsResources,
        )) => Applied::Later,
        Err(error) => Applied::Refused(error),
    }
}
