//! An embedded development network: a relay chain and a parachain with real proofs, real finality
//! and the JSON-RPC of Substrate nodes, and a pRuntime double that verifies what it is fed.
//!
//! - [`engine`] makes and keeps the blocks of one chain.
//! - [`grandpa`] makes the relay chain's blocks final.
//! - [`rpc`] serves a chain as a Substrate node does.
//! - [`network`] runs both chains together.
//! - [`ports`] are for what has to be told one before it listens.
//! - [`pruntime`] is the worker; it shares no encoder and no verifier with the bridge.

#![forbid(unsafe_code)]

pub mod engine;
pub mod grandpa;
pub mod network;
pub mod ports;
pub mod pruntime;
pub mod rpc;
