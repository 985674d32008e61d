//! Finalized blocks, each fetched once for all accounts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use sp_crypto_hashing::blake2_256;
use subxt::utils::H256;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::chain::{ChainClient, ChainError};

/// A finalized block as far as it tells which extrinsics it holds.
#[derive(Clone, Debug)]
pub(super) struct FinalBlock {
    pub(super) number: u32,
    pub(super) hash: H256,
    pub(super) parent_hash: H256,
    /// Hashes of its extrinsics, in order.
    pub(super) extrinsics: Vec<H256>,
}

impl FinalBlock {
    /// The place of an extrinsic in the block.
    pub(super) fn index_of(&self, extrinsic: H256) -> Option<u32> {
        self.extrinsics.iter().position(|hash| *hash == extrinsic).map(|index| index as u32)
    }
}

/// The finalized chain.
pub(super) struct Blocks {
    chain: ChainClient,
    newest: watch::Sender<Option<u32>>,
    recent: Mutex<BTreeMap<u32, Arc<FinalBlock>>>,
}

/// More than the longest usual era, so that what a dead trader sent is found without fetching
/// the same block for each job.
const KEPT: usize = 256;
/// Without a finalized block for so long the subscription is made anew.
const SILENCE: Duration = Duration::from_mins(1);
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

impl Blocks {
    pub(super) fn new(chain: ChainClient) -> Self {
        Self { chain, newest: watch::channel(None).0, recent: Mutex::default() }
    }

    /// Number of the newest finalized block, none before the first is known.
    pub(super) fn newest(&self) -> watch::Receiver<Option<u32>> {
        self.newest.subscribe()
    }

    /// The finalized block of a number not above the newest.
    pub(super) async fn at(&self, number: u32) -> Result<Arc<FinalBlock>, ChainError> {
        let known = self.lock().get(&number).cloned();
        match known {
            Some(block) => Ok(block),
            None => self.fetch(number).await,
        }
    }

    async fn fetch(&self, number: u32) -> Result<Arc<FinalBlock>, ChainError> {
        let hash = self.chain.block_hash(number).await?;
        let hash = hash.ok_or(ChainError::UnknownBlock {
            endpoint: self.chain.endpoint()?.clone(),
            block: number.to_string(),
        })?;
        let block = self.chain.block(hash).await?;
        let extrinsics = block.extrinsics.iter().map(|bytes| H256(blake2_256(bytes))).collect();
        let parent_hash = block.header.header().parent_hash;
        let block = Arc::new(FinalBlock { number, hash, parent_hash, extrinsics });
        let mut recent = self.lock();
        recent.insert(number, Arc::clone(&block));
        while recent.len() > KEPT {
            recent.pop_first();
        }
        Ok(block)
    }

    /// Follows the finalized heads until told to stop.
    pub(super) async fn follow(&self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let followed = stop.run_until_cancelled(self.follow_once(&mut failures)).await;
            let Some(ended) = followed else { return };
            if let Err(error) = ended {
                tracing::warn!(%error, "finalized blocks are not followed for a moment");
                let pause = tokio::time::sleep(RETRY.delay(failures));
                if stop.run_until_cancelled(pause).await.is_none() {
                    return;
                }
                failures = failures.saturating_add(1);
            }
        }
    }

    /// One subscription, until it breaks or falls silent.
    async fn follow_once(&self, failures: &mut u32) -> Result<(), ChainError> {
        let mut heads = self.chain.subscribe_finalized_heads().await?;
        loop {
            let Ok(head) = tokio::time::timeout(SILENCE, heads.next()).await else {
                // A node that hangs does not answer this either, and the next one is asked.
                self.chain.finalized_head().await?;
                return Ok(());
            };
            let Some(head) = head.transpose()? else { return Ok(()) };
            let number = head.number();
            // A node that lags behind another one tells old news.
            if self.newest.borrow().is_some_and(|newest| newest >= number) {
                continue;
            }
            self.at(number).await?;
            *failures = 0;
            self.newest.send_replace(Some(number));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<FinalBlock>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
