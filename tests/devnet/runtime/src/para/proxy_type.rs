//! What a proxy account may do for the account it stands for.

use frame_support::traits::InstanceFilter;
use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use super::{
    Runtime, RuntimeCall, phala_mq::Call as MqCall, phala_registry::Call as RegistryCall,
    phala_stake_pool,
};

type PoolCall = phala_stake_pool::Call<Runtime>;

/// The kinds of proxy, with Khala's indices.
#[derive(
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Default,
)]
pub enum ProxyType {
    /// Any call.
    #[default]
    #[codec(index = 0)]
    Any,
    /// Calls that move no balance, as a fixed list of pallets. Khala's has none of Phala's.
    #[codec(index = 1)]
    NonTransfer,
    /// Announced proxy calls may be rejected.
    #[codec(index = 2)]
    CancelProxy,
    /// Governance.
    #[codec(index = 3)]
    Governance,
    /// Collation.
    #[codec(index = 4)]
    Collator,
    /// What runs a stake pool's workers.
    #[codec(index = 5)]
    StakePoolManager,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            Self::Any => true,
            Self::NonTransfer => {
                matches!(
                    call,
                    RuntimeCall::System(_) | RuntimeCall::Utility(_) | RuntimeCall::Proxy(_)
                )
            }
            Self::CancelProxy => {
                matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. }))
            }
            Self::Governance | Self::Collator => false,
            Self::StakePoolManager => {
                matches!(
                    call,
                    RuntimeCall::Utility(_)
                        | RuntimeCall::PhalaStakePoolv2(
                            PoolCall::create { .. }
                                | PoolCall::add_worker { .. }
                                | PoolCall::remove_worker { .. }
                                | PoolCall::start_computing { .. }
                                | PoolCall::stop_computing { .. }
                                | PoolCall::reclaim_pool_worker { .. }
                                | PoolCall::restart_computing { .. }
                        )
                        | RuntimeCall::PhalaMq(MqCall::sync_offchain_message { .. })
                        | RuntimeCall::PhalaRegistry(
                            RegistryCall::register_worker { .. }
                                | RegistryCall::register_worker_v2 { .. }
                        )
                )
            }
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        self == other || *self == Self::Any
    }
}
