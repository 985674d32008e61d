//! What a data provider asks of a chain.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt, TryStreamExt};
use subxt::utils::H256;

use super::client::{Pair, Subscription};
use super::health::{EndpointHealth, Need};
use super::{ChainClient, ChainError};
use crate::scale::header::EncodedHeader;

/// Headers asked for at the same time.
const HEADERS_IN_FLIGHT: usize = 32;

/// An answer to come.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ChainError>>;

/// A chain to read from: nodes over WebSocket, or a double.
///
/// Headers have the hash they were asked by. Nothing else is verified.
pub trait ChainSource: Send + Sync + 'static {
    /// Who is asked at the moment, for messages.
    fn endpoint(&self) -> String;

    /// The same chain by one node alone, the one best fit for such a need: all answers of a round
    /// are its view.
    fn pinned(self: Arc<Self>, need: Need) -> Arc<dyn ChainSource>;

    /// Whether, asked anew, this very node would be chosen.
    fn is_preferred(&self, need: Need) -> bool;

    /// Asks others before this node from now on: it gave something wrong.
    fn distrust(&self);

    /// How the nodes are.
    fn health(&self) -> Vec<EndpointHealth>;

    /// Looks at every node once.
    fn look(&self) -> BoxFuture<'_, ()>;

    /// Hash of block 0.
    fn genesis_hash(&self) -> Answer<'_, H256>;

    /// Hash of the best chain's block at a height, `None` where there is none.
    fn block_hash(&self, number: u32) -> Answer<'_, Option<H256>>;

    /// Hashes of the best chain's blocks at some heights, in their order.
    fn block_hashes(&self, numbers: Vec<u32>) -> Answer<'_, Vec<Option<H256>>>;

    /// Header of a block.
    fn header(&self, hash: H256) -> Answer<'_, EncodedHeader>;

    /// Headers of blocks, in their order.
    fn headers(&self, hashes: Vec<H256>) -> Answer<'_, Vec<EncodedHeader>> {
        let headers = futures::stream::iter(hashes).map(|hash| self.header(hash));
        headers.buffered(HEADERS_IN_FLIGHT).try_collect().boxed()
    }

    /// Header of a block and the GRANDPA justification stored with it, if there is one.
    fn justified_header(&self, hash: H256) -> Answer<'_, (EncodedHeader, Option<Bytes>)>;

    /// Header of the newest finalized block.
    fn finalized_head(&self) -> Answer<'_, EncodedHeader>;

    /// SCALE FinalityProof for a block, `None` when no justification is known.
    fn prove_finality(&self, number: u32) -> Answer<'_, Option<Bytes>>;

    /// Trie nodes proving the values under `keys` at a block.
    fn read_proof(&self, keys: Vec<Vec<u8>>, at: H256) -> Answer<'_, Vec<Vec<u8>>>;

    /// One value at a block.
    fn storage(&self, key: Vec<u8>, at: H256) -> Answer<'_, Option<Vec<u8>>>;

    /// Every pair of the state at a block, in order of the keys.
    fn pairs(&self, at: H256) -> Answer<'_, Vec<Pair>>;

    /// SCALE StorageChanges of a block.
    fn storage_changes_at(&self, hash: H256) -> Answer<'_, Bytes>;

    /// The same of several blocks, in their order.
    fn storage_changes(&self, hashes: Vec<H256>) -> BoxFuture<'_, Vec<Result<Bytes, ChainError>>> {
        join_all(hashes.into_iter().map(|hash| self.storage_changes_at(hash))).boxed()
    }

    /// Finalized headers as they come; some may be left out.
    fn finalized_heads(&self) -> Answer<'_, Subscription<EncodedHeader>>;

    /// SCALE Justifications as rounds complete; some may be left out.
    fn justifications(&self) -> Answer<'_, Subscription<Bytes>>;
}

impl ChainSource for ChainClient {
    fn endpoint(&self) -> String {
        self.endpoint().map_or_else(|error| error.to_string(), ToString::to_string)
    }

    fn pinned(self: Arc<Self>, need: Need) -> Arc<dyn ChainSource> {
        Arc::new(ChainClient::pinned(&self, need))
    }

    fn is_preferred(&self, need: Need) -> bool {
        self.is_preferred(need)
    }

    fn distrust(&self) {
        self.distrust();
    }

    fn health(&self) -> Vec<EndpointHealth> {
        self.endpoints_health()
    }

    fn look(&self) -> BoxFuture<'_, ()> {
        self.check_endpoints().boxed()
    }

    fn genesis_hash(&self) -> Answer<'_, H256> {
        self.genesis_hash().boxed()
    }

    fn block_hash(&self, number: u32) -> Answer<'_, Option<H256>> {
        self.block_hash(number).boxed()
    }

    fn block_hashes(&self, numbers: Vec<u32>) -> Answer<'_, Vec<Option<H256>>> {
        async move { self.block_hashes(&numbers).await }.boxed()
    }

    fn header(&self, hash: H256) -> Answer<'_, EncodedHeader> {
        self.header(hash).boxed()
    }

    fn headers(&self, hashes: Vec<H256>) -> Answer<'_, Vec<EncodedHeader>> {
        async move { self.headers(&hashes).await }.boxed()
    }

    fn justified_header(&self, hash: H256) -> Answer<'_, (EncodedHeader, Option<Bytes>)> {
        async move {
            let block = self.block(hash).await?;
            let justification = block.grandpa_justification().cloned();
            Ok((block.header, justification))
        }
        .boxed()
    }

    fn finalized_head(&self) -> Answer<'_, EncodedHeader> {
        async move { self.header(self.finalized_head().await?).await }.boxed()
    }

    fn prove_finality(&self, number: u32) -> Answer<'_, Option<Bytes>> {
        self.prove_finality(number).boxed()
    }

    fn read_proof(&self, keys: Vec<Vec<u8>>, at: H256) -> Answer<'_, Vec<Vec<u8>>> {
        async move { self.read_proof(&keys, at).await }.boxed()
    }

    fn storage(&self, key: Vec<u8>, at: H256) -> Answer<'_, Option<Vec<u8>>> {
        async move { self.storage(&key, at).await }.boxed()
    }

    fn pairs(&self, at: H256) -> Answer<'_, Vec<Pair>> {
        self.pairs(&[], at).boxed()
    }

    fn storage_changes_at(&self, hash: H256) -> Answer<'_, Bytes> {
        self.storage_changes_at(hash).boxed()
    }

    fn storage_changes(&self, hashes: Vec<H256>) -> BoxFuture<'_, Vec<Result<Bytes, ChainError>>> {
        async move { self.storage_changes(&hashes).await }.boxed()
    }

    fn finalized_heads(&self) -> Answer<'_, Subscription<EncodedHeader>> {
        self.subscribe_finalized_heads().boxed()
    }

    fn justifications(&self) -> Answer<'_, Subscription<Bytes>> {
        self.subscribe_justifications().boxed()
    }
}
