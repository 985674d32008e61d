//! The parachain's first state.

use sp_core::{H256, storage::Storage};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::BuildStorage as _;
use sp_state_machine::BasicExternalities;

use super::{
    ProxyType,
    dev_gatekeeper::{self, Admin, HeartbeatInterval},
    parachain_info::ParachainId,
    phala_computation::{
        CoolDownPeriod, HeartbeatPaused, TokenomicParameters as Parameters,
        tokenomic::development_parameters,
    },
    phala_registry::{
        BenchmarkDuration, GatekeeperMasterPubkey, NoneAttestationEnabled, PRuntimeAddedAt,
        PRuntimeAllowList, RelaychainGenesisBlockHashAllowList,
    },
    phala_stake_pool,
    runtime::{Runtime, RuntimeGenesisConfig},
};
use crate::{
    attestation::Enclave,
    chain::{AccountId, Balance, TOKEN},
    types::{Measurement, TokenomicParameters, WorkerPublicKey},
};

/// The parachain id Khala has.
pub const KHALA_PARA_ID: u32 = 2004;

/// What a parachain starts from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GenesisConfig {
    /// The parachain's id on its relay chain.
    pub para_id: u32,
    /// Accounts with a balance in planck.
    pub balances: Vec<(AccountId, Balance)>,
    /// Stake pools.
    pub pools: Vec<PoolConfig>,
    /// Accounts that may act for others.
    pub proxies: Vec<ProxyConfig>,
    /// The account that may arrange the chain by the calls of `DevGatekeeper`.
    pub admin: AccountId,
    /// Blocks a benchmark lasts.
    pub benchmark_duration: u32,
    /// Seconds from a stop until the stake can be reclaimed.
    pub cool_down_period: u64,
    /// Blocks between two heartbeat challenges of a worker, on average; 0 for none.
    pub heartbeat_interval: u32,
    /// Whether workers may register without attestation.
    pub none_attestation: bool,
    /// The key that the gatekeepers share; without it the chain takes no message of theirs.
    pub gatekeeper_master_key: Option<WorkerPublicKey>,
    /// The enclaves that may register.
    pub pruntime_allow_list: Vec<Measurement>,
    /// The relay blocks a pRuntime may have started from; without the list, any.
    ///
    /// A relay chain whose genesis holds the parachain's head cannot be listed in that parachain's
    /// genesis. Where the list is wanted, the relay chain must take the head in a later block.
    pub relay_genesis_hashes: Option<Vec<H256>>,
    /// The numbers of the economic model.
    pub tokenomic_parameters: TokenomicParameters,
}

/// A stake pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolConfig {
    /// Its number.
    pub pid: u64,
    /// Its owner.
    pub owner: AccountId,
    /// Its free stake, in planck.
    pub free_stake: Balance,
}

/// An account that may act for another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProxyConfig {
    /// The account acted for.
    pub real: AccountId,
    /// The account that acts.
    pub delegate: AccountId,
    /// What it may do.
    pub proxy_type: ProxyType,
}

impl Default for GenesisConfig {
    /// Khala's id; the well-known accounts with a million PHA each; five pools.
    ///
    /// | pool | owner | free stake | proxy |
    /// |---|---|---|---|
    /// | 1 | Alice | 1,000,000 PHA | |
    /// | 2 | Charlie | 1,000,000 PHA | Dave, `StakePoolManager` |
    /// | 3 | Eve | 1,000,000 PHA | Ferdie, `NonTransfer` |
    /// | 4 | Bob | 1 PHA | |
    /// | 5 | Alice | 1,000,000 PHA | |
    fn default() -> Self {
        let million = 1_000_000 * TOKEN;
        let pool = |pid, owner: Sr25519Keyring, free_stake| PoolConfig {
            pid,
            owner: owner.to_account_id(),
            free_stake,
        };
        let proxy = |real: Sr25519Keyring, delegate: Sr25519Keyring, proxy_type| ProxyConfig {
            real: real.to_account_id(),
            delegate: delegate.to_account_id(),
            proxy_type,
        };
        Self {
            para_id: KHALA_PARA_ID,
            balances: Sr25519Keyring::well_known()
                .map(|account| (account.to_account_id(), million))
                .collect(),
            pools: vec![
                pool(1, Alice, million),
                pool(2, Charlie, million),
                pool(3, Eve, million),
                pool(4, Bob, TOKEN),
                pool(5, Alice, million),
            ],
            proxies: vec![
                proxy(Charlie, Dave, ProxyType::StakePoolManager),
                proxy(Eve, Ferdie, ProxyType::NonTransfer),
            ],
            admin: Alice.to_account_id(),
            benchmark_duration: 4,
            cool_down_period: 10,
            heartbeat_interval: 20,
            none_attestation: true,
            gatekeeper_master_key: None,
            pruntime_allow_list: vec![Enclave::DEVELOPMENT.measurement()],
            relay_genesis_hashes: None,
            tokenomic_parameters: development_parameters(),
        }
    }
}

/// The state of block 0.
///
/// # Panics
///
/// If an account is endowed twice or with less than the existential deposit, or if an account with
/// a proxy has no balance for the deposit.
#[expect(clippy::expect_used, reason = "the messages say why they hold")]
pub fn genesis(config: &GenesisConfig) -> Storage {
    let mut storage = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: config.balances.clone(),
            dev_accounts: None,
        },
        ..Default::default()
    }
    .build_storage()
    .expect("no pallet of the runtime returns an error from its genesis part");
    BasicExternalities::execute_with_storage(&mut storage, || {
        ParachainId::<Runtime>::put(config.para_id);
        store_registry(config);
        store_computation(config);
        store_pools(config);
        Admin::<Runtime>::put(&config.admin);
        HeartbeatInterval::<Runtime>::put(config.heartbeat_interval);
    });
    storage
}

fn store_registry(config: &GenesisConfig) {
    BenchmarkDuration::<Runtime>::put(config.benchmark_duration);
    NoneAttestationEnabled::<Runtime>::put(config.none_attestation);
    PRuntimeAllowList::<Runtime>::put(&config.pruntime_allow_list);
    for measurement in &config.pruntime_allow_list {
        PRuntimeAddedAt::<Runtime>::insert(measurement, 0);
    }
    if let Some(key) = config.gatekeeper_master_key {
        GatekeeperMasterPubkey::<Runtime>::put(key);
    }
    if let Some(hashes) = &config.relay_genesis_hashes {
        RelaychainGenesisBlockHashAllowList::<Runtime>::put(hashes);
    }
}

fn store_computation(config: &GenesisConfig) {
    CoolDownPeriod::<Runtime>::put(config.cool_down_period);
    HeartbeatPaused::<Runtime>::put(false);
    Parameters::<Runtime>::put(&config.tokenomic_parameters);
}

#[expect(clippy::expect_used, reason = "the messages say why they hold")]
fn store_pools(config: &GenesisConfig) {
    for PoolConfig { pid, owner, free_stake } in &config.pools {
        phala_stake_pool::Pallet::<Runtime>::create_pool_with_id(*pid, owner.clone());
        dev_gatekeeper::Pallet::<Runtime>::add_stake(*pid, *free_stake)
            .expect("the pool was just created");
    }
    for ProxyConfig { real, delegate, proxy_type } in &config.proxies {
        pallet_proxy::Pallet::<Runtime>::add_proxy_delegate(real, delegate.clone(), *proxy_type, 0)
            .expect("an account with a proxy has a balance for the deposit");
    }
}
