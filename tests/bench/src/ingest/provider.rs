//! A data provider in a process of its own, which can be killed.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, DataProviderConfig, DataProviderHandle, VerifyState};
use serde_json::json;

use super::process::{Process, say};
use super::{PATIENCE, complete, runtime};
use crate::heavy::{Heavy, Sizes};

/// Opening a store may take so long.
const OPEN: Duration = Duration::from_mins(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    relay: String,
    para: String,
    folder: PathBuf,
    /// KiB of changes in each block, which nobody can verify; 0 for those of the chain.
    block_kib: usize,
}

/// As the process that measures sees it.
pub(super) struct Provider(Process);

impl Provider {
    pub(super) fn start(relay: &str, para: &str, folder: &Path, block_kib: u32) -> Result<Self> {
        let folder = folder.to_str().context("an odd folder")?;
        let block_kib = block_kib.to_string();
        let arguments = ["ingest-provider", relay, para, folder, &block_kib].map(str::to_owned);
        Process::start(&arguments).map(Self)
    }

    /// Waits until it has opened its store.
    pub(super) fn opened(&mut self) -> Result<()> {
        self.0.hear().map(drop)
    }

    /// Waits until it serves the first blob of each kind.
    pub(super) fn serves(&mut self) -> Result<()> {
        self.0.hear().map(drop)
    }

    /// Waits until it has stored all up to these blocks; gives the most memory it held, MiB.
    pub(super) fn has_stored(&mut self, relay: u32, para: u32) -> Result<f64> {
        self.0.tell(&json!([relay, para]))?;
        self.0.hear()?.as_f64().context("no figure")
    }

    pub(super) fn kill(self) -> Result<()> {
        self.0.kill()
    }
}

/// The other process, until it is killed or its input ends.
pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = runtime()?;
    let provider = runtime.block_on(async { tokio::time::timeout(OPEN, start(args)).await? })?;
    say(&json!("opened"))?;
    for key in [BlobKey::Blocks(0), BlobKey::Headers(0), BlobKey::Relay(2)] {
        let served = runtime.block_on(provider.get(key, PATIENCE))?;
        served.with_context(|| format!("{key} is not served"))?;
    }
    say(&json!("serves"))?;
    for line in io::stdin().lock().lines() {
        let (relay, para) = serde_json::from_str(&line?)?;
        runtime.block_on(complete(&provider, relay, para))?;
        say(&json!(crate::process::peak_mb()?))?;
    }
    runtime.block_on(provider.shutdown())?;
    Ok(())
}

async fn start(args: &Args) -> Result<DataProviderHandle> {
    let mut config = DataProviderConfig::new(&args.folder, &args.relay, &args.para);
    if args.block_kib == 0 {
        return Ok(DataProvider::builder(config).build()?.start().await?);
    }
    config.verify_state = VerifyState::Off;
    let para = Heavy::new(&args.para, Sizes::Same(args.block_kib * 1024));
    Ok(DataProvider::builder(config).para_chain(Arc::new(para)).build()?.start().await?)
}
