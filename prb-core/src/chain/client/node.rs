//! The node itself, its runtime and its transaction pool.

use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;
use subxt::utils::H256;

pub use subxt_rpcs::methods::legacy::RuntimeVersion;

use super::connection::{Params, Turn};
use super::json::{HexBytes, hex};
use super::{ChainClient, Subscription};
use crate::chain::ChainError;
use crate::chain::health::Need;

/// What became of a submitted extrinsic.
pub type TransactionStatus = subxt_rpcs::methods::legacy::TransactionStatus<H256>;

/// What a node says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Connected peers.
    pub peers: u32,
    /// Whether it is still catching up with its peers.
    pub is_syncing: bool,
    /// Whether it should have peers at all; a development node need not.
    pub should_have_peers: bool,
}

impl ChainClient {
    /// Health as the node sees it.
    pub async fn health(&self) -> Result<Health, ChainError> {
        self.request("system_health", json!([])).await
    }

    /// The runtime's version at block `at`, at the best block without one.
    pub async fn runtime_version(&self, at: Option<H256>) -> Result<RuntimeVersion, ChainError> {
        self.request("state_getRuntimeVersion", json!([at])).await
    }

    /// SCALE RuntimeMetadataPrefixed at block `at`, at the best block without one.
    pub async fn metadata(&self, at: Option<H256>) -> Result<Vec<u8>, ChainError> {
        self.request("state_getMetadata", json!([at])).await.map(|bytes: HexBytes| bytes.0)
    }

    /// The next nonce of an account (SS58 address) by the pool of every node that answers, at
    /// least one: an extrinsic may be in the pool of a node that is not asked at the moment.
    pub async fn account_next_indices(&self, address: &str) -> Result<Vec<u64>, ChainError> {
        let inner = &self.inner;
        let asked = inner.nodes.iter().map(|node| {
            let params = Params::of(&json!([address]));
            let (method, need) = ("system_accountNextIndex", Need::Anything);
            let (deadline, genesis) = (inner.request_timeout, &inner.genesis);
            node.ask::<u64>(need, method, params, deadline, genesis, Turn::Queued)
        });
        let mut answers = Vec::new();
        let mut failure = ChainError::NoEndpoint;
        for answer in futures::future::join_all(asked).await {
            match answer {
                Ok(next) => answers.push(next),
                Err(error) => failure = error,
            }
        }
        if answers.is_empty() { Err(failure) } else { Ok(answers) }
    }

    /// The next message sequence of a sender (SCALE MessageOrigin): the best block's ingress plus
    /// what waits in this node's pool unbatched.
    pub async fn mq_next_sequence(&self, sender: &[u8]) -> Result<u64, ChainError> {
        self.request("pha_getMqNextSequence", json!([::hex::encode(sender)])).await
    }

    /// Submits a signed extrinsic and follows it; the last status is final for this node.
    pub async fn submit_and_watch(
        &self,
        extrinsic: &[u8],
    ) -> Result<Subscription<TransactionStatus>, ChainError> {
        let params = json!([hex(extrinsic)]);
        let (submit, unwatch) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
        let statuses = self.subscribe::<TransactionStatus>(submit, params, unwatch).await?;
        Ok(statuses.boxed())
    }
}
