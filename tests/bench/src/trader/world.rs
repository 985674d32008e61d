//! A network with rich accounts, Redis, and a trader.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use prb_core::chain::{ChainClient, ChainClientConfig, Endpoint};
use prb_core::queue::{Job, JobId, JobKey, JobQueue, JobRecord, JobState};
use prb_core::queue::{RedisQueue, RedisQueueConfig};
use prb_core::trader::{Operator, Trader, TraderConfig, TraderHandle};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet_runtime::chain::TOKEN;
use prb_walkie::identity::Identity;
use sp_core::{Pair, sr25519};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use super::{Args, outcome};
use crate::queue::Server;

/// How often the queue is asked how far it is.
const LOOK: Duration = Duration::from_millis(20);
/// Nothing may take longer than this.
const PATIENCE: Duration = Duration::from_mins(4);
const STOP: Duration = Duration::from_secs(30);

/// When each block was made, by its hash as jobs tell it.
type Times = Arc<Mutex<BTreeMap<String, Instant>>>;

pub(super) struct World {
    network: NetworkHandle,
    queue: Arc<RedisQueue>,
    trader: TraderHandle,
    accounts: u8,
    made: Times,
    watching: JoinHandle<()>,
    _server: Server,
}

impl World {
    pub(super) async fn start(args: &Args, accounts: u8) -> Result<Self> {
        ensure!(accounts > 0, "somebody must sign");
        let network = Network::builder(network(args, accounts)).build()?.start().await?;
        let server = Server::start().await?;
        let mut config = RedisQueueConfig::new(server.url(), JobKey::random());
        config.keep_succeeded = args.calls.max(args.steady_calls);
        let queue = Arc::new(RedisQueue::open(config)?);
        let identity = Arc::new(Identity::generate()?);
        for pid in 1..=accounts {
            let operator = Operator::new(pid.into(), &seed(pid), None)?;
            queue.put_operator(pid.into(), operator.seal(&*identity)?).await?;
        }
        let config = TraderConfig {
            max_batch_age: args.batch_age(),
            max_in_flight: args.in_flight,
            ..TraderConfig::default()
        };
        let chain = ChainClient::new(ChainClientConfig::new([Endpoint::new(&network.para_url())]));
        let trader = Trader::builder(config).chain(chain).queue(Arc::<RedisQueue>::clone(&queue));
        let trader = trader.operator_opener(identity).build()?.start().await?;
        let made = Times::default();
        let watching = tokio::spawn(watch(network.clone(), Arc::clone(&made)));
        Ok(Self { network, queue, trader, accounts, made, watching, _server: server })
    }

    pub(super) fn accounts(&self) -> u8 {
        self.accounts
    }

    /// Begins to count time and jobs anew.
    pub(super) fn round(&self) -> Round<'_> {
        Round { world: self, began: Instant::now(), enqueued: Mutex::default() }
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.trader.shutdown(STOP).await?;
        self.queue.close().await;
        self.watching.abort();
        Ok(self.network.shutdown().await?)
    }
}

/// How many extrinsics carried these jobs.
pub(super) fn extrinsics(records: &[JobRecord]) -> Result<usize> {
    let hashes = records.iter().map(|record| Ok(&outcome(record)?.extrinsic_hash));
    Ok(hashes.collect::<Result<BTreeSet<_>>>()?.len())
}

/// How many blocks hold these jobs.
pub(super) fn blocks(records: &[JobRecord]) -> Result<usize> {
    let numbers = records.iter().map(|record| Ok(outcome(record)?.block_number));
    Ok(numbers.collect::<Result<BTreeSet<_>>>()?.len())
}

/// Jobs from a moment on.
pub(super) struct Round<'a> {
    world: &'a World,
    began: Instant,
    enqueued: Mutex<BTreeMap<JobId, Instant>>,
}

impl Round<'_> {
    pub(super) async fn enqueue(&self, job: Job) -> Result<()> {
        let at = Instant::now();
        let id = self.world.queue.enqueue(job).await?;
        self.lock().insert(id, at);
        Ok(())
    }

    /// Seconds until all jobs of the round have ended, and what became of them.
    pub(super) async fn all_final(&self) -> Result<(f64, Vec<JobRecord>)> {
        let queue = &self.world.queue;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counts = queue.counts().await?;
            if counts.waiting + counts.active + counts.delayed == 0 {
                break;
            }
            ensure!(Instant::now() < deadline, "not all is done in time: {counts:?}");
            tokio::time::sleep(LOOK).await;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let ours = self.lock().keys().cloned().collect::<BTreeSet<_>>();
        let failed = queue.list(JobState::Failed, ours.len()).await?;
        ensure!(failed.is_empty(), "{} jobs failed: {:?}", failed.len(), failed[0].failure);
        let mut records = queue.list(JobState::Succeeded, ours.len()).await?;
        records.retain(|record| ours.contains(&record.id));
        ensure!(records.len() == ours.len(), "{} of {} jobs are kept", records.len(), ours.len());
        Ok((seconds, records))
    }

    /// Seconds of each job from the call that enqueued it until its block was made.
    pub(super) fn until_in_block(&self, records: &[JobRecord]) -> Result<Vec<f64>> {
        let made = self.world.made.lock().unwrap_or_else(PoisonError::into_inner);
        let enqueued = self.lock();
        let waits = records.iter().map(|record| {
            let block = &outcome(record)?.block_hash;
            let made = made.get(block).with_context(|| format!("block {block} was not seen"))?;
            let enqueued = enqueued.get(&record.id).context("a job nobody enqueued")?;
            Ok(made.saturating_duration_since(*enqueued).as_secs_f64())
        });
        waits.collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<JobId, Instant>> {
        self.enqueued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seed(pid: u8) -> [u8; 32] {
    [100 + pid; 32]
}

fn network(args: &Args, accounts: u8) -> NetworkConfig {
    let mut config = NetworkConfig {
        relay_block_time: args.block_time() / 2,
        para_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        relay_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ..NetworkConfig::default()
    };
    for pid in 1..=accounts {
        let address = sr25519::Pair::from_seed(&seed(pid)).public().into();
        config.genesis.balances.push((address, 1_000_000 * TOKEN));
    }
    config
}

async fn watch(network: NetworkHandle, made: Times) {
    let mut blocks = network.chains().para.subscribe_imported();
    loop {
        match blocks.recv().await {
            Ok(block) => {
                let hash = format!("0x{:x}", block.hash);
                made.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, Instant::now());
            }
            // The calls of a block that was missed are told as an error.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
