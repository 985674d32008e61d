//! The relay chain's and the parachain's runtimes of the embedded network, compiled natively.
//!
//! Two real FRAME runtimes without wasm: [`relay`] stands for Kusama, [`para`] for Khala. They
//! mirror, by name, index and SCALE layout, the pallets, storage items, calls, events and errors
//! that a bridge meets on the live networks. [`types`] holds what also crosses to a pRuntime, and
//! [`attestation`] a development stand-in for Intel's attestation.
//!
//! Neither makes blocks: an engine calls a [`NativeRuntime`] with externalities in place, through
//! the same SCALE interface that a wasm runtime has.

pub mod attestation;
pub mod chain;
mod native;
pub mod para;
pub mod relay;
#[cfg(test)]
mod test_chain;
pub mod types;

pub use native::NativeRuntime;
