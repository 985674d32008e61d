//! The runtimes of the chain, fetched when first seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use subxt::utils::H256;
use tokio::sync::Mutex;

use super::runtime::{Runtime, RuntimeError};
use crate::chain::client::RuntimeVersion;
use crate::chain::{ChainClient, ChainError};

/// Metadata by runtime version, shared by all accounts.
pub(super) struct Runtimes {
    chain: ChainClient,
    known: Mutex<BTreeMap<u32, Arc<Runtime>>>,
}

/// The last few versions: old ones only matter while their extrinsics are resolved.
const KEPT: usize = 3;

/// Why a runtime could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

impl Runtimes {
    pub(super) fn new(chain: ChainClient) -> Self {
        Self { chain, known: Mutex::default() }
    }

    /// The runtime of the best block: what is signed now must be signed for it.
    pub(super) async fn best(&self) -> Result<Arc<Runtime>, FetchError> {
        self.at(None).await
    }

    /// The runtime that executes the children of block `parent`.
    pub(super) async fn after(&self, parent: H256) -> Result<Arc<Runtime>, FetchError> {
        self.at(Some(parent)).await
    }

    async fn at(&self, block: Option<H256>) -> Result<Arc<Runtime>, FetchError> {
        let version = self.chain.runtime_version(block).await?;
        let mut known = self.known.lock().await;
        if let Some(runtime) = known.get(&version.spec_version)
            && runtime.transaction_version == version.transaction_version
        {
            return Ok(Arc::clone(runtime));
        }
        let runtime = Arc::new(fetch(&self.chain, block, &version).await?);
        let (spec_version, transaction_version) =
            (version.spec_version, version.transaction_version);
        tracing::info!(spec_version, transaction_version, "the chain's runtime");
        known.insert(spec_version, Arc::clone(&runtime));
        while known.len() > KEPT {
            known.pop_first();
        }
        Ok(runtime)
    }
}

/// The runtime of this version in the state of a block, of the best one without any.
pub(super) async fn fetch(
    chain: &ChainClient,
    block: Option<H256>,
    version: &RuntimeVersion,
) -> Result<Runtime, FetchError> {
    let genesis = chain.genesis_hash().await?;
    let metadata = chain.metadata(block).await?;
    let (spec_version, transaction_version) = (version.spec_version, version.transaction_version);
    Ok(Runtime::decode(&metadata, genesis, spec_version, transaction_version)?)
}
