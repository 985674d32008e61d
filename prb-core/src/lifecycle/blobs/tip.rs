//! Waits for the next relay segment once for all workers.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::Blobs;
use crate::backoff::Backoff;
use crate::blob::{BlobError, BlobKey};

/// How long one question waits for the next segment.
const WAIT: Duration = Duration::from_secs(30);

/// A segment's parachain block may be stored a little later than the segment.
const BLOCK_POLL: Duration = Duration::from_millis(20);
const BLOCK_POLLS: usize = 100;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));

/// How far data is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    /// Last relay block.
    pub(crate) relay: u32,
    /// The parachain block that it commits to; none before the first.
    pub(crate) para: Option<u32>,
}

/// Moves the tip.
pub(crate) struct TipFollower {
    blobs: Arc<Blobs>,
}

impl TipFollower {
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }

    /// Follows until the caller stops it.
    pub(crate) async fn run(self) {
        let mut failures = 0;
        loop {
            let known = *self.blobs.tip.borrow();
            let moved = match known {
                None => self.find().await,
                Some(tip) => self.wait_after(tip).await,
            };
            match moved {
                Ok(()) => failures = 0,
                Err(error) => {
                    warn!(%error, "no news from the data provider");
                    tokio::time::sleep(BACKOFF.delay(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// The tip as the provider tells it.
    async fn find(&self) -> Result<(), BlobError> {
        let info = self.blobs.info().await?;
        let height = |number: i32| u32::try_from(number).ok();
        let Some(relay) = height(info.parent_committed_height) else {
            // Nothing is stored yet.
            tokio::time::sleep(Duration::from_millis(200)).await;
            return Ok(());
        };
        self.publish(Tip { relay, para: height(info.para_committed_height) });
        Ok(())
    }

    async fn wait_after(&self, tip: Tip) -> Result<(), BlobError> {
        let key = BlobKey::Relay(tip.relay + 1);
        let Some(bytes) = self.blobs.source.get(key, WAIT).await? else { return Ok(()) };
        let segment = self.blobs.keep_segment(key, bytes)?.plan();
        let para = segment.para_head.or(tip.para);
        if let Some(number) = para.filter(|number| *number > 0) {
            for _ in 0..BLOCK_POLLS {
                if self.blobs.block(number).await?.is_some() {
                    break;
                }
                tokio::time::sleep(BLOCK_POLL).await;
            }
        }
        self.publish(Tip { relay: segment.to.max(tip.relay), para });
        Ok(())
    }

    fn publish(&self, tip: Tip) {
        debug!(relay = tip.relay, para = tip.para, "new tip");
        self.blobs.tip.send_replace(Some(tip));
    }
}
