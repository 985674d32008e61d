//! State at a block.

use std::collections::HashMap;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use subxt::utils::H256;

use super::ChainClient;
use super::json::{HexBytes, JsonChangeSet, JsonReadProof, hex};
use crate::chain::health::Need;
use crate::chain::{ChainError, Refusal};

/// A storage key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Most keys asked for in one request.
const PAGE: usize = 512;
/// Pages of values in flight.
const PAGES_IN_FLIGHT: usize = 8;

impl ChainClient {
    /// The value under `key` at block `at`.
    pub async fn storage(&self, key: &[u8], at: H256) -> Result<Option<Vec<u8>>, ChainError> {
        let value: Option<HexBytes> =
            self.request_state("state_getStorage", json!([hex(key), at])).await?;
        Ok(value.map(|value| value.0))
    }

    /// The values under `keys` at block `at`, in the order of the keys.
    ///
    /// An answer that is too large for the node is asked for in halves.
    pub async fn storage_many(
        &self,
        keys: &[Vec<u8>],
        at: H256,
    ) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        let mut values = Vec::with_capacity(keys.len());
        let mut runs: Vec<&[Vec<u8>]> = keys.chunks(PAGE).rev().collect();
        while let Some(run) = runs.pop() {
            match self.query_storage(run, at).await {
                Err(error)
                    if error.refusal() == Some(Refusal::ResponseTooLarge) && run.len() > 1 =>
                {
                    let (first, second) = run.split_at(run.len() / 2);
                    runs.extend([second, first]);
                }
                answer => values.extend(answer?),
            }
        }
        Ok(values)
    }

    async fn query_storage(
        &self,
        keys: &[Vec<u8>],
        at: H256,
    ) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        let wanted: Vec<String> = keys.iter().map(hex).collect();
        let sets: Vec<JsonChangeSet> =
            self.request_state("state_queryStorageAt", json!([wanted, at])).await?;
        let changes = sets.into_iter().flat_map(|set| set.changes);
        let mut found: HashMap<Vec<u8>, Option<Vec<u8>>> =
            changes.map(|(key, value)| (key.0, value.map(|value| value.0))).collect();
        Ok(keys.iter().map(|key| found.remove(key).flatten()).collect())
    }

    /// At most `count` keys that begin with `prefix` and come after `after`, in order.
    pub async fn keys_paged(
        &self,
        prefix: &[u8],
        count: u32,
        after: Option<&[u8]>,
        at: H256,
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let params = json!([hex(prefix), count, after.map(hex), at]);
        let keys: Vec<HexBytes> = self.request_state("state_getKeysPaged", params).await?;
        Ok(keys.into_iter().map(|key| key.0).collect())
    }

    /// Every pair whose key begins with `prefix`, in order of the keys: the keys are listed page by
    /// page, then several pages of values are in flight.
    pub async fn pairs(&self, prefix: &[u8], at: H256) -> Result<Vec<Pair>, ChainError> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        loop {
            let after = keys.last().map(Vec::as_slice);
            let page = self.keys_paged(prefix, PAGE as u32, after, at).await?;
            let last = page.len() < PAGE;
            keys.extend(page);
            if last {
                break;
            }
        }
        let pages: Vec<Vec<Vec<u8>>> = keys.chunks(PAGE).map(<[_]>::to_vec).collect();
        futures::stream::iter(pages)
            .map(|keys| self.page(keys, at))
            .buffered(PAGES_IN_FLIGHT)
            .try_concat()
            .await
    }

    async fn page(&self, keys: Vec<Vec<u8>>, at: H256) -> Result<Vec<Pair>, ChainError> {
        let values = self.storage_many(&keys, at).await?;
        let pair = |(key, value): (Vec<u8>, Option<Vec<u8>>)| {
            if let Some(value) = value {
                return Ok((key, value));
            }
            let reason = format!("no value for the listed key {}", hex(key));
            Err(ChainError::Malformed {
                endpoint: self.endpoint()?.clone(),
                method: "state_queryStorageAt".to_owned(),
                reason,
            })
        };
        keys.into_iter().zip(values).map(pair).collect()
    }

    /// Trie nodes that prove the values, or their absence, under `keys` at block `at`.
    pub async fn read_proof(&self, keys: &[Vec<u8>], at: H256) -> Result<Vec<Vec<u8>>, ChainError> {
        let keys: Vec<String> = keys.iter().map(hex).collect();
        let proof: JsonReadProof =
            self.request_state("state_getReadProof", json!([keys, at])).await?;
        Ok(proof.proof.into_iter().map(|node| node.0).collect())
    }

    /// What the parachain's block changed in its state: SCALE StorageChanges, as it came.
    pub async fn storage_changes_at(&self, block: H256) -> Result<Bytes, ChainError> {
        let changes: HexBytes =
            self.request_slow(Need::State, "pha_getStorageChangesAt", json!([block])).await?;
        Ok(changes.into())
    }

    /// The same of several blocks, in their order, by one message where the node takes that.
    pub async fn storage_changes(&self, blocks: &[H256]) -> Vec<Result<Bytes, ChainError>> {
        const METHOD: &str = "pha_getStorageChangesAt";
        let deadline = self.inner.slow_request_timeout;
        let together = self.put_together::<HexBytes>(Need::State, METHOD, blocks, deadline);
        if let Ok(Some((_, changes))) = together.await {
            return changes.into_iter().map(|changes| Ok(changes.into())).collect();
        }
        join_all(blocks.iter().map(|block| self.storage_changes_at(*block))).await
    }

    /// The SCALE answer of a runtime's API function.
    pub async fn runtime_call(
        &self,
        function: &str,
        arguments: &[u8],
        at: Option<H256>,
    ) -> Result<Vec<u8>, ChainError> {
        let params = json!([function, hex(arguments), at]);
        let answer: HexBytes = self.request_state("state_call", params).await?;
        Ok(answer.0)
    }
}
