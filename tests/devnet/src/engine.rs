//! One chain without its network: archive state, blocks, a transaction pool, block building.
//!
//! The same engine drives the relay chain and the parachain. It knows no pallet: a runtime is a
//! [`NativeRuntime`], called by runtime API name with SCALE arguments, exactly as a node calls a
//! wasm runtime.

pub mod archive;
pub mod authoring;
pub mod builder;
pub mod chain;
pub mod changes;
pub mod execution;
pub mod node;
pub mod pool;
pub mod watch;

pub use prb_devnet_runtime::NativeRuntime;
use sp_runtime::{OpaqueExtrinsic, generic, traits::BlakeTwo256};

/// Hash of a block, an extrinsic or a trie node: blake2-256.
pub type Hash = sp_core::H256;
/// Height of a block; genesis is 0.
pub type BlockNumber = u32;
/// Header of either chain.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block of either chain, its extrinsics undecoded.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;
/// A SCALE-encoded extrinsic whose inside only the runtime reads.
pub type Extrinsic = OpaqueExtrinsic;
