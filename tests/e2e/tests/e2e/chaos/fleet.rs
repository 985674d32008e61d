//! The accounts and workers, the same in every process that is told how many.

use std::time::Duration;

use prb_core::trader::Operator;
use prb_devnet::network::NetworkConfig;
use prb_devnet_runtime::chain::TOKEN;
use prb_devnet_runtime::para::PoolConfig;
use sp_core::crypto::AccountId32;
use sp_core::{Pair, sr25519};

use crate::trader::world::{RELAY_GENESIS, Worker};

/// How much there is to do: a worker's registration, score, assignment, start, and messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fleet {
    pub(super) accounts: u8,
    pub(super) workers_each: u8,
    /// Of each worker, the report of its score among them.
    pub(super) messages: u64,
    /// Blocks for which the trader's signatures hold.
    pub(super) era: u32,
}

/// Stands in variables of the processes.
pub(super) const FLEET: &str = "PRB_TEST_CHAOS_FLEET";

impl Fleet {
    pub(super) fn to_text(self) -> String {
        format!("{} {} {} {}", self.accounts, self.workers_each, self.messages, self.era)
    }

    pub(super) fn from_env() -> Option<Self> {
        let text = std::env::var(FLEET).ok()?;
        let numbers: Vec<u64> = text.split(' ').map(|number| number.parse().unwrap()).collect();
        let [accounts, workers_each, messages, era] = numbers[..] else { return None };
        let (accounts, workers_each) = (accounts as u8, workers_each as u8);
        Some(Self { accounts, workers_each, messages, era: era as u32 })
    }

    pub(super) fn jobs(self) -> u64 {
        u64::from(self.accounts) * u64::from(self.workers_each) * (self.messages + 3)
    }

    pub(super) fn accounts(self) -> impl Iterator<Item = Account> {
        (0..self.accounts).map(Account)
    }

    /// Each worker with its account.
    pub(super) fn workers(self) -> impl Iterator<Item = (Account, Worker)> {
        self.accounts().flat_map(move |account| {
            (0..self.workers_each).map(move |n| {
                let mut seed = [7; 32];
                (seed[0], seed[1]) = (account.0, n);
                (account, Worker::of(seed, account.address()))
            })
        })
    }

    /// A chain with a rich pool for each account, and blocks every 200 ms.
    pub(super) fn network(self) -> NetworkConfig {
        let mut config = NetworkConfig {
            relay_block_time: Duration::from_millis(100),
            para_listen: ([127, 0, 0, 1], 0).into(),
            relay_listen: ([127, 0, 0, 1], 0).into(),
            ..NetworkConfig::default()
        };
        config.genesis.relay_genesis_hashes = Some(vec![RELAY_GENESIS]);
        let million = 1_000_000 * TOKEN;
        for account in self.accounts() {
            config.genesis.balances.push((account.address(), million));
            let pool =
                PoolConfig { pid: account.pid(), owner: account.address(), free_stake: million };
            config.genesis.pools.push(pool);
        }
        config
    }
}

/// A signing account with a pool of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account(u8);

impl Account {
    fn seed(self) -> [u8; 32] {
        [100 + self.0; 32]
    }

    pub(super) fn pid(self) -> u64 {
        100 + u64::from(self.0)
    }

    pub(super) fn address(self) -> AccountId32 {
        sr25519::Pair::from_seed(&self.seed()).public().into()
    }

    pub(super) fn operator(self) -> Operator {
        Operator::new(self.pid(), &self.seed(), None).unwrap()
    }
}

impl Account {
    pub(super) fn address_text(self) -> String {
        subxt::utils::AccountId32(self.address().into()).to_string()
    }

    /// Where the chain keeps its nonce.
    pub(super) fn storage_key(self) -> Vec<u8> {
        let account: [u8; 32] = self.address().into();
        prb_core::chain::keys::blake2_128_entry("System", "Account", &account)
    }
}
