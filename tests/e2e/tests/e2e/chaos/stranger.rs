//! Somebody else who signs with the same accounts and tells nobody.

use prb_core::chain::ChainClient;
use prb_devnet_runtime::chain::TOKEN;

use super::fleet::{Account, Fleet};
use crate::trader::remark::remark;

pub(super) struct Stranger {
    accounts: Vec<Account>,
    chain: ChainClient,
}

impl Stranger {
    pub(super) fn new(fleet: Fleet, chain: ChainClient) -> Self {
        Self { accounts: fleet.accounts().take(2).collect(), chain }
    }

    /// Signs with the next nonce of an account.
    pub(super) async fn sign(&self, account: usize) {
        let account = self.accounts[account];
        let next = self.chain.account_next_indices(&account.address_text()).await.unwrap();
        self.submit(account, u32::try_from(next[0]).unwrap(), 0).await;
    }

    /// Signs with the nonce of an account that the next block takes, and pays more than whoever
    /// has it in the pool.
    pub(super) async fn outbid(&self, account: usize) {
        let account = self.accounts[account];
        let best = self.chain.best_head().await.unwrap().hash();
        let stored = self.chain.storage(&account.storage_key(), best).await.unwrap();
        let stored = stored.unwrap_or_default();
        let nonce = stored.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.submit(account, nonce, TOKEN).await;
    }

    /// Whether the node takes it is left to chance.
    async fn submit(&self, account: Account, nonce: u32, tip: u128) {
        let _ = remark(&self.chain, &account.operator(), nonce, tip).await;
    }
}
