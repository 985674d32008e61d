//! The parachain's first state.

use sp_core::storage::Storage;
use sp_keyring::Sr25519Keyring;
use sp_runtime::BuildStorage as _;
use sp_state_machine::BasicExternalities;

use super::{
    parachain_info::ParachainId,
    runtime::{Runtime, RuntimeGenesisConfig},
};
use crate::chain::{AccountId, Balance, TOKEN};

/// The parachain id Khala has.
pub const KHALA_PARA_ID: u32 = 2004;

/// What a parachain starts from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GenesisConfig {
    /// The parachain's id on its relay chain.
    pub para_id: u32,
    /// Accounts with a balance in planck.
    pub balances: Vec<(AccountId, Balance)>,
}

impl Default for GenesisConfig {
    /// Khala's id, and the well-known accounts with a million PHA each.
    fn default() -> Self {
        let balances = Sr25519Keyring::well_known()
            .map(|account| (account.to_account_id(), 1_000_000 * TOKEN))
            .collect();
        Self { para_id: KHALA_PARA_ID, balances }
    }
}

/// The state of block 0.
///
/// # Panics
///
/// If an account is endowed twice, or with less than the existential deposit.
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
    });
    storage
}
