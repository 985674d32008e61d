//! What a data provider serves and a lifecycle manager reads.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use prb_walkie::proto::data_provider::Info;

use crate::error::{Classify, ErrorClass};

mod candidates;
mod checksum;
pub mod client;
pub mod frame;
#[cfg(test)]
pub(crate) mod given;
mod key;
#[cfg(feature = "walkie")]
mod peers;
mod request;
pub mod server;
#[cfg(feature = "walkie")]
mod walkie;

pub use candidates::{Candidate, Candidates};
pub use checksum::crc32c;
pub use key::{BlobKey, ParseBlobKeyError};
#[cfg(feature = "walkie")]
pub use peers::PeerCandidates;
pub use request::BlobRequest;
#[cfg(feature = "walkie")]
pub use walkie::WalkieBlobs;

/// What is under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The protobuf answer.
    pub data: Bytes,
    /// Its CRC-32C, where it is at hand.
    pub checksum: Option<u32>,
}

impl From<Bytes> for Blob {
    fn from(data: Bytes) -> Self {
        Self { data, checksum: None }
    }
}

/// A place to get blobs from: the data provider in this process, or a remote one.
pub trait BlobSource: Send + Sync + 'static {
    /// The protobuf answer under `key`.
    ///
    /// What does not exist yet is waited for, at most `wait`; `None` if it did not come. For
    /// chunks of headers and blocks this means a first item: an incomplete chunk is answered as
    /// it stands.
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>>;

    /// The same with its checksum where that is at hand: who sends it on need not read it all.
    fn get_blob(
        &self,
        key: BlobKey,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Option<Blob>, BlobError>> {
        self.get(key, wait).map_ok(|found| found.map(Blob::from)).boxed()
    }

    /// Heights, rates and chunk sizes.
    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>>;

    /// Tells the source that its parachain block did not give the expected state root at a
    /// worker, so that it fetches the block anew.
    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>>;

    /// What came under `key` is no good: where there is another place, that one is asked next.
    fn distrust(&self, key: BlobKey, reason: &str) {
        tracing::warn!(%key, reason, "the data provider served what is no good");
    }
}

/// Why a blob could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// No data provider can be reached.
    #[error("no data provider is reachable: {reason}")]
    Unreachable {
        /// What the last attempt said.
        reason: String,
    },
    /// The provider could not read its store.
    #[error("the data provider could not read {key}: {reason}")]
    Store {
        /// What was asked for.
        key: BlobKey,
        /// What the store said.
        reason: String,
    },
    /// What came does not decode.
    #[error("the data provider's answer to {key} is malformed: {reason}")]
    Malformed {
        /// What was asked for.
        key: BlobKey,
        /// What does not decode.
        reason: String,
    },
    /// The provider does not do what was asked.
    #[error("the data provider {provider} refuses: {reason}")]
    Refused {
        /// Which.
        provider: String,
        /// What it said.
        reason: String,
    },
    /// The provider is stopping.
    #[error("the data provider is stopping")]
    Stopping,
}

impl Classify for BlobError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Transient
    }
}
