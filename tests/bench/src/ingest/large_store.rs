//! How soon a provider goes on from a large store: real chunks, of blocks that do not compress.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parity_scale_codec::Encode;
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::chain::client::{Pair, Subscription};
use prb_core::chain::source::Answer;
use prb_core::chain::{
    ChainClient, ChainClientConfig, ChainSource, Endpoint, EndpointHealth, Need,
};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle, VerifyState};
use prb_core::scale::header::EncodedHeader;
use prb_core::scale::storage::StorageChanges;
use prb_devnet::network::NetworkHandle;
use serde_json::{Map, Value};
use subxt::utils::H256;

use super::{History, PATIENCE, complete, disk, network, peak_rss_mb};
use crate::rounded;

#[derive(clap::Args)]
pub(super) struct Args {
    /// GiB of sealed blocks.
    #[arg(long, default_value_t = 20)]
    gib: u32,
    /// KiB of changes in each block.
    #[arg(long, default_value_t = 512)]
    block_kib: u32,
    /// Where to make the store; without it in a temporary folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub(super) async fn measure(args: &Args) -> Result<Map<String, Value>> {
    let blocks = args.gib * 1024 * 1024 / args.block_kib;
    let history = History { blocks: 2 * blocks, session: 600, workers: 0, interval: 1 };
    let network = network(&history).await?;
    let heights = *network.heights().borrow();
    let folder = match &args.folder {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let started = Instant::now();
    let filled = start(&network, folder.path(), args.block_kib).await?;
    complete(&filled, heights.relay_finalized, heights.para_finalized).await?;
    let fill = started.elapsed();
    filled.shutdown().await?;
    drop(filled);
    let mut bytes = 0;
    let mut count = 0;
    for kind in ["blocks", "headers", "relay"] {
        let chunks = disk::chunks(folder.path(), kind)?;
        bytes += chunks.iter().map(|(.., bytes)| bytes).sum::<u64>();
        count += chunks.len();
    }

    // A new block waits: the provider has gone on when it has stored it.
    network.faults().resume_blocks();
    let mut news = network.heights();
    let next = heights.para_finalized + 1;
    news.wait_for(|heights| heights.para_finalized >= next).await?;
    network.faults().pause_blocks();
    let target = *network.heights().borrow();
    let started = Instant::now();
    let again = start(&network, folder.path(), args.block_kib).await?;
    let opened = started.elapsed();
    for key in [BlobKey::Blocks(0), BlobKey::Headers(0), BlobKey::Relay(2)] {
        again.get(key, PATIENCE).await?.with_context(|| format!("{key} is not served"))?;
    }
    let served = started.elapsed();
    complete(&again, target.relay_finalized, next).await?;
    let gone_on = started.elapsed();
    again.shutdown().await?;
    network.shutdown().await?;

    let mut figures = Map::new();
    figures.insert("store_gib".into(), rounded(bytes as f64 / f64::from(1 << 30)));
    figures.insert("chunks".into(), count.into());
    figures.insert("fill_mb_per_s".into(), rounded(bytes as f64 / fill.as_secs_f64() / 1e6));
    figures.insert("opened_after_s".into(), rounded(opened.as_secs_f64()));
    figures.insert("served_after_s".into(), rounded(served.as_secs_f64()));
    figures.insert("stored_a_new_block_after_s".into(), rounded(gone_on.as_secs_f64()));
    figures.insert("peak_rss_mb".into(), peak_rss_mb()?);
    Ok(figures)
}

async fn start(
    network: &NetworkHandle,
    folder: &std::path::Path,
    block_kib: u32,
) -> Result<DataProviderHandle> {
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    config.verify_state = VerifyState::Off;
    let client = ChainClient::new(ChainClientConfig::new([Endpoint::new(&network.para_url())]));
    let para = Heavy { chain: client, bytes: block_kib as usize * 1024 };
    let builder = DataProvider::builder(config).para_chain(Arc::new(para));
    let started = builder.build()?.start();
    Ok(tokio::time::timeout(Duration::from_mins(10), started).await??)
}

/// A chain whose blocks change other keys, and many more, than they do.
struct Heavy {
    chain: ChainClient,
    bytes: usize,
}

impl Heavy {
    /// Changes without any pattern, the same for the same block.
    fn changes(&self, hash: H256) -> Bytes {
        let mut seed =
            hash.0.iter().fold(1_u64, |seed, byte| seed.rotate_left(9) ^ u64::from(*byte));
        let mut value = Vec::with_capacity(self.bytes + 8);
        while value.len() < self.bytes {
            // xorshift64*
            seed ^= seed >> 12;
            seed ^= seed << 25;
            seed ^= seed >> 27;
            value.extend_from_slice(&seed.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
        }
        let main_storage_changes = vec![(hash.0.to_vec(), Some(value))];
        StorageChanges { main_storage_changes, ..StorageChanges::default() }.encode().into()
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
        let changes = self.changes(hash);
        async move { Ok(changes) }.boxed()
    }

    fn finalized_heads(&self) -> Answer<'_, Subscription<EncodedHeader>> {
        self.chain.finalized_heads()
    }

    fn justifications(&self) -> Answer<'_, Subscription<Bytes>> {
        self.chain.justifications()
    }
}
