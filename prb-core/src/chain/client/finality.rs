//! Finality of the relay chain.

use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;
use subxt::utils::H256;

use super::json::HexBytes;
use super::{ChainClient, Subscription};
use crate::chain::ChainError;
use crate::chain::health::Need;

impl ChainClient {
    /// The node's finality proof for block `number`: to the end of the authority set's period the
    /// block lies in, or, in the running period, to the newest block with a known justification,
    /// which may be *older* than `number`. `None` when the node knows no justification.
    ///
    /// SCALE FinalityProof; nothing in it is verified.
    pub async fn prove_finality(&self, number: u32) -> Result<Option<Bytes>, ChainError> {
        let proof: Option<HexBytes> =
            self.request_slow(Need::Finality, "grandpa_proveFinality", json!([number])).await?;
        Ok(proof.map(Bytes::from))
    }

    /// SCALE GrandpaJustification of rounds as they complete; rounds may be left out.
    pub async fn subscribe_justifications(&self) -> Result<Subscription<Bytes>, ChainError> {
        let (subscribe, unsubscribe) =
            ("grandpa_subscribeJustifications", "grandpa_unsubscribeJustifications");
        let justifications = self.subscribe::<HexBytes>(subscribe, json!([]), unsubscribe).await?;
        Ok(justifications.map(|item| item.map(Bytes::from)).boxed())
    }

    /// Hash of the finalized block at a height, `None` where the node has none or the block is not
    /// final there.
    pub async fn finalized_block_hash(&self, number: u32) -> Result<Option<H256>, ChainError> {
        let head = self.header(self.finalized_head().await?).await?;
        if head.number() < number { Ok(None) } else { self.block_hash(number).await }
    }
}
