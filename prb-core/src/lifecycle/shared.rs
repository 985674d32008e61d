//! What all workers of a manager share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parity_scale_codec::Decode;
use prb_walkie::proto::db::Genesis;
use subxt::utils::H256;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::LifecycleConfig;
use super::blobs::Blobs;
use super::chain_view::ChainView;
use super::collateral::Collaterals;
use super::figures::Totals;
use super::key_claims::KeyClaims;
use super::leases::Leases;
use super::machine::Millis;
use super::sync::genesis::{GenesisError, Start};
use super::unfinished::Unfinished;
use crate::blob::{BlobError, BlobKey};
use crate::chain::{ChainClient, ChainError, EndpointHealth, keys};
use crate::pruntime::{Endpoint, Pruntime, Transport};
use crate::queue::JobQueue;

/// Shared by all workers.
pub(crate) struct Shared {
    pub(crate) config: LifecycleConfig,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) view: Arc<ChainView>,
    pub(crate) queue: Arc<dyn JobQueue>,
    pub(crate) unfinished: Unfinished,
    pub(crate) key_claims: Arc<KeyClaims>,
    pub(crate) totals: Totals,
    pub(crate) collaterals: Collaterals,
    chain: ChainClient,
    transport: Arc<dyn Transport>,
    start: OnceCell<Start>,
    origin: Instant,
    origin_unix: u64,
}

/// Whom a manager reaches, and how.
pub(crate) struct Reach {
    /// The parachain's nodes.
    pub(crate) chain: ChainClient,
    /// Workers.
    pub(crate) transport: Arc<dyn Transport>,
    /// The service that completes reports.
    pub(crate) collaterals: Collaterals,
}

/// Why it is not known where workers start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// It does not prove itself.
    #[error("no worker may be started: {0}")]
    Genesis(#[from] GenesisError),
    /// The chain cannot be asked.
    #[error("cannot ask the chain where workers may start: {0}")]
    Chain(#[from] ChainError),
    /// The provider failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The provider does not know it yet.
    #[error("the data provider does not know yet where workers start")]
    Missing,
}

impl Shared {
    pub(crate) fn new(
        config: LifecycleConfig,
        blobs: Arc<Blobs>,
        view: Arc<ChainView>,
        queue: Arc<dyn JobQueue>,
        reach: Reach,
        leases: Option<Arc<Leases>>,
    ) -> Self {
        let Reach { chain, transport, collaterals } = reach;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            config,
            blobs,
            view,
            unfinished: Unfinished::new(queue.clone()),
            key_claims: Arc::new(KeyClaims::new(leases)),
            collaterals,
            totals: Totals::default(),
            queue,
            chain,
            transport,
            start: OnceCell::new(),
            origin: Instant::now(),
            origin_unix: since_epoch.as_millis() as u64,
        }
    }

    /// Milliseconds since the manager began.
    pub(crate) fn now(&self) -> Millis {
        self.origin.elapsed().as_millis() as Millis
    }

    /// Unix milliseconds of a time by [`Shared::now`].
    pub(crate) fn unix(&self, at: Millis) -> u64 {
        self.origin_unix + at
    }

    /// How the parachain's nodes are.
    pub(crate) fn nodes(&self) -> Vec<EndpointHealth> {
        self.chain.endpoints_health()
    }

    /// The API of a worker.
    pub(crate) fn pruntime(&self, endpoint: Endpoint) -> Pruntime {
        Pruntime::new(endpoint, self.transport.clone(), self.config.deadlines)
    }

    /// Where workers start, checked once.
    pub(crate) async fn start(&self) -> Result<&Start, StartError> {
        self.start.get_or_try_init(|| self.read_start()).await
    }

    async fn read_start(&self) -> Result<Start, StartError> {
        let head = self.chain.finalized_head().await?;
        let para_id = if let Some(para_id) = self.config.para_id {
            para_id
        } else {
            let value = self.chain.storage(&keys::para_id(), head).await?.unwrap_or_default();
            u32::decode(&mut &value[..]).map_err(GenesisError::from)?
        };
        let key = keys::value("PhalaRegistry", "RelaychainGenesisBlockHashAllowList");
        let allowed = match self.chain.storage(&key, head).await? {
            Some(value) => Some(Vec::<H256>::decode(&mut &value[..]).map_err(GenesisError::from)?),
            None => None,
        };
        let key = BlobKey::Genesis(para_id);
        let bytes = self.blobs.fetch(key).await?.ok_or(StartError::Missing)?;
        let genesis = <Genesis as prost::Message>::decode(bytes)
            .map_err(|error| BlobError::Malformed { key, reason: error.to_string() })?;
        Ok(Start::check(genesis, para_id, allowed.as_deref())?)
    }
}
