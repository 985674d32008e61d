//! Building, starting and stopping a trader.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::account::Shared;
use super::blocks::Blocks;
use super::collect::Collector;
use super::config::{TraderConfig, TraderConfigError};
use super::figures::{Figures, Totals, count_jobs};
use super::operator::OperatorOpener;
use super::publish::publish;
use super::runtimes::Runtimes;
use super::status::TraderStatus;
use super::tasks::Tasks;
use crate::chain::ChainClient;
use crate::error::{Classify, ErrorClass};
use crate::queue::JobQueue;

/// A trader that is built and not started.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
/// use prb_core::queue::{JobKey, RedisQueue, RedisQueueConfig};
/// use prb_core::trader::{Trader, TraderConfig};
/// use prb_walkie::identity::{Identity, Name};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// // The manager whose jobs these are has the same identity.
/// let identity = Arc::new(Identity::load("/var/data/keys/id".as_ref(), Name::Lifecycle)?);
/// let key = JobKey::new(*identity.mac_key("job"));
/// let queue = RedisQueue::open(RedisQueueConfig::new("redis://127.0.0.1".to_owned(), key))?;
/// let node = ChainClientConfig::new([Endpoint::new("ws://127.0.0.1:9944")]);
/// let trader = Trader::builder(TraderConfig::default())
///     .chain(ChainClient::new(node))
///     .queue(Arc::new(queue))
///     .operator_opener(identity)
///     .build()?
///     .start()
///     .await?;
/// for account in trader.status().accounts.values() {
///     println!("{}: {} jobs wait", account.account, account.pending);
/// }
/// trader.shutdown(Duration::from_secs(30)).await?;
/// # Ok(())
/// # }
/// ```
pub struct Trader {
    config: TraderConfig,
    opener: Arc<dyn OperatorOpener>,
    chain: ChainClient,
    queue: Arc<dyn JobQueue>,
}

/// Collects what a [`Trader`] needs.
pub struct TraderBuilder {
    config: TraderConfig,
    opener: Option<Arc<dyn OperatorOpener>>,
    chain: Option<ChainClient>,
    queue: Option<Arc<dyn JobQueue>>,
}

/// Why a trader cannot be built, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraderError {
    /// A setting that cannot work.
    #[error(transparent)]
    Config(#[from] TraderConfigError),
    /// Something is not given.
    #[error("a trader needs {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// One of its tasks panicked: a mistake in prb. What it had sent is settled by the next one.
    #[error("the trader ended because one of its tasks panicked")]
    Panicked,
}

impl Classify for TraderError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Config(_) | Self::Missing { .. } => ErrorClass::Operator,
            Self::Panicked => ErrorClass::Transient,
        }
    }
}

impl TraderBuilder {
    /// Opens the pools' operators.
    #[must_use]
    pub fn operator_opener(mut self, opener: Arc<dyn OperatorOpener>) -> Self {
        self.opener = Some(opener);
        self
    }

    /// The parachain.
    #[must_use]
    pub fn chain(mut self, chain: ChainClient) -> Self {
        self.chain = Some(chain);
        self
    }

    /// Where jobs come from.
    #[must_use]
    pub fn queue(mut self, queue: Arc<dyn JobQueue>) -> Self {
        self.queue = Some(queue);
        self
    }

    /// Checks the settings; nothing is connected.
    pub fn build(self) -> Result<Trader, TraderError> {
        self.config.check()?;
        let missing = |what| TraderError::Missing { what };
        Ok(Trader {
            config: self.config,
            opener: self.opener.ok_or(missing("an identity to open operators with"))?,
            chain: self.chain.ok_or(missing("a chain"))?,
            queue: self.queue.ok_or(missing("a queue"))?,
        })
    }
}

impl Trader {
    /// A trader with these settings.
    pub fn builder(config: TraderConfig) -> TraderBuilder {
        TraderBuilder { config, opener: None, chain: None, queue: None }
    }

    /// Starts taking jobs. A chain or a queue that cannot be reached is waited for.
    #[expect(clippy::unused_async, reason = "every service starts with `start().await`")]
    pub async fn start(self) -> Result<TraderHandle, TraderError> {
        let kill = CancellationToken::new();
        let stop = kill.child_token();
        let tasks = Tasks::new(kill.clone());
        let (status, statuses) = watch::channel(TraderStatus::default());
        let blocks = Blocks::new(self.chain.clone());
        let figures = Figures {
            totals: Arc::new(Totals::default()),
            chain: self.chain.clone(),
            newest: blocks.newest(),
        };
        let shared = Arc::new(Shared {
            config: self.config,
            runtimes: Runtimes::new(self.chain.clone()),
            blocks,
            chain: self.chain,
            queue: self.queue,
            status,
            stop: stop.clone(),
            kill: kill.clone(),
            totals: figures.totals.clone(),
        });
        // Blocks are followed until every account has ended: they tell what became of extrinsics.
        let (follow, following) = (CancellationToken::new(), Arc::clone(&shared));
        let until = follow.clone();
        tasks.spawn("blocks", async move { following.blocks.follow(until).await });
        let published = publish(Arc::clone(&shared.queue), statuses.clone(), follow.clone());
        tasks.spawn("publisher", published);
        let counting =
            count_jobs(Arc::clone(&shared.queue), figures.totals.clone(), follow.clone());
        tasks.spawn("counter", counting);
        let trading = tasks.group();
        let collector = Collector::new(shared, self.opener, trading.clone());
        trading.spawn("collector", collector.run());
        trading.close();
        tasks.spawn("supervisor", async move {
            trading.wait().await;
            follow.cancel();
        });
        tasks.close();
        let end = Arc::new(kill.clone().drop_guard());
        Ok(TraderHandle { stop, kill, tasks, status: statuses, figures, _end: end })
    }
}

/// A running trader. When the last handle is dropped the trader ends at once, leaving what it had
/// sent to the next one.
#[derive(Clone)]
pub struct TraderHandle {
    stop: CancellationToken,
    kill: CancellationToken,
    tasks: Tasks,
    status: watch::Receiver<TraderStatus>,
    pub(super) figures: Figures,
    _end: Arc<DropGuard>,
}

impl TraderHandle {
    /// The signing accounts as they stand.
    pub fn status(&self) -> TraderStatus {
        self.status.borrow().clone()
    }

    /// The signing accounts now and whenever they change.
    pub fn subscribe(&self) -> watch::Receiver<TraderStatus> {
        self.status.clone()
    }

    /// Takes no more jobs, gives back those in no extrinsic, waits until everything sent is final,
    /// at most `deadline`, and gives back the rest.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), TraderError> {
        self.stop.cancel();
        if let Ok(ended) = tokio::time::timeout(deadline, self.wait()).await {
            return ended;
        }
        self.kill.cancel();
        self.wait().await
    }

    /// Waits until the trader has ended.
    pub async fn wait(&self) -> Result<(), TraderError> {
        if self.tasks.wait().await { Ok(()) } else { Err(TraderError::Panicked) }
    }
}
