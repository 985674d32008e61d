//! Somebody else who signs with the same accounts and tells nobody.

use prb_core::chain::ChainClient;
use prb_core::trader::era::Era;
use prb_core::trader::extrinsic::{Terms, sign};
use prb_core::trader::runtime::Runtime;

use super::fleet::{Account, Fleet};

pub(super) struct Stranger {
    accounts: Vec<Account>,
    chain: ChainClient,
}

impl Stranger {
    pub(super) fn new(fleet: Fleet, chain: ChainClient) -> Self {
        Self { accounts: fleet.accounts().take(2).collect(), chain }
    }

    /// Signs a remark with the next nonce of an account, and submits it; whether the node takes it
    /// is left to chance.
    pub(super) async fn sign(&self, account: usize) {
        let (chain, account) = (&self.chain, self.accounts[account]);
        let version = chain.runtime_version(None).await.unwrap();
        let metadata = chain.metadata(None).await.unwrap();
        let genesis = chain.genesis_hash().await.unwrap();
        let (spec, transaction) = (version.spec_version, version.transaction_version);
        let runtime = Runtime::decode(&metadata, genesis, spec, transaction).unwrap();
        let head = chain.finalized_head().await.unwrap();
        let number = chain.header(head).await.unwrap().number();
        let next = chain.account_next_indices(&account.address_text()).await.unwrap();
        let nonce = u32::try_from(next[0]).unwrap();
        let terms = Terms { nonce, era: Era::new(number, head, 16), tip: 0 };
        let call = runtime.encode_call("System", "remark", &[4, 7]).unwrap();
        let signed = sign(&runtime, &call, &terms, &account.operator()).unwrap();
        let _ = chain.submit_and_watch(&signed.bytes).await;
    }
}
