//! Feeds one worker by hand, straight from a data provider's blobs: no plan, no retries, so that
//! whatever a worker refuses fails the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_wrap,
    reason = "what is not as expected fails the test"
)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parity_scale_codec::{Compact, Encode};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::DataProviderHandle;
use prb_core::pruntime::{Deadlines, HttpConfig, HttpTransport, Method, Pruntime, proto};
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders, RelaySegment};
use prb_walkie::proto::db;
use prost::Message;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Feeder {
    provider: DataProviderHandle,
    worker: Pruntime,
    /// The last segment sent.
    segment: Option<RelaySegment>,
    pub(crate) segments_sent: u32,
}

impl Feeder {
    /// Starts a fresh worker from the provider's genesis.
    pub(crate) async fn init(provider: &DataProviderHandle, endpoint: &str, para_id: u32) -> Self {
        let transport = HttpTransport::new(&HttpConfig::default()).unwrap();
        let endpoint = endpoint.parse().unwrap();
        let worker = Pruntime::new(endpoint, Arc::new(transport), Deadlines::default());
        let genesis = provider.get(BlobKey::Genesis(para_id), PATIENCE).await.unwrap().unwrap();
        let genesis = db::Genesis::decode(genesis).unwrap();
        assert_eq!(genesis.para_id, para_id);
        let request = proto::InitRuntimeRequest {
            encoded_genesis_info: genesis.bridge_genesis_info,
            encoded_genesis_state: genesis.genesis_state,
            is_parachain: true,
            ..Default::default()
        };
        worker.init(&request).await.unwrap();
        Self { provider: provider.clone(), worker, segment: None, segments_sent: 0 }
    }

    /// Gives a fresh worker the parachain's full state after a block.
    pub(crate) async fn load_state(&self, block_number: u32, encoded_state: Vec<u8>) {
        let request = proto::ChainState { block_number, encoded_state: encoded_state.into() };
        let body: Bytes = request.encode_to_vec().into();
        self.worker.send::<proto::Empty>(Method::LoadChainState, body).await.unwrap();
    }

    /// The worker has gone back: what was sent last says nothing of it any more.
    pub(crate) fn restarted(&mut self) {
        self.segment = None;
    }

    /// Feeds until relay block `relay` and all that it brings are in the worker.
    pub(crate) async fn until(&mut self, relay: u32) -> proto::PhactoryInfo {
        self.try_until(relay).await.unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// The same, or else what the worker refuses and why.
    pub(crate) async fn try_until(&mut self, relay: u32) -> Result<proto::PhactoryInfo, String> {
        loop {
            let info = self.worker.info().await.unwrap();
            let para = self.segment.as_ref().and_then(|segment| segment.para_number);
            if info.blocknum < info.para_headernum {
                self.blocks(&info).await?;
            } else if info.waiting_for_paraheaders
                && para.is_some_and(|number| number >= info.para_headernum)
            {
                self.para_headers(&info, para.unwrap()).await?;
            } else if info.headernum > relay {
                return Ok(info);
            } else {
                self.relay_headers(&info).await?;
            }
        }
    }

    async fn relay_headers(&mut self, info: &proto::PhactoryInfo) -> Result<(), String> {
        let body = self.get(BlobKey::Relay(info.headernum)).await;
        let segment = RelaySegment::decode(body).unwrap();
        assert!((segment.from..=segment.to).contains(&info.headernum));
        assert_eq!(segment.items.len() as u32, segment.to - segment.from + 1);
        let request = proto::HeadersToSync {
            encoded_headers: list(&segment.items),
            encoded_authority_set_change: segment.authority_set_change.clone(),
        };
        let synced = self.send(Method::SyncHeader, &request).await?;
        assert_eq!(synced, segment.to);
        self.segment = Some(segment);
        self.segments_sent += 1;
        Ok(())
    }

    async fn para_headers(&mut self, info: &proto::PhactoryInfo, last: u32) -> Result<(), String> {
        let per_chunk = self.provider.info().await.unwrap().headers_per_chunk;
        let mut items = Vec::new();
        let mut next = info.para_headernum;
        while next <= last {
            let body = self.get(BlobKey::Headers(next / per_chunk)).await;
            let chunk = ParaHeaders::decode(body).unwrap();
            let skip = (next - chunk.first) as usize;
            let wanted = (last - next + 1) as usize;
            items.extend(chunk.items.into_iter().skip(skip).take(wanted));
            next = info.para_headernum + items.len() as u32;
        }
        let proof = self.segment.as_ref().unwrap().para_proof.clone();
        let request = proto::ParaHeadersToSync { encoded_headers: list(&items), proof };
        assert_eq!(self.send(Method::SyncParaHeader, &request).await?, last);
        Ok(())
    }

    async fn blocks(&mut self, info: &proto::PhactoryInfo) -> Result<(), String> {
        let per_chunk = self.provider.info().await.unwrap().blocks_per_chunk;
        let end = info.para_headernum;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let items = loop {
            let body = self.get(BlobKey::Blocks(info.blocknum / per_chunk)).await;
            let chunk = ParaBlocks::decode(body).unwrap();
            let (skip, wanted) = (info.blocknum - chunk.first, end - info.blocknum);
            let items: Vec<Bytes> =
                chunk.items.into_iter().skip(skip as usize).take(wanted as usize).collect();
            if !items.is_empty() {
                break items;
            }
            assert!(tokio::time::Instant::now() < deadline, "block {} did not come", info.blocknum);
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let last = info.blocknum + items.len() as u32 - 1;
        let request = proto::Blocks { encoded_blocks: list(&items) };
        assert_eq!(self.send(Method::DispatchBlocks, &request).await?, last);
        Ok(())
    }

    async fn get(&self, key: BlobKey) -> Bytes {
        let found = self.provider.get(key, PATIENCE).await.unwrap();
        found.unwrap_or_else(|| panic!("{key} did not come: {:?}", self.provider.status()))
    }

    /// Sends a request; the number the worker says it is synced to.
    async fn send(&self, method: Method, request: &impl Message) -> Result<u32, String> {
        let body: Bytes = request.encode_to_vec().into();
        loop {
            match self.worker.send::<proto::SyncedTo>(method, body.clone()).await {
                Ok(synced) => return Ok(synced.synced_to),
                Err(error) if error.is_rcu_refusal() => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(format!("{method}: {error}")),
            }
        }
    }
}

/// A SCALE vector of items that are encoded already.
fn list(items: &[Bytes]) -> Bytes {
    let mut encoded = Compact(items.len() as u32).encode();
    for item in items {
        encoded.extend_from_slice(item);
    }
    encoded.into()
}
