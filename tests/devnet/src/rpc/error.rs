//! Errors with the codes and texts of a real node.

use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::types::error::METHOD_NOT_FOUND_CODE;
use sp_runtime::transaction_validity::InvalidTransaction;

use crate::engine::chain::ChainError;
use crate::engine::node::SubmitError;
use crate::engine::pool::PoolError;
use crate::grandpa::FinalityProofError;

/// Why a method failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The parameters do not have the method's shape.
    #[error("{}", .0.message())]
    Parameters(ErrorObjectOwned),
    /// A block or state cannot be read, or the runtime failed.
    #[error("Client error: {0}")]
    State(#[from] ChainError),
    /// The page asked for is too large.
    #[error("count exceeds maximum value. value: {value}, max: {max}")]
    Count {
        /// What was asked for.
        value: u32,
        /// What a node gives.
        max: u32,
    },
    /// The blocks given do not make a range.
    #[error("Cannot resolve a block range ['{from}' ... '{to}]. {details}")]
    BlockRange {
        /// First block.
        from: String,
        /// Last block.
        to: String,
        /// What is wrong.
        details: String,
    },
    /// The extrinsic does not decode.
    #[error("Extrinsic has invalid format: {0}")]
    ExtrinsicFormat(parity_scale_codec::Error),
    /// The pool did not take the transaction.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Finality cannot be proved.
    #[error("GRANDPA prove finality rpc failed: {0}")]
    ProveFinality(#[from] FinalityProofError),
    /// Phala's own methods have one code for everything.
    #[error("{0}")]
    Phala(String),
    /// A public node refuses the method.
    #[error("RPC call is unsafe to be called externally")]
    Unsafe,
}

impl From<ErrorObjectOwned> for RpcError {
    fn from(error: ErrorObjectOwned) -> Self {
        Self::Parameters(error)
    }
}

const AUTHOR: i32 = 1000;
const STATE: i32 = 4000;
const POOL: i32 = AUTHOR + 10;
const PROVE_FINALITY: i32 = 4;
const PHALA: i32 = 10_000;

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let plain = |code: i32| ErrorObjectOwned::owned(code, error.to_string(), None::<()>);
        match &error {
            RpcError::Parameters(object) => object.clone(),
            RpcError::BlockRange { .. } => plain(STATE + 1),
            RpcError::Count { .. } => plain(STATE + 2),
            RpcError::State(_) => plain(STATE + 3),
            RpcError::ExtrinsicFormat(_) => plain(AUTHOR + 1),
            RpcError::Submit(submit) => submission(submit),
            RpcError::ProveFinality(_) => plain(PROVE_FINALITY),
            RpcError::Phala(_) => plain(PHALA),
            RpcError::Unsafe => plain(METHOD_NOT_FOUND_CODE),
        }
    }
}

fn submission(error: &SubmitError) -> ErrorObjectOwned {
    let object = |code: i32, message: &str, data: Option<String>| {
        ErrorObjectOwned::owned(code, message, data)
    };
    match error {
        SubmitError::Verification(cause) => {
            object(AUTHOR + 2, &error.to_string(), Some(format!("{cause:?}")))
        }
        SubmitError::Invalid(InvalidTransaction::Custom(code)) => {
            object(POOL, "Invalid Transaction", Some(format!("Custom error: {code}")))
        }
        SubmitError::Invalid(reason) => {
            let text: &'static str = (*reason).into();
            object(POOL, "Invalid Transaction", Some(text.to_owned()))
        }
        SubmitError::Unknown(reason) => {
            object(POOL + 1, "Unknown Transaction Validity", Some(format!("{reason:?}")))
        }
        SubmitError::NoTags => object(
            POOL + 9,
            "No tags provided",
            Some("Transaction does not provide any tags, so the pool can't identify it".into()),
        ),
        SubmitError::Pool(PoolError::Banned) => object(POOL + 2, &error.to_string(), None),
        SubmitError::Pool(PoolError::AlreadyImported(hash)) => {
            object(POOL + 3, &error.to_string(), Some(format!("{hash:?}")))
        }
        SubmitError::Pool(PoolError::TooLowPriority { .. }) => object(
            POOL + 4,
            &error.to_string(),
            Some(
                "The transaction has too low priority to replace another transaction already in \
                 the pool."
                    .into(),
            ),
        ),
        SubmitError::Pool(PoolError::Cycle) => object(POOL + 5, &error.to_string(), None),
        SubmitError::Pool(PoolError::ImmediatelyDropped) => object(
            POOL + 6,
            &error.to_string(),
            Some("The transaction couldn't enter the pool because of the limit".into()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(error: impl Into<RpcError>) -> (i32, String, Option<String>) {
        let object = ErrorObjectOwned::from(error.into());
        let data = object.data().map(|data| data.get().to_owned());
        (object.code(), object.message().to_owned(), data)
    }

    #[test]
    fn submissions_fail_with_the_pools_codes() {
        assert_eq!(
            object(SubmitError::Invalid(InvalidTransaction::Stale)),
            (1010, "Invalid Transaction".into(), Some("\"Transaction is outdated\"".into()))
        );
        assert_eq!(object(SubmitError::Pool(PoolError::Banned)).0, 1012);
        assert_eq!(
            object(SubmitError::Pool(PoolError::TooLowPriority { old: 3, new: 2 })).1,
            "Priority is too low: (3 vs 2)"
        );
        let hash = crate::engine::Hash::repeat_byte(1);
        let (code, message, data) = object(SubmitError::Pool(PoolError::AlreadyImported(hash)));
        assert_eq!((code, message.as_str()), (1013, "Transaction Already Imported"));
        assert_eq!(data, Some(format!("\"{hash:?}\"")));
    }

    #[test]
    fn a_discarded_state_says_so() {
        let hash = crate::engine::Hash::repeat_byte(1);
        let (code, message, _) = object(ChainError::StateDiscarded(hash));
        assert_eq!(code, 4003);
        assert_eq!(
            message,
            format!("Client error: UnknownBlock: State already discarded for {hash:?}")
        );
    }
}
