//! What an error means for a worker's life.

use crate::blob::BlobError;
use crate::lifecycle::blobs::BodyError;
use crate::lifecycle::chain_view::ViewError;
use crate::lifecycle::collateral::CollateralError;
use crate::lifecycle::machine::Cause;
use crate::lifecycle::shared::StartError;
use crate::pruntime::PruntimeError;
use crate::queue::QueueError;

/// Why a call for a worker failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    pub(super) text: String,
}

pub(super) fn fail<T>(cause: Cause, text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { cause, text: text.into() })
}

impl From<PruntimeError> for Failure {
    fn from(error: PruntimeError) -> Self {
        let cause = match &error {
            PruntimeError::Unreachable { .. } => Cause::Unreachable,
            PruntimeError::Deadline { .. } => Cause::Deadline,
            PruntimeError::Busy { .. } => Cause::Busy,
            error if error.is_rcu_refusal() => Cause::Busy,
            error if error.is_block_number_mismatch() || error.is_not_initialized() => {
                Cause::CountersMoved
            }
            error if error.state_root_mismatch().is_some() => Cause::BadBlock,
            error if error.is_other_chain() => Cause::WrongChain,
            error if error.is_too_large() => Cause::Stuck,
            _ => Cause::Refused,
        };
        Self { cause, text: error.to_string() }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        Self { cause: Cause::NoData, text: error.to_string() }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        Self { cause: Cause::NoData, text: error.to_string() }
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Self {
        Self { cause: Cause::ChainView, text: error.to_string() }
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        Self { cause: Cause::Queue, text: error.to_string() }
    }
}

impl From<CollateralError> for Failure {
    fn from(error: CollateralError) -> Self {
        let cause = match &error {
            CollateralError::Report => Cause::Refused,
            CollateralError::Service(_) => Cause::NoReport,
            CollateralError::Quote(_) | CollateralError::NoService => Cause::NoAttestation,
        };
        Self { cause, text: error.to_string() }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let cause = match &error {
            StartError::Genesis(_) => Cause::BadGenesis,
            StartError::Chain(_) => Cause::ChainView,
            StartError::Blob(_) | StartError::Missing => Cause::NoData,
        };
        Self { cause, text: error.to_string() }
    }
}
