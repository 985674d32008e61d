//! The parachain's runtime, standing for Khala.
//!
//! It mirrors what a bridge meets there: the message queue ([`phala_mq`]), the registry
//! ([`phala_registry`]), sessions ([`phala_computation`]), pools ([`phala_stake_pool`],
//! [`phala_base_pool`], [`assets`]), and what a block is built upon ([`parachain_system`]). What
//! only the embedded network has is in [`dev_gatekeeper`]. State version 0.

pub mod assets;
pub mod dev_gatekeeper;
mod genesis;
mod inherents;
pub mod parachain_info;
pub mod parachain_system;
pub mod phala_base_pool;
pub mod phala_computation;
pub mod phala_mq;
pub mod phala_registry;
pub mod phala_stake_pool;
mod proxy_type;
mod runtime;

pub use genesis::{GenesisConfig, KHALA_PARA_ID, PoolConfig, ProxyConfig, genesis};
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
