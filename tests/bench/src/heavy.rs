//! A chain of large blocks, for stores of real sizes.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parity_scale_codec::Encode;
use prb_core::chain::client::{Pair, Subscription};
use prb_core::chain::source::Answer;
use prb_core::chain::{
    ChainClient, ChainClientConfig, ChainError, ChainSource, Endpoint, EndpointHealth, Need,
};
use prb_core::scale::header::EncodedHeader;
use prb_core::scale::storage::StorageChanges;
use subxt::utils::H256;

/// A chain whose blocks change other keys, and many more, than they do.
pub(crate) struct Heavy {
    chain: ChainClient,
    sizes: Sizes,
}

/// Bytes of changes.
#[derive(Clone, Copy)]
pub(crate) enum Sizes {
    /// In every block, and without any pattern.
    Same(usize),
    /// In a block of this number, half of them without any pattern, so that they compress as
    /// those of real chains do.
    Halves(fn(u32) -> usize),
}

impl Heavy {
    /// The chain of a node, with changes of these sizes.
    pub(crate) fn new(url: &str, sizes: Sizes) -> Self {
        Self { chain: ChainClient::new(ChainClientConfig::new([Endpoint::new(url)])), sizes }
    }

    /// The same for the same block.
    async fn changes(&self, hash: H256) -> Result<Bytes, ChainError> {
        let (bytes, halves) = match self.sizes {
            Sizes::Same(bytes) => (bytes, false),
            Sizes::Halves(of) => {
                let header = ChainSource::header(&self.chain, hash).await?;
                (of(header.header().number), true)
            }
        };
        let mut seed =
            hash.0.iter().fold(1_u64, |seed, byte| seed.rotate_left(9) ^ u64::from(*byte));
        let mut value = Vec::with_capacity(bytes + 64);
        while value.len() < bytes {
            // xorshift64*
            seed ^= seed >> 12;
            seed ^= seed << 25;
            seed ^= seed >> 27;
            value.extend_from_slice(&seed.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
            if halves && value.len() % 64 == 32 {
                value.extend_from_slice(&[0; 32]);
            }
        }
        let main_storage_changes = vec![(hash.0.to_vec(), Some(value))];
        let changes = StorageChanges { main_storage_changes, ..StorageChanges::default() };
        Ok(changes.encode().into())
    }
}

impl ChainSource for Heavy {
    fn endpoint(&self) -> String {
        ChainSource::endpoint(&self.chain)
    }

    /// There is one node only.
    fn pinned(self: Arc<Self>, _: Need) -> Arc<dyn ChainSource> {
        self
    }

    fn is_preferred(&self, _: Need) -> bool {
        true
    }

    fn distrust(&self) {
        self.chain.distrust();
    }

    fn health(&self) -> Vec<EndpointHealth> {
        ChainSource::health(&self.chain)
    }

    fn look(&self) -> BoxFuture<'_, ()> {
        self.chain.look()
    }

    fn block_hashes(&self, numbers: Vec<u32>) -> Answer<'_, Vec<Option<H256>>> {
        ChainSource::block_hashes(&self.chain, numbers)
    }

    fn genesis_hash(&self) -> Answer<'_, H256> {
        ChainSource::genesis_hash(&self.chain)
    }

    fn block_hash(&self, number: u32) -> Answer<'_, Option<H256>> {
        ChainSource::block_hash(&self.chain, number)
    }

    fn header(&self, hash: H256) -> Answer<'_, EncodedHeader> {
        ChainSource::header(&self.chain, hash)
    }

    fn justified_header(&self, hash: H256) -> Answer<'_, (EncodedHeader, Option<Bytes>)> {
        self.chain.justified_header(hash)
    }

    fn finalized_head(&self) -> Answer<'_, EncodedHeader> {
        ChainSource::finalized_head(&self.chain)
    }

    fn prove_finality(&self, number: u32) -> Answer<'_, Option<Bytes>> {
        ChainSource::prove_finality(&self.chain, number)
    }

    fn read_proof(&self, keys: Vec<Vec<u8>>, at: H256) -> Answer<'_, Vec<Vec<u8>>> {
        ChainSource::read_proof(&self.chain, keys, at)
    }

    fn storage(&self, key: Vec<u8>, at: H256) -> Answer<'_, Option<Vec<u8>>> {
        ChainSource::storage(&self.chain, key, at)
    }

    fn pairs(&self, at: H256) -> Answer<'_, Vec<Pair>> {
        ChainSource::pairs(&self.chain, at)
    }

    fn storage_changes_at(&self, hash: H256) -> Answer<'_, Bytes> {
        self.changes(hash).boxed()
    }

    fn finalized_heads(&self) -> Answer<'_, Subscription<EncodedHeader>> {
        self.chain.finalized_heads()
    }

    fn justifications(&self) -> Answer<'_, Subscription<Bytes>> {
        self.chain.justifications()
    }
}
