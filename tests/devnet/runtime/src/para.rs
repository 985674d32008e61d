//! The parachain's runtime, standing for Khala.
//!
//! State version 0.

mod genesis;
mod inherents;
pub mod parachain_info;
pub mod parachain_system;
mod proxy_type;
mod runtime;

pub use genesis::{GenesisConfig, KHALA_PARA_ID, genesis};
pub use inherents::Inherents;
pub use proxy_type::ProxyType;
pub use runtime::{
    Block, Executive, Runtime, RuntimeCall, RuntimeEvent, TransactionExtensions,
    UncheckedExtrinsic, VERSION, dispatch,
};

use crate::NativeRuntime;

/// The parachain's runtime as a value.
pub fn native() -> NativeRuntime {
    NativeRuntime { version: VERSION, dispatch }
}

#[cfg(test)]
mod tests;
