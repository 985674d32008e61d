//! Which chain a service is for.

use std::time::Duration;

use prb_core::backoff::Backoff;
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::scale::header::EncodedHeader;
use prb_walkie::proto::data_provider::ParaHeaders;
use prost::Message;

use crate::args::NodePolicy;

/// The block whose hash tells chains apart among peers.
const TELLING: u32 = 1;
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));

/// Nodes by their addresses, and which of them is asked.
pub(crate) fn nodes(endpoints: &[String], policy: NodePolicy) -> ChainClientConfig {
    let endpoints = endpoints.iter().map(|url| url.trim()).filter(|url| !url.is_empty());
    let config = ChainClientConfig::new(endpoints.map(Endpoint::new));
    ChainClientConfig { policy: policy.into(), ..config }
}

/// What peers of one chain call it: 0x hex of the hash of parachain block 1.
///
/// It is asked of the chain's nodes until one answers, or taken from `stored` if that has the
/// block: a data provider serves what it has also while no node is there.
pub(crate) async fn identity(para: &ChainClient, stored: Option<&dyn BlobSource>) -> String {
    let mut failures = 0;
    loop {
        if let Some(hash) = own(stored).await {
            return hash;
        }
        let reason = match para.block_hash(TELLING).await {
            Ok(Some(hash)) => return format!("0x{}", hex::encode(hash)),
            Ok(None) => "it has no block 1 yet".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(reason, "waiting for the parachain, to tell peers which one it is");
        tokio::time::sleep(RETRY.delay(failures)).await;
        failures = failures.saturating_add(1);
    }
}

/// The same, or empty if that is not known after `patience`, or no node is named that could tell:
/// such a peer belongs to no chain.
pub(super) async fn identity_if_known(para: Option<&ChainClient>, patience: Duration) -> String {
    let known = match para {
        Some(para) => tokio::time::timeout(patience, identity(para, None)).await.ok(),
        None => None,
    };
    known.unwrap_or_else(|| {
        tracing::warn!("which chain this is for is not known, so peers will not find it");
        String::new()
    })
}

async fn own(stored: Option<&dyn BlobSource>) -> Option<String> {
    let chunk = stored?.get(BlobKey::Headers(0), Duration::ZERO).await.ok()??;
    let headers = ParaHeaders::decode(chunk).ok()?;
    let header = headers.items.get(TELLING.checked_sub(headers.first)? as usize)?;
    let header = EncodedHeader::decode(header.clone()).ok()?;
    Some(format!("0x{}", hex::encode(header.hash())))
}
