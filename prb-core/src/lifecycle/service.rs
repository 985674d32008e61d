//! Building and starting a lifecycle manager.

use std::sync::Arc;

use prb_walkie::identity::Identity;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::blobs::{Blobs, TipFollower};
use super::chain_view::{ChainView, Follower};
use super::collateral::Collaterals;
use super::error::{BuildError, ServiceError};
use super::fleet::Fleet;
use super::handle::{Inner, LifecycleHandle};
use super::inventory::{Inventory, InventoryStore};
use super::leases::{Keeper, Leases};
use super::notice::{Driver, Poster};
use super::shared::{Reach, Shared};
use super::{LifecycleConfig, inventory, operators};
use crate::blob::BlobSource;
use crate::chain::ChainClient;
use crate::pruntime::{HttpTransport, Transport};
use crate::queue::JobQueue;
use crate::queue::lease::LeaseStore;

/// A lifecycle manager that is not started yet.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use prb_core::blob::BlobSource;
/// use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
/// use prb_core::lifecycle::{Lifecycle, LifecycleConfig};
/// use prb_core::queue::JobQueue;
/// use prb_walkie::identity::Identity;
///
/// # async fn example(
/// #     identity: Arc<Identity>,
/// #     blobs: Arc<dyn BlobSource>,
/// #     queue: Arc<dyn JobQueue>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let chain = ChainClient::new(ChainClientConfig::new([Endpoint::new("ws://127.0.0.1:9944")]));
/// let lifecycle = Lifecycle::builder(LifecycleConfig::new("/var/data"))
///     .identity(identity)
///     .chain(chain)
///     .blobs(blobs)
///     .queue(queue)
///     .build()?
///     .start()
///     .await?;
/// for worker in lifecycle.reports() {
///     println!("{}: {}", worker.name, worker.message);
/// }
/// lifecycle.shutdown().await?;
/// # Ok(())
/// # }
/// ```
pub struct Lifecycle {
    config: LifecycleConfig,
    identity: Arc<Identity>,
    chain: ChainClient,
    blobs: Arc<dyn BlobSource>,
    queue: Arc<dyn JobQueue>,
    inventory: Option<Arc<dyn InventoryStore>>,
    transport: Arc<dyn Transport>,
    poster: Option<Poster>,
    collaterals: Collaterals,
    leases: Option<LeasesOf>,
}

/// Managers agree through the store; this one is called so.
type LeasesOf = (Arc<dyn LeaseStore>, String);

/// Builds a lifecycle manager; opens and connects nothing.
pub struct LifecycleBuilder {
    config: LifecycleConfig,
    identity: Option<Arc<Identity>>,
    chain: Option<ChainClient>,
    blobs: Option<Arc<dyn BlobSource>>,
    queue: Option<Arc<dyn JobQueue>>,
    inventory: Option<Arc<dyn InventoryStore>>,
    transport: Option<Arc<dyn Transport>>,
    leases: Option<LeasesOf>,
}

impl Lifecycle {
    /// Begins with these settings.
    pub fn builder(config: LifecycleConfig) -> LifecycleBuilder {
        LifecycleBuilder {
            config,
            identity: None,
            chain: None,
            blobs: None,
            queue: None,
            inventory: None,
            transport: None,
            leases: None,
        }
    }

