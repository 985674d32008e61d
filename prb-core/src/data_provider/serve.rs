//! Answers to gets.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parity_scale_codec::DecodeAll;
use prb_walkie::proto::data_provider::{State, States};
use prost::Message as _;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::state::StateInfo;
use crate::blob::{Blob, BlobError, BlobKey};
use crate::store::relay::RelaySegments;
use crate::store::{Heights, Store, StoreError, Summed};

/// How soon a store that failed is read again.
const RETRY: Duration = Duration::from_millis(250);

/// Serves the store, and waits for what is not there yet.
pub(super) struct Server {
    store: Arc<Store>,
    para_id: OnceLock<u32>,
    /// There once the genesis is known; another after the store failed and was read again.
    relay: watch::Sender<Option<Arc<RelaySegments>>>,
    waiting: Semaphore,
    cancel: CancellationToken,
}

impl Server {
    pub(super) fn new(store: Arc<Store>, max_waiting: usize, cancel: CancellationToken) -> Self {
        Self {
            store,
            para_id: OnceLock::new(),
            relay: watch::Sender::default(),
            waiting: Semaphore::new(max_waiting.min(Semaphore::MAX_PERMITS)),
            cancel,
        }
    }

    /// Now relay chain segments can be served.
    pub(super) fn ready(&self, para_id: u32, relay: Arc<RelaySegments>) {
        let _ = self.para_id.set(para_id);
        self.relay.send_replace(Some(relay));
    }

    /// What of the stored heights can be got.
    pub(super) fn served(&self, stored: Heights) -> Heights {
        let readable = self.relay.borrow().is_some();
        Heights { relay: stored.relay.filter(|_| readable), ..stored }
    }

    /// The answer under `key`, waited for at most `wait`.
    pub(super) async fn get(
        &self,
        key: BlobKey,
        wait: Duration,
    ) -> Result<Option<Blob>, BlobError> {
        let deadline = Instant::now() + wait;
        let (mut heights, mut relay) = (self.store.heights(), self.relay.subscribe());
        loop {
            if self.cancel.is_cancelled() {
                return Err(BlobError::Stopping);
            }
            heights.mark_unchanged();
            relay.mark_unchanged();
            let found = self.look_up(key).await;
            // What is damaged will be mended, and a bucket that is away will come back.
            let absent = match found {
                Ok(Some((data, checksum))) => return Ok(Some(Blob { data, checksum })),
                Ok(None) => Ok(None),
                Err(error) => Err(BlobError::Store { key, reason: error.to_string() }),
            };
            // Where too many wait already, the answer is that it is not there.
            let waiting = self.waiting.try_acquire();
            if waiting.is_err() || Instant::now() >= deadline {
                return absent;
            }
            let again = Instant::now() + if absent.is_err() { RETRY } else { wait };
            tokio::select! {
                // The senders live as long as the store and this server.
                _ = heights.changed() => {}
                _ = relay.changed() => {}
                () = sleep_until(again) => {}
                () = sleep_until(deadline) => return absent,
                () = self.cancel.cancelled() => return Err(BlobError::Stopping),
            }
        }
    }

    async fn look_up(&self, key: BlobKey) -> Result<Option<Summed>, StoreError> {
        let unsummed = |found: Option<Bytes>| found.map(|body| (body, None));
        match key {
            BlobKey::Genesis(para_id) => match self.para_id.get() {
                Some(known) if *known == para_id => self.store.genesis().await.map(unsummed),
                _ => Ok(None),
            },
            BlobKey::Relay(number) => {
                let relay = self.relay.borrow().clone();
                match relay {
                    Some(relay) => relay.summed_segment(number).await,
                    None => Ok(None),
                }
            }
            BlobKey::Headers(chunk) => self.store.headers.summed_unit(chunk).await,
            BlobKey::Blocks(chunk) => self.store.blocks.summed_unit(chunk).await,
            BlobKey::States => self.states().await.map(Some).map(unsummed),
            BlobKey::StatePart { number, part } => {
                if !self.store.states().await?.contains(&number) {
                    return Ok(None);
                }
                // Part 0 of what is stored is the info.
                self.store.state_part(number, part.saturating_add(1)).await.map(unsummed)
            }
        }
    }

    async fn states(&self) -> Result<Bytes, StoreError> {
        let mut states = Vec::new();
        for number in self.store.states().await? {
            let info = self.store.state_part(number, 0).await?;
            let info = info.and_then(|body| StateInfo::decode_all(&mut &body[..]).ok());
            if let Some(StateInfo { parts, bytes, .. }) = info {
                states.push(State { number, parts, bytes });
            }
        }
        Ok(States { states }.encode_to_vec().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreConfig;

    #[tokio::test]
    async fn who_asked_before_the_segments_were_open_is_answered_when_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreConfig::default()).await.unwrap();
        let store = Arc::new(store);
        let relay = Arc::new(store.open_relay(1).await.unwrap());
        let segment =
            prb_walkie::proto::data_provider::RelaySegment { from: 1, to: 3, ..Default::default() };
        relay.append(segment).await.unwrap();
        let server = Server::new(store, 8, CancellationToken::new());
        let asked = server.get(BlobKey::Relay(2), Duration::from_hours(1));
        let opened = async {
            tokio::task::yield_now().await;
            server.ready(2004, relay.clone());
        };
        let asked = tokio::time::timeout(Duration::from_secs(30), asked);
        let (asked, ()) = tokio::join!(asked, opened);
        assert!(asked.unwrap().unwrap().is_some());
    }
}
