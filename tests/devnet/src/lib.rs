//! The embedded network: a relay chain and a parachain with real proofs, finality and RPC, and a
//! verifying pRuntime double to feed with them.
//!
//! [`network::Network`] runs both chains; [`pruntime`] is the worker. Neither shares an encoder
//! or a verifier with the bridge.

#![forbid(unsafe_code)]

pub mod engine;
pub mod grandpa;
pub mod network;
pub mod pruntime;
pub mod rpc;
