//! A data provider alone, with the server from which managers fetch blobs.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use prb_core::blob::server::{BlobServer, BlobServerConfig, BlobServerHandle};
use prb_core::data_provider::{
    DataProvider, DataProviderConfig, DataProviderHandle, ProviderStatus,
};

/// A running data provider that serves.
pub struct Serving {
    /// It follows, verifies and keeps.
    pub provider: DataProviderHandle,
    /// It hands out.
    pub blobs: BlobServerHandle,
}

impl Serving {
    /// Keeps blocks in `data`, fetched from these nodes, and serves them at `listen`.
    pub async fn start(data: &Path, relay: &str, para: &str, listen: SocketAddr) -> Result<Self> {
        let config = DataProviderConfig::new(data, relay, para);
        let provider = DataProvider::builder(config).build()?.start().await?;
        let blobs = BlobServerConfig::new(listen);
        let blobs = BlobServer::builder(blobs, Arc::new(provider.clone())).build().start().await?;
        // Managers that ask peers for Info learn there where to connect.
        provider.announce_blob_server(blobs.address().port());
        Ok(Self { provider, blobs })
    }

    /// Who hands out stops before who keeps.
    pub async fn stop(self) -> Result<()> {
        self.blobs.shutdown().await;
        self.provider.shutdown().await?;
        Ok(())
    }
}

/// How far it is, in a line.
pub fn line(status: &ProviderStatus) -> String {
    let info = &status.info;
    let problems = status.problems.iter().map(|(stage, it)| format!("; {stage}: {}", it.reason));
    format!(
        "relay chain {} of {}, parachain {} of {}{}",
        info.parent_committed_height,
        info.parent_target,
        info.para_committed_height,
        info.para_target,
        problems.collect::<String>()
    )
}