    /// Opens the inventory and begins to keep its workers. Chain, data provider, queue and workers
    /// need not be there yet.
    pub async fn start(self) -> Result<LifecycleHandle, ServiceError> {
        let Self { config, identity, chain, blobs, queue, inventory, .. } = self;
        let Self { transport, poster, collaterals, leases, .. } = self;
        let shutdown_timeout = config.shutdown_timeout;
        let inventory = match inventory {
            Some(store) => Inventory::kept_in(store, identity.clone())?,
            None => Inventory::open(&inventory::folder(&config.data_dir), identity.clone()).await?,
        };
        let works = !config.config_mode;
        let keeper = match leases.filter(|_| works) {
            Some((store, name)) => Some(Keeper {
                leases: Leases::new(),
                store,
                identity: identity.peer_id().to_string(),
                // A copy of the folder elsewhere is another manager.
                manager: format!("{}@{name}", inventory.manager_id()?).replace(' ', "_"),
                name,
            }),
            None => None,
        };
        if let Some(keeper) = &keeper {
            keeper.begin().await?;
        }
        let blobs = Arc::new(Blobs::new(blobs, config.cache));
        let (view, wants) = ChainView::new();
        let follower = Follower::new(view.clone(), wants, chain.clone(), blobs.clone());
        let held = keeper.as_ref().map(|keeper| keeper.leases.clone());
        let reach = Reach { chain, transport, collaterals };
        let shared = Shared::new(config, blobs.clone(), view, queue.clone(), reach, held);
        let shared = Arc::new(shared);
        let (stop, abort, tasks) =
            (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        // Followers serve the workers, so they stop after them.
        let followers = TaskTracker::new();
        let (catalogue, catalogues) = watch::channel(inventory.catalogue());
        let until_stopped = |name: &'static str, work: futures::future::BoxFuture<'static, ()>| {
            let abort = abort.clone();
            followers.spawn(
                async move {
                    tokio::select! {
                        () = abort.cancelled() => {}
                        () = work => {}
                    }
                }
                .instrument(tracing::info_span!("lifecycle", task = name)),
            );
        };
        let fleet = Fleet::new(shared.clone(), tasks.clone(), stop.clone(), abort.clone());
        let fleet = Arc::new(fleet);
        fleet.reconcile(&inventory.catalogue());
        if works {
            until_stopped("tip", Box::pin(TipFollower::new(blobs).run()));
            if let Some(keeper) = keeper {
                until_stopped("leases", Box::pin(keeper.run()));
            }
            until_stopped("chain_view", Box::pin(follower.run()));
            until_stopped("operators", Box::pin(operators::keep(queue, catalogues)));
            let notices = Driver::new(shared.clone(), poster);
            until_stopped("notices", {
                let fleet = fleet.clone();
                Box::pin(notices.run(move || fleet.reports()))
            });
        }
        let handle = LifecycleHandle::new(Inner {
            inventory: tokio::sync::Mutex::new(Some(Arc::new(inventory))),
            catalogue,
            fleet,
            shared,
            stop,
            abort,
            tasks,
            followers,
            shutdown_timeout,
        });
        if works {
            handle.begin_to_keep_keys();
        }
        Ok(handle)
    }
}

impl LifecycleBuilder {
    /// Whom operators' secrets are sealed to; the trader has the same.
    #[must_use]
    pub fn identity(mut self, identity: Arc<Identity>) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The parachain.
    #[must_use]
    pub fn chain(mut self, chain: ChainClient) -> Self {
        self.chain = Some(chain);
        self
    }

    /// Where headers and blocks come from.
    #[must_use]
    pub fn blobs(mut self, blobs: Arc<dyn BlobSource>) -> Self {
        self.blobs = Some(blobs);
        self
    }

    /// Where jobs for the trader go.
    #[must_use]
    pub fn queue(mut self, queue: Arc<dyn JobQueue>) -> Self {
        self.queue = Some(queue);
        self
    }

    /// Where the inventory is kept; in the data folder unless this is given.
    #[must_use]
    pub fn inventory(mut self, store: Arc<dyn InventoryStore>) -> Self {
        self.inventory = Some(store);
        self
    }

    /// How workers are reached; over HTTP unless this is given.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Where managers that share the queue agree on who speaks for which worker, and what this
    /// one is called among them.
    #[must_use]
    pub fn leases(mut self, store: Arc<dyn LeaseStore>, name: impl Into<String>) -> Self {
        self.leases = Some((store, name.into()));
        self
    }

    /// Checks that nothing is missing.
    pub fn build(self) -> Result<Lifecycle, BuildError> {
        let missing = |what| BuildError::Missing { what };
        let transport = if let Some(transport) = self.transport {
            transport
        } else {
            let transport = HttpTransport::new(&self.config.http);
            Arc::new(transport.map_err(|error| BuildError::Http { reason: error.to_string() })?)
        };
        let http = |error: reqwest::Error| BuildError::Http { reason: error.to_string() };
        let poster = self.config.webhook.clone().map(Poster::new).transpose().map_err(http)?;
        let collaterals = Collaterals::new(self.config.collateral.as_ref()).map_err(http)?;
        Ok(Lifecycle {
            identity: self.identity.ok_or(missing("an identity"))?,
            chain: self.chain.ok_or(missing("a parachain"))?,
            blobs: self.blobs.ok_or(missing("a source of blobs"))?,
            queue: self.queue.ok_or(missing("a queue"))?,
            inventory: self.inventory,
            transport,
            poster,
            collaterals,
            leases: self.leases,
            config: self.config,
        })
    }
}
