//! The relay chain's first state.

use sp_consensus_grandpa::AuthorityList;
use sp_core::storage::Storage;
use sp_keyring::Sr25519Keyring;
use sp_runtime::BuildStorage as _;
use sp_state_machine::BasicExternalities;

use super::{
    grandpa::{CurrentSetId, Pallet as Grandpa},
    paras::{Heads, ParaHeads},
    runtime::{Runtime, RuntimeGenesisConfig},
};
use crate::chain::{AccountId, Balance, TOKEN};

/// Under which keys the relay chain keeps its authority list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AuthorityKeys {
    /// Under both, as a runtime in between does.
    #[default]
    Both,
    /// Under `:grandpa_authorities` alone, as runtimes before the end of 2023 do.
    WellKnownOnly,
    /// Under `Grandpa.Authorities` alone, as today's runtimes do.
    PalletOnly,
}

/// What a relay chain starts from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GenesisConfig {
    /// The first authority set.
    pub authorities: AuthorityList,
    /// Its number.
    pub set_id: u64,
    /// Where the authority list is kept, now and after each change.
    pub authority_keys: AuthorityKeys,
    /// Heads known from the start, usually the parachain's genesis header.
    pub heads: ParaHeads,
    /// Accounts with a balance in planck.
    pub balances: Vec<(AccountId, Balance)>,
}

impl GenesisConfig {
    /// A chain of these authorities as set 0, with the well-known accounts endowed and no head.
    pub fn new(authorities: AuthorityList) -> Self {
        let balances = Sr25519Keyring::well_known()
            .map(|account| (account.to_account_id(), 1_000_000 * TOKEN))
            .collect();
        Self {
            authorities,
            set_id: 0,
            authority_keys: AuthorityKeys::default(),
            heads: Vec::new(),
            balances,
        }
    }
}

/// The state of block 0.
///
/// # Panics
///
/// If an account is endowed twice, or with less than the existential deposit.
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
        CurrentSetId::<Runtime>::put(config.set_id);
        Grandpa::<Runtime>::store_authorities(
            &config.authorities,
            config.authority_keys != AuthorityKeys::WellKnownOnly,
            config.authority_keys != AuthorityKeys::PalletOnly,
        );
        for (para_id, head) in &config.heads {
            Heads::<Runtime>::insert(para_id, head);
        }
    });
    storage
}
