//! The relay chain's runtime, standing for Kusama.
//!
//! Besides accounts and transactions it has what a parachain bridge reads of a relay chain:
//! `Paras.Heads` ([`paras`]) and GRANDPA's authority set ([`grandpa`]). Both are driven by the
//! engine through inherents. State version 1.

mod genesis;
pub mod grandpa;
mod inherents;
pub mod paras;
mod runtime;

pub use genesis::{AuthorityKeys, GenesisConfig, genesis};
pub use inherents::Inherents;
pub use runtime::{
    Block, Executive, Runtime, RuntimeCall, RuntimeEvent, TransactionExtensions,
    UncheckedExtrinsic, VERSION, dispatch,
};

use crate::NativeRuntime;

/// The relay chain's runtime as a value.
pub fn native() -> NativeRuntime {
    NativeRuntime { version: VERSION, dispatch }
}

#[cfg(test)]
mod tests;
