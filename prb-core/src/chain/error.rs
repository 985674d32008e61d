//! What can go wrong between a bridge and a chain's node.

use std::time::Duration;

use subxt::utils::H256;

use super::Endpoint;
use crate::error::{Classify, ErrorClass};

/// Why a request to a node did not give an answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No connection could be made.
    #[error("cannot connect to {endpoint}: {reason}")]
    Unreachable {
        /// Which node.
        endpoint: Endpoint,
        /// What the last attempt said.
        reason: String,
    },
    /// The connection broke before the answer came.
    #[error("{endpoint} closed the connection during {method}: {reason}")]
    Disconnected {
        /// Which node.
        endpoint: Endpoint,
        /// The request.
        method: String,
        /// What the transport said.
        reason: String,
    },
    /// No answer in time.
    #[error("{endpoint} did not answer {method} within {after:?}")]
    Deadline {
        /// Which node.
        endpoint: Endpoint,
        /// The request.
        method: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The node serves another chain than before, or than configured.
    #[error(
        "{endpoint} serves another chain: its genesis hash is {found:?}, expected {expected:?}"
    )]
    WrongChain {
        /// Which node.
        endpoint: Endpoint,
        /// Genesis hash of the chain asked for.
        expected: H256,
        /// Genesis hash of the node.
        found: H256,
    },
    /// The node answered with an error.
    #[error("{endpoint} refused {method}: {message} (code {code})")]
    Refused {
        /// Which node.
        endpoint: Endpoint,
        /// The request.
        method: String,
        /// JSON-RPC error code.
        code: i32,
        /// The node's words.
        message: String,
        /// What they mean.
        refusal: Refusal,
    },
    /// The node does not have the block (yet, or any more).
    #[error("{endpoint} does not know block {block}")]
    UnknownBlock {
        /// Which node.
        endpoint: Endpoint,
        /// Its number or hash.
        block: String,
    },
    /// The answer is not what the request asks for.
    #[error("{endpoint} gave a malformed answer to {method}: {reason}")]
    Malformed {
        /// Which node.
        endpoint: Endpoint,
        /// The request.
        method: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no endpoint to ask.
    #[error("no endpoint is configured")]
    NoEndpoint,
}

/// What a node's error answer means to a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The node has no such method, or not for us.
    Unsupported,
    /// The node no longer keeps the state at that block, or its body; an archive node would.
    StateUnavailable,
    /// The node does not know the block (yet, or any more).
    UnknownBlock,
    /// The node cannot prove finality of blocks it did not import one by one (warp sync).
    BlockNotInAuthoritySetChanges,
    /// The block is not final at this node yet.
    NotFinalizedYet,
    /// The answer is larger than the node may send.
    ResponseTooLarge,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Reads a node's error; nodes tell most kinds apart by words only.
    pub fn of(code: i32, message: &str, data: &str) -> Self {
        const METHOD_NOT_FOUND: i32 = -32601;
        const OVERSIZED_RESPONSE: i32 = -32702;
        const OVERSIZED_RESPONSE_SERVER: i32 = -32008;
        let says = |words: &str| message.contains(words) || data.contains(words);
        if code == METHOD_NOT_FOUND || says("unsafe to be called") {
            Self::Unsupported
        } else if says("BlockNotInAuthoritySetChanges")
            || says("not covered by authority set changes")
        {
            Self::BlockNotInAuthoritySetChanges
        } else if says("BlockNotYetFinalized") || says("not yet finalized") {
            Self::NotFinalizedYet
        } else if says("State already discarded") || says("block body not found") {
            Self::StateUnavailable
        } else if says("UnknownBlock") || says("Unknown block") || says("Header was not found") {
            Self::UnknownBlock
        } else if code == OVERSIZED_RESPONSE
            || code == OVERSIZED_RESPONSE_SERVER
            || says("Response is too big")
        {
            Self::ResponseTooLarge
        } else {
            Self::Other
        }
    }
}

impl ChainError {
    /// What the node's refusal means, if it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            _ => None,
        }
    }

    /// Whether another node may well answer the same request.
    pub(super) fn may_go_better_elsewhere(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => *refusal != Refusal::NotFinalizedYet,
            Self::NoEndpoint | Self::UnknownBlock { .. } => false,
            _ => true,
        }
    }
}

impl Classify for ChainError {
    fn class(&self) -> ErrorClass {
        match self {
            // The last one: the node's limit has to be raised, or another node added.
            Self::WrongChain { .. }
            | Self::NoEndpoint
            | Self::Refused { refusal: Refusal::ResponseTooLarge, .. } => ErrorClass::Operator,
            Self::Refused { refusal: Refusal::Unsupported, .. } => ErrorClass::Permanent,
            _ => ErrorClass::Transient,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_the_words_of_nodes() {
        for (code, message, data, refusal) in [
            (-32601, "Method not found", "", Refusal::Unsupported),
            (-32601, "RPC call is unsafe to be called externally", "", Refusal::Unsupported),
            (
                4,
                "GRANDPA prove finality rpc failed: Block not yet finalized",
                "",
                Refusal::NotFinalizedYet,
            ),
            (
                4,
                "GRANDPA prove finality rpc failed: Block not covered by authority set changes",
                "",
                Refusal::BlockNotInAuthoritySetChanges,
            ),
            (
                4003,
                "Client error: Api called for an unknown Block: State already discarded for 0x01",
                "",
                Refusal::StateUnavailable,
            ),
            (
                4003,
                "Client error: UnknownBlock: Expect block number from id: 0x01",
                "",
                Refusal::UnknownBlock,
            ),
            (
                -32008,
                "Response is too big",
                "Exceeded max limit of 15728640",
                Refusal::ResponseTooLarge,
            ),
            (1, "Unknown error occurred", "", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(code, message, data), refusal, "{message}");
        }
    }
}
