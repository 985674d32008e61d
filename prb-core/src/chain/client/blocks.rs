//! Blocks and headers.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subxt::utils::H256;

use super::json::{HexHash, JsonHeader, JsonSignedBlock};
use super::nodes::Node;
use super::{ChainClient, Subscription};
use crate::chain::ChainError;
use crate::chain::health::Need;
use crate::scale::header::{EncodedHeader, EngineId, GRANDPA};

/// Headers asked for in one message, and such messages in flight.
const TOGETHER: usize = 32;
const GROUPS_IN_FLIGHT: usize = 8;

/// A block as its node keeps it.
#[derive(Clone, Debug)]
pub struct Block {
    /// Header, whose hash is the one asked for.
    pub header: EncodedHeader,
    /// SCALE extrinsics, each with its length prefix, in order.
    pub extrinsics: Vec<Bytes>,
    /// Stored justifications by engine.
    pub justifications: Vec<(EngineId, Bytes)>,
}

impl Block {
    /// The stored GRANDPA justification.
    pub fn grandpa_justification(&self) -> Option<&Bytes> {
        self.justifications.iter().find(|(engine, _)| *engine == GRANDPA).map(|(_, bytes)| bytes)
    }
}

impl ChainClient {
    /// Hash of block 0; known without a request once a node was reached.
    pub async fn genesis_hash(&self) -> Result<H256, ChainError> {
        if let Some(genesis) = self.inner.genesis.get() {
            return Ok(*genesis);
        }
        let (node, hash) = self.ask::<Option<HexHash>>("chain_getBlockHash", json!([0])).await?;
        hash.map(|hash| hash.0).ok_or_else(|| Self::unknown_block(node, 0))
    }

    /// Hash of the best chain's block at a height, `None` where the node has none.
    pub async fn block_hash(&self, number: u32) -> Result<Option<H256>, ChainError> {
        let hash: Option<HexHash> = self.request("chain_getBlockHash", json!([number])).await?;
        Ok(hash.map(|hash| hash.0))
    }

    /// Hashes of the best chain's blocks at these heights, in their order, in one request.
    pub async fn block_hashes(&self, numbers: &[u32]) -> Result<Vec<Option<H256>>, ChainError> {
        const METHOD: &str = "chain_getBlockHash";
        let (node, hashes) = self.ask::<Vec<Option<HexHash>>>(METHOD, json!([numbers])).await?;
        if hashes.len() == numbers.len() {
            return Ok(hashes.into_iter().map(|hash| hash.map(|hash| hash.0)).collect());
        }
        let reason = format!("{} hashes for {} heights", hashes.len(), numbers.len());
        Err(Self::malformed(node, METHOD, reason))
    }

    /// Header of a block, checked to have that hash.
    pub async fn header(&self, hash: H256) -> Result<EncodedHeader, ChainError> {
        const METHOD: &str = "chain_getHeader";
        let (node, header) = self.ask::<Option<JsonHeader>>(METHOD, json!([hash])).await?;
        let header = header.ok_or_else(|| Self::unknown_block(node, hash))?;
        Self::check(node, METHOD, header, hash)
    }

    /// Headers of blocks, in their order, each checked to have its hash; in few messages where the
    /// node takes several requests in one.
    pub async fn headers(&self, hashes: &[H256]) -> Result<Vec<EncodedHeader>, ChainError> {
        let groups: Vec<Vec<H256>> = hashes.chunks(TOGETHER).map(<[H256]>::to_vec).collect();
        let groups = futures::stream::iter(groups).map(|group| self.headers_together(group));
        groups.buffered(GROUPS_IN_FLIGHT).try_concat().await
    }

    async fn headers_together(&self, hashes: Vec<H256>) -> Result<Vec<EncodedHeader>, ChainError> {
        const METHOD: &str = "chain_getHeader";
        let deadline = self.inner.request_timeout;
        let answers = self.put_together(Need::Anything, METHOD, &hashes, deadline).await?;
        let Some((node, answers)) = answers else {
            let one_by_one = futures::stream::iter(hashes).map(|hash| self.header(hash));
            return one_by_one.buffered(TOGETHER).try_collect().await;
        };
        let checked =
            answers.into_iter().zip(hashes).map(|(header, hash): (Option<JsonHeader>, _)| {
                let header = header.ok_or_else(|| Self::unknown_block(node, hash))?;
                Self::check(node, METHOD, header, hash)
            });
        checked.collect()
    }

    /// A block, its header checked to have that hash.
    pub async fn block(&self, hash: H256) -> Result<Block, ChainError> {
        const METHOD: &str = "chain_getBlock";
        let (node, block) = self.ask::<Option<JsonSignedBlock>>(METHOD, json!([hash])).await?;
        let signed = block.ok_or_else(|| Self::unknown_block(node, hash))?;
        let justifications = signed.justifications.unwrap_or_default();
        Ok(Block {
            header: Self::check(node, METHOD, signed.block.header, hash)?,
            extrinsics: signed.block.extrinsics.into_iter().map(Bytes::from).collect(),
            justifications: justifications
                .into_iter()
                .map(|(engine, bytes)| (engine, bytes.into()))
                .collect(),
        })
    }

    /// Hash of the newest finalized block.
    pub async fn finalized_head(&self) -> Result<H256, ChainError> {
        self.request("chain_getFinalizedHead", json!([])).await.map(|hash: HexHash| hash.0)
    }

    /// Header of the newest block, which may still be reverted.
    pub async fn best_head(&self) -> Result<EncodedHeader, ChainError> {
        const METHOD: &str = "chain_getHeader";
        let (node, header) = self.ask::<Option<JsonHeader>>(METHOD, json!([])).await?;
        let header = header.ok_or_else(|| Self::unknown_block(node, "best"))?;
        header.encode().map_err(|error| Self::malformed(node, METHOD, error))
    }

    /// Finalized headers, the current one first; a node may leave some out.
    pub async fn subscribe_finalized_heads(
        &self,
    ) -> Result<Subscription<EncodedHeader>, ChainError> {
        const METHOD: &str = "chain_subscribeFinalizedHeads";
        let heads = self
            .subscribe::<JsonHeader>(METHOD, json!([]), "chain_unsubscribeFinalizedHeads")
            .await?;
        let endpoint = self.endpoint()?.clone();
        let heads = heads.map(move |head| {
            head?.encode().map_err(|error| ChainError::Malformed {
                endpoint: endpoint.clone(),
                method: METHOD.to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(heads.boxed())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<(&Node, T), ChainError> {
        self.put(Need::Anything, method, &params, self.inner.request_timeout).await
    }

    fn check(
        node: &Node,
        method: &str,
        header: JsonHeader,
        hash: H256,
    ) -> Result<EncodedHeader, ChainError> {
        let header = header.encode().map_err(|error| Self::malformed(node, method, error))?;
        if header.hash() == hash {
            Ok(header)
        } else {
            let found = header.hash();
            let reason = format!("the header hashes to {found:?}, asked for {hash:?}");
            Err(Self::malformed(node, method, reason))
        }
    }
}
