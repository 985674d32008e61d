//! The parachain runtime's pallets and their configuration. Indices are Khala's.

#![allow(missing_docs, reason = "FRAME's macro makes undocumented items")]

mod api;

use std::borrow::Cow;

use frame_metadata_hash_extension::CheckMetadataHash;
use frame_support::{
    construct_runtime, derive_impl,
    traits::{ConstU8, ConstU16, ConstU32, ConstU64, ConstU128, Get},
    weights::IdentityFee,
};
use frame_system::{
    CheckEra, CheckGenesis, CheckNonZeroSender, CheckNonce, CheckSpecVersion, CheckTxVersion,
    CheckWeight,
};
use pallet_transaction_payment::{ChargeTransactionPayment, FungibleAdapter};
use sp_runtime::{generic, traits::BlakeTwo256};
use sp_version::RuntimeVersion;

use self::api::RUNTIME_API_VERSIONS;
use super::{
    assets, dev_gatekeeper, parachain_info, parachain_system, phala_base_pool, phala_computation,
    phala_mq,
    phala_mq::{CheckMqSequence, MessageConsumer},
    phala_registry, phala_stake_pool,
    proxy_type::ProxyType,
};
use crate::chain::{
    Address, BLOCK_HASH_COUNT, Balance, Header, RuntimeBlockLength, RuntimeBlockWeights, Signature,
    TOKEN,
};
use crate::types::Message;

pub use api::dispatch;

/// The parachain runtime's version at genesis; upgrades raise `spec_version`. `system_version` 0
/// means state version 0.
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("prb-dev-para"),
    impl_name: Cow::Borrowed("prb-dev-para"),
    authoring_version: 1,
    spec_version: 1290,
    impl_version: 0,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 6,
    system_version: 0,
};

construct_runtime! {
    pub enum Runtime {
        System: frame_system = 0,
        Timestamp: pallet_timestamp = 1,
        Utility: pallet_utility = 3,
        Proxy: pallet_proxy = 5,
        ParachainInfo: parachain_info = 20,
        ParachainSystem: parachain_system = 21,
        Balances: pallet_balances = 40,
        TransactionPayment: pallet_transaction_payment = 41,
        Assets: assets = 45,
        PhalaMq: phala_mq = 85,
        PhalaRegistry: phala_registry = 86,
        PhalaComputation: phala_computation = 87,
        PhalaStakePoolv2: phala_stake_pool = 93,
        PhalaBasePool: phala_base_pool = 96,
        DevGatekeeper: dev_gatekeeper = 200,
    }
}

/// What a transaction states besides its call.
pub type TransactionExtensions = (
    CheckNonZeroSender<Runtime>,
    CheckSpecVersion<Runtime>,
    CheckTxVersion<Runtime>,
    CheckGenesis<Runtime>,
    CheckEra<Runtime>,
    CheckNonce<Runtime>,
    CheckWeight<Runtime>,
    CheckMqSequence<Runtime>,
    ChargeTransactionPayment<Runtime>,
    CheckMetadataHash<Runtime>,
);

/// An extrinsic.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TransactionExtensions>;

/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// Executes blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// The version of the runtime in force.
pub struct Version;

impl Get<RuntimeVersion> for Version {
    fn get() -> RuntimeVersion {
        let spec_version = VERSION.spec_version + ParachainSystem::upgrades_in_force();
        RuntimeVersion { spec_version, ..VERSION }
    }
}

#[derive_impl(frame_system::config_preludes::ParaChainDefaultConfig)]
impl frame_system::Config for Runtime {
    type AccountData = pallet_balances::AccountData<Balance>;
    type Block = Block;
    type BlockHashCount = ConstU32<BLOCK_HASH_COUNT>;
    type BlockLength = RuntimeBlockLength;
    type BlockWeights = RuntimeBlockWeights;
    type SS58Prefix = ConstU16<30>;
    type Version = Version;
}

impl pallet_timestamp::Config for Runtime {
    type MinimumPeriod = ConstU64<1>;
    type Moment = u64;
    type OnTimestampSet = ();
    type WeightInfo = ();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
    type AccountStore = System;
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<{ TOKEN / 100 }>;
}

impl pallet_utility::Config for Runtime {
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_proxy::Config for Runtime {
    type AnnouncementDepositBase = ConstU128<TOKEN>;
    type AnnouncementDepositFactor = ConstU128<TOKEN>;
    type BlockNumberProvider = System;
    type CallHasher = BlakeTwo256;
    type Currency = Balances;
    type MaxPending = ConstU32<32>;
    type MaxProxies = ConstU32<32>;
    type ProxyDepositBase = ConstU128<TOKEN>;
    type ProxyDepositFactor = ConstU128<TOKEN>;
    type ProxyType = ProxyType;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_transaction_payment::Config for Runtime {
    type FeeMultiplierUpdate = ();
    type LengthToFee = IdentityFee<Balance>;
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type WeightToFee = IdentityFee<Balance>;
}

impl parachain_info::Config for Runtime {}

impl parachain_system::Config for Runtime {}

impl assets::Config for Runtime {}

impl phala_mq::Config for Runtime {
    type Consumer = Consumers;
    type Verifier = PhalaRegistry;
}

/// The pallets that read messages.
pub struct Consumers;

impl MessageConsumer for Consumers {
    fn on_message(message: &Message) {
        PhalaRegistry::on_message(message);
        DevGatekeeper::on_message(message);
    }
}

impl phala_registry::Config for Runtime {}

impl phala_computation::Config for Runtime {
    type OnUnbound = PhalaStakePoolv2;
}

impl phala_base_pool::Config for Runtime {}

impl phala_stake_pool::Config for Runtime {}

impl dev_gatekeeper::Config for Runtime {
    type RuntimeCall = RuntimeCall;
}
