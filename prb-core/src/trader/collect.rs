//! Taking jobs from the queue and handing each to its signing account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::account::job::AccountJob;
use super::account::{Account, Shared};
use super::calls::calls_of;
use super::ending::Ending;
use super::operator::{Operator, OperatorError, OperatorOpener};
use super::tasks::Tasks;
use crate::backoff::Backoff;
use crate::error::{Classify, ErrorClass};
use crate::queue::{Failure, JobId, Progress, QueueError, ReservedJob};

/// The trader's side of the queue.
pub(super) struct Collector {
    shared: Arc<Shared>,
    opener: Arc<dyn OperatorOpener>,
    tasks: Tasks,
    accounts: HashMap<[u8; 32], Lead>,
    /// Opened operators with the record they were opened from.
    operators: BTreeMap<u64, (Vec<u8>, Operator)>,
}

/// The way to an account's driver.
struct Lead {
    jobs: mpsc::Sender<AccountJob>,
    places: Arc<Semaphore>,
}

/// A reservation is never broken off, for a job could be lost; so it is short.
const RESERVE: Duration = Duration::from_millis(500);
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));

/// Why a job has no operator to sign for it.
enum NoOperator {
    /// The queue could not be read.
    Queue(QueueError),
    /// There is none, or it cannot be used.
    Job(String),
}

impl Collector {
    pub(super) fn new(shared: Arc<Shared>, opener: Arc<dyn OperatorOpener>, tasks: Tasks) -> Self {
        Self { shared, opener, tasks, accounts: HashMap::new(), operators: BTreeMap::new() }
    }

    /// Runs until the trader is stopped.
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        while !self.shared.stop.is_cancelled() {
            match self.shared.queue.reserve(RESERVE).await {
                Ok(Some(job)) => {
                    failures = 0;
                    self.route(job).await;
                }
                Ok(None) => failures = 0,
                Err(error) => {
                    tracing::warn!(%error, "no job can be taken");
                    let pause = tokio::time::sleep(RETRY.delay(failures));
                    failures += 1;
                    self.shared.stop.run_until_cancelled(pause).await;
                }
            }
        }
    }

    async fn route(&mut self, reserved: ReservedJob) {
        let id = reserved.id.clone();
        let later = self.shared.config.max_batch_age;
        let operator = match self.operator(reserved.job.pid).await {
            Ok(operator) => operator,
            Err(NoOperator::Job(reason)) => {
                return self.fail(&id, reason, ErrorClass::Operator).await;
            }
            Err(NoOperator::Queue(error)) => {
                tracing::warn!(job = %id, %error, "an operator cannot be read");
                return self.release(&id, later).await;
            }
        };
        let mut calls = match calls_of(&reserved.job) {
            Ok(calls) => calls,
            Err(error) => return self.fail(&id, error.to_string(), error.class()).await,
        };
        let config = &self.shared.config;
        calls.keep_first(config.max_batch_calls, config.max_batch_bytes);
        let lane = if calls.direct { None } else { operator.proxied() };
        let lead = self.account(operator);
        let Ok(place) = Arc::clone(&lead.places).try_acquire_owned() else {
            tracing::debug!(job = %id, "the account has enough jobs for now");
            return self.release(&id, later).await;
        };
        let jobs = lead.jobs.clone();
        let since = Instant::now();
        // Progress is a courtesy: what counts is the end.
        let _ = self.shared.queue.progress(&id, Progress::Init).await;
        let job = AccountJob { reserved, calls, lane, since, refusals: 0, _place: place };
        if jobs.send(job).await.is_err() {
            // The account takes no more jobs because the trader is being stopped.
            self.release(&id, Duration::ZERO).await;
        }
    }

    /// The operator of a pool, opened anew when its record has changed.
    async fn operator(&mut self, pid: u64) -> Result<Operator, NoOperator> {
        let sealed = self.shared.queue.operator(pid).await.map_err(NoOperator::Queue)?;
        let sealed = sealed.ok_or_else(|| {
            self.operators.remove(&pid);
            NoOperator::Job(format!(
                "pool {pid} has no operator beside the queue: add the pool with its operator to \
                 the lifecycle manager"
            ))
        })?;
        if let Some((from, operator)) = self.operators.get(&pid)
            && *from == sealed
        {
            return Ok(operator.clone());
        }
        let operator = Operator::open(pid, &sealed, &*self.opener)
            .map_err(|error: OperatorError| NoOperator::Job(error.to_string()))?;
        tracing::info!(pool = pid, account = %operator.signer(), "operator opened");
        self.operators.insert(pid, (sealed, operator.clone()));
        Ok(operator)
    }

    fn account(&mut self, operator: Operator) -> &Lead {
        let key = operator.signer().0;
        self.accounts.entry(key).or_insert_with(|| {
            let most = self.shared.config.max_active_jobs;
            let (jobs, receiver) = mpsc::channel(most);
            let account = Account::new(Arc::clone(&self.shared), operator);
            self.tasks.spawn("account", account.run(receiver));
            Lead { jobs, places: Arc::new(Semaphore::new(most)) }
        })
    }

    async fn fail(&self, id: &JobId, reason: String, class: ErrorClass) {
        tracing::warn!(job = %id, reason, "job failed");
        let failure = Failure::new(reason, class);
        match self.shared.queue.fail(id, failure.clone(), None).await {
            Ok(()) => {
                let ending = Ending::Failed { failure, retry_after: None };
                self.shared.totals.ended(&ending, Duration::ZERO);
            }
            Err(error) => {
                tracing::warn!(job = %id, %error, "the queue does not take a job's result");
            }
        }
    }

    async fn release(&self, id: &JobId, after: Duration) {
        if let Err(error) = self.shared.queue.release(id, after).await {
            tracing::warn!(job = %id, %error, "a job could not be given back");
        }
    }
}
