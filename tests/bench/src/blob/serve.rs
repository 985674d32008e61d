//! The server's process: a provider that only reads the stock.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use prb_core::blob::server::{BlobServer, BlobServerConfig};
use prb_core::data_provider::{DataProvider, DataProviderConfig, StoreConfig};

use super::process;
use super::stock;

/// What to serve.
#[derive(clap::Args)]
pub(crate) struct Args {
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut config = DataProviderConfig::new(&args.folder, "", "");
        config.relay.endpoints.clear();
        config.para.endpoints.clear();
        config.store = StoreConfig { read_only: true, ..stock::layout() };
        let provider = DataProvider::builder(config).build()?.start().await?;
        let config = BlobServerConfig::new(([127, 0, 0, 1], 0).into());
        let server = BlobServer::builder(config, Arc::new(provider.clone())).build();
        let server = server.start().await?;
        let address = server.address();
        tokio::task::spawn_blocking(move || process::until_told(address)).await??;
        server.shutdown().await;
        Ok(provider.shutdown().await?)
    })
}
