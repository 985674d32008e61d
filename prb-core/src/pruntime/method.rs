//! The calls of pRuntime's API that a bridge makes.

use std::fmt;

/// A call of pRuntime's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// What the worker is and how far it has come.
    GetInfo,
    /// Starts a worker that has no state.
    InitRuntime,
    /// What the worker registers with.
    GetRuntimeInfo,
    /// Relay chain headers.
    SyncHeader,
    /// Parachain headers.
    SyncParaHeader,
    /// Both in one call, not atomic.
    SyncCombinedHeaders,
    /// Storage changes of parachain blocks.
    DispatchBlocks,
    /// The parachain's full state after a block, for a fresh worker to begin with.
    LoadChainState,
    /// Messages for the chain.
    GetEgressMessages,
    /// Saves the state for the next start; workers of 0.2.x have no such call.
    TakeCheckpoint,
    /// Signs where others reach the worker; workers of 0.2.x have no such call.
    SignEndpointInfo,
}

impl Method {
    /// Whether the worker computes for as long as the data given takes.
    pub fn is_heavy(self) -> bool {
        match self {
            Self::GetInfo | Self::GetEgressMessages | Self::SignEndpointInfo => false,
            Self::InitRuntime
            | Self::GetRuntimeInfo
            | Self::SyncHeader
            | Self::SyncParaHeader
            | Self::SyncCombinedHeaders
            | Self::DispatchBlocks
            | Self::LoadChainState
            | Self::TakeCheckpoint => true,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
