//! Reads the view, and takes it from block to block.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parity_scale_codec::Decode;
use tokio::sync::watch;
use tracing::{info, warn};

use super::values::{Key, Values};
use super::{ChainView, WantedKeys, Wants};
use crate::backoff::Backoff;
use crate::chain::{ChainClient, ChainError, Refusal};
use crate::lifecycle::blobs::{Blobs, Tip};
use crate::scale::bridge::BlockHeaderWithChanges;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// How long a block is waited for that should be there.
const LATE_BLOCK: Duration = Duration::from_millis(500);

/// Most readers whose keys are read in one go.
const BATCH: usize = 256;

/// Keeps a [`ChainView`] at the newest block the data provider has.
pub(crate) struct Follower {
    view: Arc<ChainView>,
    wants: Wants,
    chain: ChainClient,
    blobs: Arc<Blobs>,
    tip: watch::Receiver<Option<Tip>>,
}

impl Follower {
    /// Follows nothing yet.
    pub(crate) fn new(
        view: Arc<ChainView>,
        wants: Wants,
        chain: ChainClient,
        blobs: Arc<Blobs>,
    ) -> Self {
        let tip = blobs.tip();
        Self { view, wants, chain, blobs, tip }
    }

    /// Follows until nobody reads any more, or the caller stops it.
    pub(crate) async fn run(mut self) {
        self.seed(Vec::new()).await;
        loop {
            let behind = self.advance().await;
            let late = tokio::time::sleep(LATE_BLOCK);
            tokio::select! {
                changed = self.tip.changed() => if changed.is_err() { return },
                wanted = self.wants.0.recv() => match wanted {
                    Some(wanted) => self.answer(wanted).await,
                    None => return,
                },
                () = late, if behind => {}
            }
        }
    }

    /// Reads `keys` at the newest finalized block, however often it takes.
    async fn seed(&mut self, keys: Vec<Key>) {
        let mut failures = 0;
        loop {
            match self.read_at_head(&keys).await {
                Ok(values) => {
                    info!(block = values.number(), keys = keys.len(), "read the parachain's state");
                    return self.view.replace(values);
                }
                Err(error) => {
                    warn!(%error, "cannot read the parachain's state");
                    tokio::time::sleep(BACKOFF.delay(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    async fn read_at_head(&self, keys: &[Key]) -> Result<Values, ChainError> {
        let hash = self.chain.finalized_head().await?;
        let number = self.chain.header(hash).await?.number();
        let values = self.chain.storage_many(keys, hash).await?;
        Ok(Values::new(number, hash, keys.iter().cloned().zip(values).collect()))
    }

    /// Applies all blocks at hand; whether one that should be is not.
    async fn advance(&mut self) -> bool {
        let Some(tip) = self.tip.borrow_and_update().and_then(|tip| tip.para) else {
            return false;
        };
        loop {
            let Some(at) = self.view.change(|values| values.number()) else { return false };
            if at >= tip {
                return false;
            }
            let Ok(Some(block)) = self.blobs.block(at + 1).await else { return true };
            let applied = BlockHeaderWithChanges::decode(&mut &block[..])
                .map_err(|error| error.to_string())
                .and_then(|block| {
                    let applied = self.view.change(|values| values.apply(block));
                    applied.unwrap_or(Ok(())).map_err(|error| error.to_string())
                });
            if let Err(reason) = applied {
                warn!(block = at + 1, reason, "cannot follow the parachain, reading it anew");
                let keys = self.view.change(|values| values.keys_in_use()).unwrap_or_default();
                self.blobs.forget_block(at + 1);
                self.seed(keys).await;
            }
        }
    }

    /// Reads what is asked for, for all who ask, at the view's own block.
    async fn answer(&mut self, first: WantedKeys) {
        let mut asking = vec![first];
        while asking.len() < BATCH
            && let Ok(next) = self.wants.0.try_recv()
        {
            asking.push(next);
        }
        let result = self.read_more(&asking).await;
        for wanted in asking {
            // Who does not wait any more needs no answer.
            let _ = wanted.done.send(result.clone());
        }
    }

    async fn read_more(&mut self, asking: &[WantedKeys]) -> Result<(), String> {
        let wanted: BTreeSet<&Key> = asking.iter().flat_map(|wanted| &wanted.keys).collect();
        let unknown = self.view.change(|values| {
            let unknown: Vec<Key> =
                wanted.into_iter().filter(|key| !values.knows(key)).cloned().collect();
            (values.hash(), unknown)
        });
        let (at, keys) = unknown.ok_or("the parachain's state was not read yet")?;
        if keys.is_empty() {
            return Ok(());
        }
        match self.chain.storage_many(&keys, at).await {
            Ok(values) => {
                let read = keys.into_iter().zip(values).collect();
                self.view.change(|values| values.add(read));
                Ok(())
            }
            Err(error) => {
                // A node that prunes may not have this block's state any more.
                if matches!(
                    error.refusal(),
                    Some(Refusal::StateUnavailable | Refusal::UnknownBlock)
                ) {
                    let mut keys_in_use =
                        self.view.change(|values| values.keys_in_use()).unwrap_or_default();
                    keys_in_use.extend(keys);
                    self.seed(keys_in_use).await;
                    return Ok(());
                }
                Err(error.to_string())
            }
        }
    }
}
